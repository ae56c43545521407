"""Commands: exit codes, one plain sentence on stderr, JSON for machines, clean stops."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

import main as entry
from segcore import cli
from segcore.project import Project
from segcore.types import Annotation, Region

ROOT = Path(__file__).parents[2]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for k in range(4):
        pixels = np.random.default_rng(k).integers(0, 256, (24, 32, 3), np.uint8)
        Pillow.fromarray(pixels).save(folder / f"photo {k}.jpg")
    return folder


@pytest.fixture
def project(tmp_path, photos):
    folder = tmp_path / "project"
    made = Project.create(folder, images=photos)
    for e in list(made.images)[:3]:
        annotation = Annotation((24, 32), {1: Region(1, 12)})
        annotation.region_map[5:15, 5:15] = 1
        annotation.region_map[8, 8] = 0
        made.write_annotation(e, annotation)
    made.save()
    made.close()
    return folder


def test_every_command_is_known_to_the_entry_point_and_has_help(capsys):
    names = {c.name or c.callback.__name__ for c in cli.app.registered_commands}
    assert names == entry.COMMANDS
    for name in names:
        assert cli.main([name, "--help"]) == 0
        assert "Usage" in capsys.readouterr().out


def ok(capsys, *arguments):
    assert cli.main([str(a) for a in arguments]) == 0, capsys.readouterr().err
    return capsys.readouterr().out


def answer(capsys, *arguments):
    return json.loads(ok(capsys, *arguments, "--json"))


def failed(capsys, code, *arguments):
    assert cli.main([str(a) for a in arguments]) == code
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1 and "Traceback" not in captured.err and captured.out == "", captured
    return lines[0]


def test_new_and_there_and_back(tmp_path, photos, project, capsys):
    made = answer(capsys, "new", tmp_path / "made", "--images", photos, "--classes", "camvid")
    assert made["images"] == 4 and len(made["classes"]) == 11
    options = ["--set", "border=1", "--set", "seed=3"]
    report = answer(capsys, "export", project, "--format", "voc", "--to", tmp_path / "out", *options)
    assert (report["read"], report["converted"], report["skipped"]) == (3, 3, [])
    assert "Made" in ok(capsys, "new", tmp_path / "other", "--images", photos)
    report = answer(capsys, "import", tmp_path / "other", "--format", "voc", tmp_path / "out")
    assert report["converted"] == 3
    assert "0 of 3 images" in ok(capsys, "import", tmp_path / "other", tmp_path / "out").replace("Imported ", "")
    report = answer(capsys, "evaluate", tmp_path / "out" / "SegmentationClass", tmp_path / "out" / "SegmentationClass")
    assert report["images"] == 3 and report["figures"]["mean_iou"] == 1


def test_refine(project, capsys):
    report = answer(capsys, "refine", project, "--refiner", "fill_holes", "--images", "photo [01]*")
    assert (report["read"], report["changed"], report["pixels"]) == (2, 2, 2)
    assert "0 of 2" in ok(capsys, "refine", project, "--refiner", "fill_holes", "--images", "photo [01]*")


@pytest.mark.parametrize("command", ["formats", "segmenters", "refiners", "models"])
def test_lists(command, capsys):
    assert ok(capsys, command)
    found = answer(capsys, command)
    rows = found["architectures"] if command == "models" else found
    assert rows and all({"name", "title", "summary", "params"} <= set(row) for row in rows)


def test_predict_and_check_with_the_embedded_network(tmp_path, photos, capsys):
    pytest.importorskip("torch")
    from segcore.model_zoo import list_models
    if "streets" not in {card.name for card in list_models()}:
        pytest.skip("the embedded network is not there")
    ok(capsys, "new", tmp_path / "p", "--images", photos, "--classes", "camvid")
    report = answer(capsys, "predict", tmp_path / "p", "--model", "streets", "--images", "photo 0*")
    assert (report["read"], report["changed"]) == (1, 1)
    assert answer(capsys, "predict", tmp_path / "p", "--model", "streets", "--images", "photo 0*")["unchanged"] == 1
    checked = answer(capsys, "check")
    assert all(part["ok"] for part in checked["parts"]) and "cpu" in checked["devices"] and checked["versions"]["numpy"]


def test_check_fails_when_a_part_is_broken(capsys, monkeypatch):
    from segcore import selfcheck
    monkeypatch.setattr(selfcheck, "PARTS", {"fine": lambda: None, "files": lambda: 1 / 0})
    assert cli.main(["check"]) == 1
    assert "1 of 2 parts are broken: files" in capsys.readouterr().err


@pytest.mark.parametrize(("arguments", "word"), [
    (["frobnicate"], "frobnicate"), (["export", "P"], "--to"), (["export", "P", "--to", "x", "--format", "vok"], "vok"),
    (["refine", "P", "--refiner", "magic"], "magic"), (["export", "P", "--to", "x", "--set", "border"], "key=value"),
    (["predict", "P", "--model", "m", "--threshold", "7"], "threshold"), (["new", "P"], "--images")])
def test_misspelt_commands_exit_with_2(arguments, word, capsys):
    assert word in failed(capsys, 2, *arguments)


def test_failures_exit_with_1_and_a_sentence(tmp_path, project, photos, capsys):
    assert "no project" in failed(capsys, 1, "export", tmp_path / "nothing", "--to", tmp_path / "x")
    assert "already" in failed(capsys, 1, "new", project, "--images", photos)
    assert "already exists" in failed(capsys, 1, "export", project, "--to", photos)
    assert "no VOC" in failed(capsys, 1, "import", project, photos)
    assert "called" in failed(capsys, 1, "refine", project, "--refiner", "fill_holes", "--images", "zzz*")
    assert not (tmp_path / "x").exists()


def test_bugs_are_one_sentence_too(monkeypatch, capsys, project, tmp_path):
    from segcore.formats import FORMATS

    def explode(self, project, folder):
        raise ZeroDivisionError("bug")
    monkeypatch.setattr(FORMATS["voc"], "export", explode)
    assert "ZeroDivisionError" in failed(capsys, 1, "export", project, "--to", tmp_path / "x")


def test_train_refuses_a_project_without_labels(tmp_path, photos, capsys):
    pytest.importorskip("torch")
    ok(capsys, "new", tmp_path / "p", "--images", photos)
    assert failed(capsys, 1, "train", tmp_path / "p", "--model", "swiftnet")


def test_entry_point_starts_without_heavy_imports():
    code = "import sys, main; sys.exit(bool({'typer', 'torch', 'numpy', 'PySide6'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_folders_open_the_window_and_words_are_commands(monkeypatch, tmp_path):
    from app import application
    opened = []
    monkeypatch.setattr(application, "main", lambda arguments: opened.append(arguments) or 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "check").mkdir()
    (tmp_path / "photos").mkdir()
    for arguments in ([], ["photos"], [str(tmp_path)], ["./check"]):
        monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
        assert entry.main() == 0 and opened.pop() == arguments
    monkeypatch.setattr(sys, "argv", ["main.py", "nowhere"])
    assert entry.main() == 2 and not opened


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a screen")
def test_without_a_screen_it_says_so_instead_of_aborting(monkeypatch, capsys):
    from app import application
    opened = []
    monkeypatch.setattr(application, "main", lambda arguments: opened.append(arguments) or 0)
    for name in entry.SCREENS:
        monkeypatch.delenv(name, raising=False)
    for arguments in ([], ["--sample"], [str(ROOT)]):
        monkeypatch.setattr(sys, "argv", ["main.py", *arguments])
        assert entry.main() == 1 and not opened and "no screen" in capsys.readouterr().err
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-1")
    assert entry.main() == 0 and opened


def test_ctrl_c_while_modules_are_loaded_is_no_traceback(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt
    monkeypatch.setattr(cli, "main", interrupted)
    monkeypatch.setattr(sys, "argv", ["main.py", "models"])
    assert entry.main() == 1 and capsys.readouterr().err == "Stopped.\n"


def test_a_project_that_is_open_elsewhere_is_refused_before_the_work(capsys, project, tmp_path, monkeypatch):
    from segcore import inference
    monkeypatch.setattr(inference, "load_model", lambda *arguments: pytest.fail("a network was loaded for nothing"))
    window = Project.open(project)
    for command in (("predict", project, "--model", "streets"), ("refine", project, "--refiner", "fill_holes"),
                    ("import", project, tmp_path)):
        assert "open elsewhere" in failed(capsys, 1, *command)
    ok(capsys, "export", project, "--to", tmp_path / "out")
    window.close()


def test_what_is_misspelt_is_a_usage_error(capsys, project, tmp_path):
    assert "no file, folder or command '/nowhere'" in failed(capsys, 2, "/nowhere")
    assert "between 0 and 50" in failed(capsys, 2, "export", project, "--to", tmp_path / "o", "--set", "border=-3")
    assert "no option “rim”" in failed(capsys, 2, "export", project, "--to", tmp_path / "o", "--set", "rim=9")
    assert "nosuch" in failed(capsys, 2, "evaluate", project, project, "--metrics", "mean_iou,nosuch")
    assert not (tmp_path / "o").exists()


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_stops_cleanly(tmp_path):
    """A slow export is stopped in the middle: one sentence, exit 1, no folder left."""
    project = Project.create(tmp_path / "project")
    for k in range(300):
        photo = tmp_path / "photos" / f"{k}.png"
        photo.parent.mkdir(exist_ok=True)
        Pillow.fromarray(np.full((400, 500, 3), k % 256, np.uint8)).save(photo)
    project.add_images(sorted((tmp_path / "photos").iterdir()))
    annotation = Annotation((400, 500), {1: Region(1, 1)})
    annotation.region_map[9:, 9:] = 1
    for e in list(project.images):
        project.write_annotation(e, annotation)
    project.save()
    project.close()
    command = [sys.executable, "main.py", "export", str(tmp_path / "project"), "--to", str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # jobs of a shell ignore it
    deadline = time.monotonic() + 60
    while not (tmp_path / "out.partial" / "JPEGImages").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 1 and err.strip().startswith("Stopped.") and "Traceback" not in err, (out, err)
    assert not (tmp_path / "out").exists() and not (tmp_path / "out.partial").exists()
