"""Who may import whom, read from the source; and what the window's process never loads."""
from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(p for folder in ("app", "segcore") for p in (ROOT / folder).rglob("*.py"))
TORCH_MAY_BE_IN = ("segcore/models", "segcore/losses", "segcore/refiners", "segcore/inference", "segcore/training",
                   "segcore/dataset", "segcore/augment", "segcore/checkpoint", "segcore/segmenters/clicks",
                   "segcore/segmenters/sam", "segcore/energy/mean_field_torch", "app/worker_")
PLUG_IN_FOLDERS = ("segcore/segmenters", "segcore/models", "segcore/losses", "segcore/metrics", "segcore/refiners",
                   "segcore/formats")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path, *, at_import_only: bool = False) -> Iterator[str]:
    """Dotted names that a file imports; `from a import b` gives a.b as well. TYPE_CHECKING blocks do not count."""
    def walk(node: ast.AST) -> Iterator[ast.AST]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if at_import_only and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                continue
            yield child
            yield from walk(child)
    for node in walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def offenders(paths: list[Path], forbidden: tuple[str, ...], *, at_import_only: bool = False) -> list[str]:
    return [f"{name_of(p)} imports {i}" for p in paths for i in imports(p, at_import_only=at_import_only)
            if any(i == f or i.startswith(f + ".") for f in forbidden)]


def under(*folders: str) -> list[Path]:
    return [p for p in SOURCES if name_of(p).startswith(folders)]


def test_segcore_knows_nothing_of_the_window() -> None:
    assert offenders(under("segcore"), ("app", "PySide6", "shiboken6")) == []


def test_tools_know_segcore_only() -> None:
    assert offenders(under("app/tools"), ("PySide6", "app.canvas", "app.panels", "app.commands", "app.dialogs", "app.widgets",
                                          "app.workspace", "app.document", "app.jobs")) == []


def test_foundation_imports_nothing_of_ours_but_itself() -> None:
    foundation = {"types", "errors", "registry", "params"}
    for path in under("segcore"):
        if path.stem in foundation and path.parent.name == "segcore":
            ours = {i.split(".")[1] for i in imports(path) if i.startswith("segcore.")}
            assert ours <= foundation, name_of(path)


def test_torch_stays_where_it_belongs() -> None:
    elsewhere = [p for p in SOURCES if not name_of(p).startswith(TORCH_MAY_BE_IN)]
    assert offenders(elsewhere, ("torch",)) == []


def test_plug_ins_of_one_folder_never_import_each_other() -> None:
    for folder in PLUG_IN_FOLDERS:
        plug_ins = [p for p in (ROOT / folder).glob("*.py") if p.stem != "__init__"]
        package = folder.replace("/", ".")
        siblings = tuple(f"{package}.{p.stem}" for p in plug_ins if ".add\n" in p.read_text())
        assert offenders(plug_ins, siblings) == []


def test_lower_rooms_do_not_import_upper_ones() -> None:
    lower = under("app/document.py", "app/jobs.py", "app/settings.py", "app/messages.py", "app/autosave.py", "app/worker",
                  "app/image_cache.py", "app/navigation.py", "app/workspace.py", "app/proposal.py", "app/opening.py")
    assert offenders(lower, ("app.main_window", "app.panels", "app.commands", "app.dialogs", "app.widgets",
                             "app.canvas.view", "app.canvas.gestures")) == []
    middle = under("app/widgets", "app/canvas", "app/dialogs")
    assert offenders(middle, ("app.main_window", "app.commands"), at_import_only=True) == []
    assert offenders(under("app/panels"), ("app.main_window",), at_import_only=True) == []


def test_heavy_libraries_are_not_imported_by_the_window_at_its_start() -> None:
    """A fresh process that makes and shows the window has loaded neither torch nor numba, cv2 or PIL."""
    code = ("import sys\n"
            "from PySide6.QtWidgets import QApplication\n"
            "application = QApplication([])\n"
            "from app.workspace import Workspace\nfrom app.main_window import MainWindow\n"
            "window = MainWindow(Workspace()); window.show(); application.processEvents()\n"
            "heavy = [n for n in ('torch', 'numba', 'cv2', 'PIL', 'scipy', 'typer') if n in sys.modules]\n"
            "sys.stdout.write(repr(heavy)); sys.stdout.flush()\nimport os; os._exit(0)\n")
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.stdout.strip() == "[]", result.stderr[-2000:]


@pytest.mark.parametrize("text, forbidden, found", [
    ("import torch.nn", ("torch",), 1), ("import torchish", ("torch",), 0),
    ("def f():\n    from torch import nn", ("torch",), 2)])
def test_the_reader_of_imports_sees_them(tmp_path: Path, text: str, forbidden: tuple[str, ...], found: int) -> None:
    file = tmp_path / "x.py"
    file.write_text(text)
    hits = [i for i in imports(file) if any(i == f or i.startswith(f + ".") for f in forbidden)]
    assert len(hits) == found
