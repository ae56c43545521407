"""A training run of the window: its recipe, the process it happens in, what it has reported so far, and its end."""
from __future__ import annotations

import re
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QObject, Signal

from segcore.errors import ModelError, SegcoreError
from segcore.model_zoo import ModelCard, list_models
from segcore.params import param
from segcore.types import Progress

if TYPE_CHECKING:
    from app.jobs import Job
    from app.worker import WorkerClient
    from app.workspace import Workspace

PATIENCE = 300.0
"""Seconds that a stopped training may take to measure and keep its network."""
GOODBYE = 5.0
"""The same when the program ends; after that the state of the last measurement is what is kept."""
SAVE_WAIT = 10.0


@dataclass
class Recipe:
    """What the user chooses of `segcore.training.TrainingParams`, under the same names; `minutes` becomes its time limit."""

    minutes: float = param(10.0, min=0.5, max=10_000, label="Time", unit="min",
                           help="Training ends then, or after all epochs; stopping earlier keeps the best network so far")
    epochs: int = param(100, min=1, max=100_000, label="Epochs", help="Passes over all images")
    lr: float = param(1e-3, min=0, max=10, label="Learning rate", advanced=True)
    batch: int = param(4, min=1, max=1024, label="Images per step", advanced=True, help="Fewer need less memory")
    losses: str = param("cross_entropy", label="Losses", advanced=True,
                        choices=("cross_entropy", "cross_entropy + dice", "cross_entropy + lovasz_softmax", "ohem", "focal"))
    balance: str = param("sqrt", choices=("none", "sqrt", "median_frequency"), label="Class balance", advanced=True,
                         help="How much more rare classes count")
    optimizer: str = param("adamw", choices=("sgd", "adam", "adamw"), label="Optimizer", advanced=True)
    schedule: str = param("poly", choices=("constant", "poly", "cosine", "step"), label="Schedule", advanced=True)
    evaluate_every: int = param(5, min=1, max=10_000, label="Epochs between measurements", advanced=True)
    working_pixels: int = param(172_800, min=1024, max=100_000_000, label="Working size", unit="px", advanced=True,
                                help="Photos are scaled to this many pixels, in training and afterwards")
    crop_height: int = param(288, min=32, max=4096, label="Crop height", unit="px", advanced=True)
    crop_width: int = param(384, min=32, max=4096, label="Crop width", unit="px", advanced=True)
    flip: bool = param(True, label="Mirror left and right", advanced=True)
    device: str = param("auto", choices=("auto", "cpu", "cuda", "mps"), label="Device", advanced=True)
    seed: int = param(0, min=0, max=2**31 - 1, label="Seed", advanced=True)


@dataclass
class Record:
    """What a run has told: points of the curves (step, value), sentences, a picture, and how far it is."""

    name: str = ""
    losses: list[tuple[float, float]] = field(default_factory=list)
    scores: list[tuple[float, float]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    picture: Any = None
    message: str = ""
    outcome: str = ""
    finished: bool = False
    fraction: float = 0.0
    first_fraction: float | None = None
    began: float = 0.0

    def hear(self, progress: Progress) -> bool:
        """Take a step in; returns whether the network was measured."""
        value = progress.value or {}
        self.message = progress.message
        self.notices += value.get("notices", [])
        if "loss" not in value:
            return False
        self.fraction = progress.done / max(1, progress.total)
        if self.first_fraction is None:
            self.first_fraction, self.began = self.fraction, time.monotonic()
        self.losses.append((len(self.losses) + 1, value["loss"]))
        self.picture = value.get("picture", self.picture)
        if "mean_iou" in value:
            self.scores.append((len(self.losses), value["mean_iou"]))
        return "mean_iou" in value

    def seconds_left(self) -> float | None:
        """How long it goes on as it has gone so far; None while that cannot be told."""
        done = self.fraction - (self.first_fraction or 0.0)
        return (time.monotonic() - self.began) * (1 - self.fraction) / done if done > 0.005 else None


class TrainingRun(QObject):
    """Trains one network at a time, in a process of its own, so that predictions need not wait for it."""

    changed = Signal()

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.workspace = workspace
        self.job: Job | None = None
        self.stopping = False
        self.record = Record()
        self._folder = self._name = ""
        self._heard: Progress | None = None
        self._client: WorkerClient | None = None
        workspace.jobs.changed.connect(self._on_jobs)
        workspace.project_changed.connect(self._on_project)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.shutdown)

    @property
    def client(self) -> WorkerClient:
        """The process that trains; made at first use."""
        if self._client is None:
            from app.worker import WorkerClient
            self._client = WorkerClient(patience=PATIENCE)
        return self._client

    def start(self, name: str, recipe: dict[str, Any]) -> None:
        """Train a network of this name with fields of TrainingParams, or go on with it; raises SegcoreError."""
        project = self.workspace.project
        if project is None:
            raise SegcoreError("No project is open.", "Open one first.")
        if project.read_only:
            raise SegcoreError("This project is read only here, so a network cannot be kept in it.")
        if self.job is not None:
            raise SegcoreError("A network is being trained already.", "Stop that first.")
        if self._client is not None and self._client.given_up:
            self._client.restart()
        check_name(name)
        self._folder, self._name = str(project.folder), name
        self.record, self._heard = Record(name), None
        self.workspace.save_now()
        folder = self._folder

        def steps() -> Generator[Any, None, ModelCard]:
            yield from wait_for_labels(self.workspace)
            return (yield from self.client.run("train", doing=f"training “{name}”", project=folder, name=name, recipe=recipe))
        self.job = self._begin(f"Train {name}", steps)
        self.changed.emit()

    def stop(self) -> None:
        """End the training and keep what has been learned."""
        if self.job is not None:
            self.job.cancel()
            self.changed.emit()

    def shutdown(self) -> None:
        """End the process, after a moment in which a training can keep what it has learned."""
        client, self._client = self._client, None
        if client is None:
            return
        if client.pid is not None and self._name:
            limit = time.monotonic() + GOODBYE
            try:
                for _ in client.run("kept", project=self._folder, name=self._name):
                    if time.monotonic() > limit:
                        break
            except SegcoreError:
                pass    # it has stopped already
        client.shutdown()

    # within

    def _begin(self, title: str, steps: Any) -> Job:
        return self.workspace.jobs.start(title, steps, lane="long", on_progress=self._on_progress, on_done=self._on_done,
                                         on_error=self._on_error)

    def _on_progress(self, progress: Progress) -> None:
        if progress is self._heard:
            return      # the worker is at work on the next step
        self._heard = progress
        if self.record.hear(progress):
            self.workspace.networks_changed.emit()
        self.changed.emit()

    def _on_jobs(self) -> None:
        """Notice that the job was cancelled, here or in the list of jobs; then the worker is keeping the network."""
        if self.job is None or self.job in self.workspace.jobs.running:
            return
        folder, name = self._folder, self.record.name
        self.job, self.stopping = None, True    # starting a job tells of jobs again
        self.job = self._begin(f"Keep {name}", lambda: self.client.run("kept", project=folder, name=name))
        self.changed.emit()

    def _on_done(self, card: ModelCard | None) -> None:
        stopped = "Stopped: " if self.stopping else ""
        self.record.finished = not self.stopping
        outcome = f"{stopped}“{self.record.name}” is in the list of networks{score_text(card)}."
        self._end(outcome if card is not None else "Stopped before there was anything to keep.")
        self.workspace.networks_changed.emit()

    def _on_error(self, error: Exception) -> None:
        kept = any(card.name == self.record.name for card in list_models(self._folder) if card.origin == "project")
        self._end(f"Training failed; “{self.record.name}” is kept as it was when last measured. Train goes on from there."
                  if kept and self.record.scores else "Training failed.", error)
        self.workspace.networks_changed.emit()

    def _end(self, outcome: str, error: Exception | None = None) -> None:
        self.job, self.stopping = None, False
        self.record.outcome = outcome
        if error is not None:
            self.workspace.report(error)
        else:
            self.workspace.say(outcome)
        self.changed.emit()

    def _on_project(self) -> None:
        """The project was left: its training ends, and what it has learned is kept there."""
        project = self.workspace.project
        if project is not None and str(project.folder) == self._folder:
            return
        job, self.job, self.stopping = self.job, None, False
        self.record = Record()
        if job is not None:
            job.cancel()
        self.changed.emit()


def wait_for_labels(workspace: Workspace) -> Generator[Progress, None, None]:
    """Until the last strokes are in their files; in the thread of a job, after `save_now`."""
    autosave, limit = workspace.autosave, time.monotonic() + SAVE_WAIT
    while autosave is not None and autosave.pending and time.monotonic() < limit:
        yield Progress(0, 0, "Saving the labels")
        time.sleep(0.05)


def check_name(name: str) -> None:
    """Raise ModelError for what cannot be the name of a network: it is that of a folder as well."""
    if not re.fullmatch(r"\w[\w .\-]{0,59}", name) or name.endswith((" ", ".")):
        raise ModelError(f"“{name}” cannot be the name of a network." if name else "The network has no name.",
                         "Use up to 60 letters, digits, spaces, - and _.")


def free_name(folder: Any, model: str) -> str:
    """A name that no network of the project has yet: `model`-1, -2, …"""
    number = 1
    while (folder / "models" / f"{model}-{number}").exists():
        number += 1
    return f"{model}-{number}"


def score_text(card: ModelCard | None) -> str:
    """What was measured of a network, to go on a sentence; empty when nothing was."""
    score = card.figures.get("mean_iou") if card is not None else None
    return f", with a mean IoU of {100 * score:.1f} %" if isinstance(score, int | float) else ""


def time_text(seconds: float) -> str:
    """A span of time, roughly: it is only ever an estimate."""
    minutes = seconds / 60
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
