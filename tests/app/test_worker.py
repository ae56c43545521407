"""The worker process: tasks, answers, cancelling, crashes. The tasks are dummies in a module of the test's own."""
from __future__ import annotations

import os
import signal
import sys
import textwrap
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.jobs import Jobs
from app.worker import Kept, WorkerClient
from segcore.errors import ImageError, ModelError
from segcore.types import Progress

TASKS = '''
import os, signal, sys, time
import numpy as np
from segcore.errors import ImageError, ModelError
from segcore.types import Progress

def device():
    return "CPU, 7 threads"
    yield

def add(a, b):
    for i in range(3):
        yield Progress(i, 3, f"step {i}")
    return a + b

def look(image):
    yield Progress(0, 1)
    return {"sum": int(image.sum(dtype=np.int64)), "id": id(image), "shape": image.shape, "writeable": image.flags.writeable}

def look_later(image, gate):
    while not os.path.exists(gate):
        time.sleep(0.01)
        yield Progress(0, 1)
    return int(image.sum(dtype=np.int64))

def keep(image):
    kept.append(image)
    return int(kept[0].astype(np.int64).sum())
    yield

kept = []

def die(code=None):
    yield Progress(0, 1, "about to die")
    os.kill(os.getpid(), signal.SIGKILL) if code is None else os._exit(code)

def fail(kind):
    yield Progress(0, 1)
    raise {"ours": ImageError("The photo is upside down.", "Turn it."), "memory": MemoryError(),
           "cuda": RuntimeError("CUDA error: device-side assert triggered"), "odd": KeyError("x"),
           "gpu": RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
           "cpu": RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")}[kind]

def endless(marker):
    try:
        while True:
            time.sleep(0.005)
            yield Progress(1, 0, "still here")
    finally:
        open(marker, "w").close()

def stuck(marker=""):
    yield Progress(0, 1)
    marker and open(marker, "w").close()
    time.sleep(3600)

def modules():
    print("a task that prints", flush=True)
    return sorted(m for m in sys.modules if m.partition(".")[0] in ("PySide6", "app", "shiboken6"))
    yield

def lock():
    import threading
    return threading.Lock()
    yield
'''


@pytest.fixture
def tasks(tmp_path: Path) -> tuple[str, str]:
    (tmp_path / "dummy_tasks.py").write_text(textwrap.dedent(TASKS))
    return "dummy_tasks", str(tmp_path)


@pytest.fixture
def worker(qapp: Any, tasks: tuple[str, str]) -> Iterator[WorkerClient]:
    client = WorkerClient(tasks[0], [tasks[1]])
    yield client
    client.shutdown()


def drain(steps: Generator[Any, None, Any], until: Callable[[Any], bool] = lambda value: False) -> tuple[list[Any], Any]:
    """What a run yields and returns; stops early at a value that `until` likes."""
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as stop:
            return seen, stop.value
        if until(seen[-1]):
            return seen, None


def test_progress_and_result_arrive(worker: WorkerClient) -> None:
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    seen, result = drain(worker.run("add", a=a, b=1))
    assert np.array_equal(result, a + 1)
    assert [p.message for p in seen if p.total == 3] == ["step 0", "step 1", "step 2"]


def test_a_kept_photo_is_the_same_object_until_another_takes_its_place(worker: WorkerClient) -> None:
    rng = np.random.default_rng(0)
    photos = [Kept(f"photo {n}", rng.integers(0, 256, (50 + n, 70, 3), np.uint8)) for n in range(4)]
    first = drain(worker.run("look", image=photos[0]))[1]
    again = drain(worker.run("look", image=photos[0]))[1]
    assert first == again
    for photo in [*photos, photos[0]]:
        seen = drain(worker.run("look", image=photo))[1]
        assert seen["sum"] == int(photo.array.sum(dtype=np.int64)) and seen["shape"] == photo.array.shape
        assert sys.platform == "win32" or not seen["writeable"]


def test_three_photos_at_once_do_not_displace_each_other(worker: WorkerClient) -> None:
    photos = [Kept(f"photo {n}", np.full((60, 60, 3), n, np.uint8)) for n in range(1, 5)]
    runs = [worker.run("look", image=photo) for photo in photos]
    for run in runs:
        next(run)       # all are asked before any is waited for
    sums = [drain(run)[1]["sum"] for run in runs]
    assert sums == [n * 60 * 60 * 3 for n in range(1, 5)]


def test_a_photo_in_use_is_not_displaced(worker: WorkerClient, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    photos = [Kept(f"photo {n}", np.full((60, 60, 3), n, np.uint8)) for n in range(1, 5)]
    runs = [worker.run("look_later", image=photo, gate=str(gate)) for photo in photos]
    for run in runs:
        next(run)
    gate.touch()
    assert [drain(run)[1] for run in runs] == [n * 60 * 60 * 3 for n in range(1, 5)]


def test_a_smaller_photo_in_the_same_place_does_not_break_who_kept_the_larger_one(worker: WorkerClient) -> None:
    for n, side in enumerate((2000, 10, 10, 10, 10)):
        drain(worker.run("keep", image=Kept(f"photo {n}", np.full((side, side), 1, np.uint8))))


def test_device_is_told_on_the_windows_thread(worker: WorkerClient, qtbot: Any) -> None:
    with qtbot.waitSignal(worker.device_changed, timeout=60_000) as heard:
        worker.start()
    assert heard.args == ["CPU, 7 threads"] and worker.device == "CPU, 7 threads"


def test_an_error_keeps_class_message_and_hint(worker: WorkerClient) -> None:
    with pytest.raises(ImageError) as error:
        drain(worker.run("fail", kind="ours"))
    assert (error.value.message, error.value.hint) == ("The photo is upside down.", "Turn it.")


@pytest.mark.parametrize(("kind", "words"), [
    ("memory", "The computer ran out of memory while predicting."), ("cpu", "The computer ran out of memory while predicting."),
    ("gpu", "The graphics card ran out of memory while predicting."), ("cuda", "The graphics card failed while predicting."),
    ("odd", "Something went wrong while predicting: KeyError"),
])
def test_other_errors_become_sentences_and_the_next_run_works(worker: WorkerClient, kind: str, words: str) -> None:
    with pytest.raises(ModelError) as error:
        drain(worker.run("fail", doing="predicting", kind=kind))
    assert error.value.message.startswith(words)
    assert drain(worker.run("add", a=1, b=2))[1] == 3


def test_unknown_task_and_unsendable_answer_are_sentences(worker: WorkerClient) -> None:
    with pytest.raises(ModelError, match="no task “nothing”"):
        drain(worker.run("nothing"))
    with pytest.raises(ModelError, match="cannot be handed over"):
        drain(worker.run("lock"))
    assert drain(worker.run("add", a=1, b=2))[1] == 3


def test_closing_a_run_stops_the_task_and_frees_the_worker(worker: WorkerClient, tmp_path: Path) -> None:
    marker = tmp_path / "closed"
    run = worker.run("endless", marker=str(marker))
    drain(run, lambda value: value.message == "still here")
    run.close()
    assert drain(worker.run("add", a=1, b=2))[1] == 3
    assert marker.exists()


def test_a_task_that_does_not_stop_is_replaced(worker: WorkerClient, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.setattr("app.worker.PATIENCE", 0.2)
    run = worker.run("stuck", marker=str(tmp_path / "stuck"))
    drain(run, lambda value: (tmp_path / "stuck").exists())
    before = worker.pid
    run.close()
    assert drain(worker.run("add", a=1, b=2))[1] == 3
    assert worker.pid != before


@pytest.mark.parametrize("code", [None, 1, 0])
def test_a_killed_worker_is_a_sentence_and_is_started_again(worker: WorkerClient, code: int | None) -> None:
    with pytest.raises(ModelError) as error:
        drain(worker.run("die", doing="predicting", code=code))
    assert error.value.message == "The worker stopped while predicting; it has been started again."
    assert ("memory" in error.value.hint) == (code is None)
    assert drain(worker.run("add", a=1, b=2))[1] == 3


def test_a_waiting_run_survives_the_death_of_the_one_before(worker: WorkerClient) -> None:
    photo = Kept("photo", np.full((60, 60), 3, np.uint8))
    dying, waiting = worker.run("die"), worker.run("look", image=photo)
    next(dying), next(waiting)
    with pytest.raises(ModelError):
        drain(dying)
    assert drain(waiting)[1]["sum"] == 3 * 3600


def test_the_worker_is_not_started_for_ever(worker: WorkerClient) -> None:
    for _ in range(2):
        with pytest.raises(ModelError, match="started again"):
            drain(worker.run("die"))
    with pytest.raises(ModelError, match="3 times in a row"):
        drain(worker.run("die"))
    with pytest.raises(ModelError, match="keeps stopping"):
        drain(worker.run("add", a=1, b=2))
    worker.restart()
    assert drain(worker.run("add", a=1, b=2))[1] == 3


def test_tasks_that_cannot_be_imported_are_a_sentence(qapp: Any, tmp_path: Path) -> None:
    (tmp_path / "broken_tasks.py").write_text("import a_package_that_is_not_there")
    client = WorkerClient("broken_tasks", [str(tmp_path)])
    with pytest.raises(ModelError, match="A part of the program is missing"):
        drain(client.run("add", a=1, b=2))
    client.shutdown()


def test_the_process_knows_no_window_and_may_print(worker: WorkerClient) -> None:
    assert drain(worker.run("modules"))[1] == ["app", "app.worker_wire"]


@pytest.mark.skipif(sys.platform == "win32", reason="uses POSIX process ids")
def test_the_process_ends_with_the_window_even_in_the_middle_of_a_task(tasks: tuple[str, str], tmp_path: Path) -> None:
    script = f"""
import os, sys
from PySide6.QtCore import QCoreApplication
from app.worker import WorkerClient
app = QCoreApplication([])
worker = WorkerClient({tasks[0]!r}, [{tasks[1]!r}])
run = worker.run("stuck")
while next(run).total != 1: pass
print(worker.pid, flush=True)
os._exit(0)
"""
    import subprocess
    root = str(Path(__file__).parents[2])
    done = subprocess.run([sys.executable, "-c", script], cwd=root, capture_output=True, text=True, timeout=60)
    pid = int(done.stdout)
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
    pytest.fail("the worker outlived the window")


def test_as_a_job_the_window_gets_progress_result_and_cancel(worker: WorkerClient, qtbot: Any, tmp_path: Path) -> None:
    jobs, told = Jobs(), []
    jobs.start("Adding", lambda: worker.run("add", a=1, b=2), on_progress=told.append, on_done=told.append)
    qtbot.waitUntil(lambda: bool(told) and told[-1] == 3, timeout=60_000)
    assert any(isinstance(t, Progress) and t.message == "step 2" for t in told)
    marker = tmp_path / "closed"
    job = jobs.start("Forever", lambda: worker.run("endless", marker=str(marker)))
    qtbot.waitUntil(lambda: job.progress is not None and job.progress.message == "still here", timeout=60_000)
    job.cancel()
    qtbot.waitUntil(lambda: not jobs.running and marker.exists(), timeout=60_000)
    jobs.shutdown()
