"""Trains a network on labelled photos: a generator that yields after every step, keeps the best weights and can be resumed."""
from __future__ import annotations

import math
import os
import platform
import re
import time
from collections.abc import Generator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segcore import checkpoint
from segcore.augment import AugmentParams, random_view
from segcore.dataset import Cached, Samples, class_weights
from segcore.errors import ModelError, PromptError
from segcore.inference import choose_device, main_output
from segcore.losses import LOSSES, Loss
from segcore.metrics import METRICS
from segcore.model_zoo import ModelCard, find_model
from segcore.models import MODELS, Model
from segcore.params import param
from segcore.recipe import from_text, set_options
from segcore.types import LabelClass, Progress


@dataclass
class TrainingParams(AugmentParams):
    """The recipe of one training run."""

    model: str = param("swiftnet", label="Network")
    network: str = param("", label="Options of the network", help="As in: width=64 detail=true")
    start: str = param("", label="Start from", help="A network of the same kind, such as streets, or a file of weights")
    losses: str = param("cross_entropy", label="Losses", help="A sum, as in: cross_entropy + 0.5*lovasz_softmax")
    balance: str = param("sqrt", choices=("none", "sqrt", "median_frequency"), label="Class balance")
    optimizer: str = param("adamw", choices=("sgd", "adam", "adamw"), label="Optimizer")
    lr: float = param(1e-3, min=0, max=10, label="Learning rate")
    encoder_lr: float = param(1.0, min=0, max=10, label="Encoder's share of it", help="Below 1 for a pretrained encoder")
    weight_decay: float = param(1e-4, min=0, max=1, label="Weight decay")
    schedule: str = param("poly", choices=("constant", "poly", "cosine", "step"), label="Schedule")
    warmup: float = param(0.02, min=0, max=0.5, label="Warm-up", help="Share of the run")
    epochs: int = param(100, min=1, max=100_000, label="Epochs")
    seconds: float = param(0.0, min=0, max=1e7, label="Time limit", unit="s", help="The schedule ends then; 0 is no limit")
    batch: int = param(8, min=1, max=1024, label="Images per step")
    average: float = param(0.999, min=0, max=0.99999, label="Averaging of the weights", help="0 is none")
    evaluate_every: int = param(5, min=1, max=10_000, label="Epochs between evaluations")
    working_pixels: int = param(172_800, min=1024, max=100_000_000, label="Working size", unit="px",
                                help="Photos are scaled to this many pixels, in training and afterwards")
    precision: str = param("float32", choices=("float32", "bfloat16"), label="Precision")
    threads: int = param(0, min=0, max=256, label="CPU threads", help="0 is all")
    device: str = param("auto", label="Device")
    seed: int = param(0, min=0, max=2**31 - 1, label="Seed")


def train(params: TrainingParams, data: Samples, validation: Samples, folder: Path) -> Generator[Progress, None, ModelCard]:
    """Train a network called like `folder`, in which its best weights (by mean IoU on `validation`) and card are kept.

    Yields one Progress per step; its value is a dictionary with loss, lr and epoch, and mean_iou after an evaluation. An
    unfinished run in `folder` goes on where it was. Closing the generator keeps the state and the best weights so far. Raises
    ModelError when there is nothing to learn, when the loss stops being a number (the best weights stay), or when `folder`
    holds a run with other classes; StorageError when the disk is full.
    """
    run = Run(params, data, folder)
    run.resume()
    validation = Cached(validation, params.working_pixels, limit=1 << 29)
    try:
        while not run.finished:
            loss = run.step()
            figures: dict[str, Any] = {"loss": loss, "lr": run.lr, "epoch": run.epoch}
            if run.steps % (params.evaluate_every * run.steps_per_epoch) == 0 or run.finished:
                figures |= run.evaluate(validation)
                run.save()
            yield Progress(int(1000 * run.fraction), 1000, f"Epoch {run.epoch}: loss {loss:.3f}", figures)
    except GeneratorExit:
        run.save()
        if run.best < 0:
            run.keep({})    # never measured yet, but what was learned can be used
        raise
    return run.card


class Run:
    """The state of one training run. Every random choice follows from seed and step, so that a resumed run is the same run."""

    def __init__(self, params: TrainingParams, data: Samples, folder: Path) -> None:
        if params.threads:
            torch.set_num_threads(params.threads)
        torch.manual_seed(params.seed)
        self.params, self.folder = params, folder
        self.data = Cached(data, params.working_pixels)
        self.device = choose_device(params.device)
        self.model = build_model(params)
        self.module = self.model.build(len(data.class_names))
        if params.start:
            start_from(self.module, params.start, self.model)
        self.module = self.module.to(self.device, memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.losses = make_losses(params, self.data, self.device)
        self.optimizer = make_optimizer(params, self.module)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.steps_per_epoch = max(1, math.ceil(len(data) / params.batch))
        self.steps, self.spent, self.best = 0, 0.0, -1.0
        self.started = time.monotonic()
        self.card = make_card(params, self.model, data, folder)

    @property
    def epoch(self) -> int:
        """Passes over the data so far."""
        return self.steps // self.steps_per_epoch

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before a resume included."""
        return self.spent + time.monotonic() - self.started

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0..1, by steps or by time, whichever is further."""
        by_steps = self.steps / (self.params.epochs * self.steps_per_epoch)
        by_time = self.elapsed / self.params.seconds if self.params.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    @property
    def finished(self) -> bool:
        """Whether all steps are done or the time is up."""
        return self.fraction >= 1.0

    @property
    def lr(self) -> float:
        """The learning rate now, of the decoder."""
        return self.params.lr * learning_curve(self.params, self.fraction)

    def step(self) -> float:
        """One update on one batch; returns the loss, raises ModelError when it is not a number."""
        factor = learning_curve(self.params, self.fraction)
        for group, rate in zip(self.optimizer.param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        torch.manual_seed(self.params.seed * 1_000_003 + self.steps)
        images, targets = self.batch()
        self.module.train()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.params.precision == "bfloat16"):
            outputs = self.module(images)
        main, *auxiliary = outputs if isinstance(outputs, tuple) else (outputs,)
        loss = self.loss(main, targets)
        for output in auxiliary:
            loss = loss + 0.4 * self.loss(output, targets)
        if not torch.isfinite(loss):
            raise ModelError("Training stopped because the loss is no longer a number; the best weights so far are kept.",
                             "Try a smaller learning rate.")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        self.steps += 1
        self._average()
        return float(loss.detach())

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The weighted sum of the losses."""
        logits = logits.float().contiguous()  # log-softmax is twice as fast on planes
        return torch.stack([weight * loss(logits, targets) for weight, loss in self.losses]).sum()

    def batch(self) -> tuple[Tensor, Tensor]:
        """The next images float32 (N, 3, h, w), normalised, and targets int64 (N, h, w)."""
        size, start = len(self.data), self.steps % self.steps_per_epoch * self.params.batch
        order = np.random.default_rng([self.params.seed, self.epoch]).permutation(size)
        rng = np.random.default_rng([self.params.seed, self.steps, 1])
        chosen = order[np.arange(start, start + self.params.batch) % size]
        views, targets = zip(*(random_view(*self.data[int(i)], self.params, rng) for i in chosen), strict=True)
        labels = torch.from_numpy(np.stack(targets)).long()
        return to_tensor(np.stack(views), self.model).to(self.device), labels.to(self.device)

    def _average(self) -> None:
        keep = min(self.params.average, (1 + self.steps) / (10 + self.steps)) if self.params.average else 0.0
        with torch.no_grad():
            for name, value in self.module.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)

    def evaluate(self, validation: Samples) -> dict[str, Any]:
        """Measure the averaged weights on the validation images, and write them when they are the best so far."""
        current = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.module.load_state_dict(self.average)
        figures = measure(self.module, self.model, validation, self.device)
        if figures["mean_iou"] > self.best:
            self.best = figures["mean_iou"]
            self.keep({"measured_on": f"{len(validation)} validation images"} | by_class_name(figures, self.card))
        self.module.load_state_dict(current)
        return figures

    def keep(self, figures: dict[str, Any]) -> None:
        """Write the averaged weights and their card."""
        self.card = replace(self.card, seconds=round(self.elapsed, 1), figures=figures)
        self.card = checkpoint.save_model(self.card, self.average, self.folder)

    def save(self) -> None:
        """Write the state to resume from."""
        checkpoint.save_state(self.folder / "resume.pt", {
            "module": self.module.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict(),
            "steps": self.steps, "spent": self.elapsed, "best": self.best, "finished": self.finished,
            "classes": self.card.class_names, "network": [self.card.model, self.params.network]})

    def resume(self) -> bool:
        """Go on from a saved, unfinished state; returns whether there was one. Raises ModelError for one of other classes."""
        state = checkpoint.load_state(self.folder / "resume.pt")
        if state is None or state["finished"]:
            return False
        if state["classes"] != self.card.class_names or state["network"] != [self.card.model, self.params.network]:
            raise ModelError(f"“{self.folder.name}” was begun with other classes or another network.",
                             "Train under a new name.")
        self.module.load_state_dict(state["module"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps, self.spent, self.best = state["steps"], state["spent"], state["best"]
        return True


def make_card(params: TrainingParams, model: Model, data: Samples, folder: Path) -> ModelCard:
    """The card of the network that a run is going to make."""
    colors = getattr(data, "class_colors", None) or [(0, 0, 0)] * len(data.class_names)
    classes = tuple(LabelClass(i, n, c) for i, (n, c) in enumerate(zip(data.class_names, colors, strict=True)))
    size = round(math.sqrt(params.working_pixels * 3 / 4)), round(math.sqrt(params.working_pixels * 4 / 3))
    recipe = {k: v for k, v in asdict(params).items() if k != "start"} | {"start": Path(params.start).name}
    return ModelCard(folder.name, params.model, classes, f"{folder.name} ({model.title})", asdict(model.params), model.mean,
                     model.std, size, data=f"{len(data)} labelled images", recipe=recipe, seed=params.seed, hardware=hardware(),
                     origin="project", folder=folder)


def hardware() -> str:
    """The processor or graphics card in words."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name(0))
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"


def start_from(module: nn.Module, start: str, model: Model) -> None:
    """Begin with weights learned before: a network's name or file (all layers that fit), or published encoder weights (npz).

    Raises ModelError when there are none or nothing fits.
    """
    if Path(start).suffix == ".npz":
        load_encoder(module, Path(start), model)
        return
    card = find_model(start)
    known, wanted = checkpoint.load_model(card).state_dict(), module.state_dict()
    fitting = {key: value for key, value in known.items() if key in wanted and wanted[key].shape == value.shape}
    if len(fitting) < len(wanted) / 2:
        raise ModelError(f"“{card.name}” is another network than “{model.name}”, so there is nothing to start from.",
                         "Leave “start” empty, or choose the same network with the same options.")
    module.load_state_dict({**wanted, **fitting})


def load_encoder(module: nn.Module, path: Path, model: Model) -> None:
    """Published weights for a network's encoder; raises ModelError when it has no such encoder or the file does not fit."""
    encoder: Any = getattr(module, "encoder", None)
    if not hasattr(encoder, "load_published"):
        raise ModelError(f"There are no published weights for the encoder of “{model.name}”.", "Leave “start” empty.")
    try:
        with np.load(path) as arrays:
            encoder.load_published(arrays, model.mean, model.std)
    except (OSError, ValueError) as error:
        raise ModelError(f"The pretrained weights “{path.name}” cannot be read.", str(error)) from None


def build_model(params: TrainingParams) -> Model:
    """The network's plug-in with its options."""
    model = from_text(MODELS, params.model)
    set_options(model, params.network.split())
    return model


def make_losses(params: TrainingParams, data: Samples, device: torch.device) -> list[tuple[float, Loss]]:
    """The terms of the loss with their factors; options are those of its Params, as in lovasz_softmax(pixels=1000)."""
    balanced = class_weights(params.balance, data)
    weights = torch.from_numpy(balanced).to(device) if params.balance != "none" else None
    terms = []
    for term in params.losses.split("+"):
        factor, _, name = term.strip().rpartition("*")
        if not re.fullmatch(r"[\d.]*\s*", factor):
            raise PromptError(f"“{factor}” is no factor of a loss.", "Write a number, as in 0.5*dice.")
        loss = from_text(LOSSES, name)
        loss.weights = weights
        terms.append((float(factor or 1), loss))
    return terms


def make_optimizer(params: TrainingParams, module: nn.Module) -> torch.optim.Optimizer:
    """The optimizer; a pretrained encoder learns more slowly, and biases and normalisations are not decayed."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, weight in module.named_parameters():
        groups.setdefault((name.startswith(("encoder.", "backbone.")), weight.ndim > 1), []).append(weight)
    options = [{"params": weights, "lr": params.lr * (params.encoder_lr if encoder else 1),
                "weight_decay": params.weight_decay if decay else 0.0} for (encoder, decay), weights in groups.items()]
    if params.optimizer == "sgd":
        return torch.optim.SGD(options, lr=params.lr, momentum=0.9)
    return {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[params.optimizer](options, lr=params.lr)


def learning_curve(params: TrainingParams, fraction: float) -> float:
    """The factor on the learning rate at a fraction (0..1) of the run."""
    if fraction < params.warmup:
        return max(fraction / params.warmup, 1e-3)
    curves = {"constant": 1.0, "poly": (1 - fraction) ** 0.9, "cosine": 0.5 * (1 + math.cos(math.pi * fraction)),
              "step": 0.1 ** int(3 * fraction)}
    return curves[params.schedule]


def to_tensor(views: NDArray[np.float32], model: Model) -> Tensor:
    """float32 (N, H, W, 3) in 0..1 to a normalised (N, 3, H, W) tensor that lies channels last in memory."""
    normal = (views - np.array(model.mean, np.float32)) / np.array(model.std, np.float32)
    return torch.from_numpy(normal).permute(0, 3, 1, 2)


@torch.no_grad()
def measure(module: nn.Module, model: Model, data: Samples, device: torch.device) -> dict[str, Any]:
    """mean_iou, iou (a dictionary by class index) and pixel_accuracy of a network on whole images."""
    module.eval()
    metrics = {name: METRICS[name]() for name in ("mean_iou", "iou", "pixel_accuracy")}
    for index in range(len(data)):
        pixels, target = data[index]
        logits = main_output(module(to_tensor(np.divide(pixels[None], 255, dtype=np.float32), model).to(device)))
        predicted = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        for metric in metrics.values():
            metric.update(predicted, target)
    return {name: metric.value() for name, metric in metrics.items()}


def by_class_name(figures: dict[str, Any], card: ModelCard) -> dict[str, Any]:
    """The figures for a card: rounded, classes by name instead of index."""
    named = {card.class_names[index]: round(value, 4) for index, value in figures["iou"].items()}
    return {**{k: round(v, 4) for k, v in figures.items() if k != "iou"}, "iou": named}
