"""Trains a network on labelled photos: one generator that yields after every step, keeps the best weights and can go on after a kill."""
from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from segcore import checkpoint
from segcore.augment import AugmentParams, random_view
from segcore.dataset import Cached, Samples, count_classes
from segcore.errors import ModelError
from segcore.losses import LOSSES, Loss
from segcore.metrics import METRICS
from segcore.models import MODELS, Model
from segcore.params import param, set_param
from segcore.types import Progress


@dataclass
class TrainingParams(AugmentParams):
    """The recipe of one training run."""

    model: str = param("swiftnet", label="Network")
    network: str = param("", label="Options of the network", help="As in: width=64 detail=true")
    start: str = param("", label="Pretrained encoder", help="A file of published weights")
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
    precision: str = param("float32", choices=("float32", "bfloat16"), label="Precision")
    threads: int = param(0, min=0, max=256, label="CPU threads", help="0 is all")
    device: str = param("cpu", label="Device")
    seed: int = param(0, min=0, max=2**31 - 1, label="Seed")


def train(params: TrainingParams, data: Samples, validation: Samples, folder: Path) -> Iterator[Progress]:
    """Train and keep the best weights (by mean IoU on `validation`) and the state to resume from in `folder`.

    Yields one Progress per step; its value is a dictionary with loss and lr, and with mean_iou after an evaluation. Closing the
    generator keeps what was saved last. Raises ModelError when the loss stops being a number; the best weights stay.
    """
    run = Run(params, data, folder)
    run.resume()
    while not run.finished:
        loss = run.step()
        figures: dict[str, Any] = {"loss": loss, "lr": run.lr, "epoch": run.epoch}
        if run.steps % (params.evaluate_every * run.steps_per_epoch) == 0 or run.finished:
            figures |= run.evaluate(validation)
            run.save()
        yield Progress(int(1000 * run.fraction), 1000, f"Epoch {run.epoch}: loss {loss:.3f}", figures)


class Run:
    """The state of one training run. Every random choice follows from the seed and the step, so that a resumed run is the same run."""

    def __init__(self, params: TrainingParams, data: Samples, folder: Path) -> None:
        if params.threads:
            torch.set_num_threads(params.threads)
        torch.manual_seed(params.seed)
        self.params, self.data, self.folder = params, Cached(data), folder
        self.device = torch.device(params.device)
        self.model = build_model(params)
        self.module = self.model.build(len(data.class_names))
        if params.start:
            self.module.encoder.load_published(np.load(params.start), self.model.mean, self.model.std)  # type: ignore[operator,union-attr]
        self.module = self.module.to(self.device, memory_format=torch.channels_last)
        self.average = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.losses = make_losses(params, self.data, self.device)
        self.optimizer = make_optimizer(params, self.module)
        self.rates = [group["lr"] for group in self.optimizer.param_groups]
        self.steps_per_epoch = max(1, math.ceil(len(data) / params.batch))
        self.steps, self.spent, self.best = 0, 0.0, -1.0
        self.started = time.monotonic()

    @property
    def epoch(self) -> int:
        """Passes over the data so far."""
        return self.steps // self.steps_per_epoch

    @property
    def fraction(self) -> float:
        """How much of the run is done, 0..1, by steps or by time, whichever is further."""
        by_steps = self.steps / (self.params.epochs * self.steps_per_epoch)
        by_time = self.elapsed / self.params.seconds if self.params.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    @property
    def elapsed(self) -> float:
        """Seconds of training, those before a resume included."""
        return self.spent + time.monotonic() - self.started

    @property
    def finished(self) -> bool:
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
        loss.backward()  # type: ignore[no-untyped-call]
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
        return to_tensor(np.stack(views), self.model).to(self.device), torch.from_numpy(np.stack(targets)).long().to(self.device)

    def _average(self) -> None:
        keep = min(self.params.average, (1 + self.steps) / (10 + self.steps)) if self.params.average else 0.0
        with torch.no_grad():
            for name, value in self.module.state_dict().items():
                if value.is_floating_point():
                    self.average[name].lerp_(value, 1 - keep)
                else:
                    self.average[name].copy_(value)

    def evaluate(self, validation: Samples) -> dict[str, Any]:
        """Measure the averaged weights on the validation images, and keep them when they are the best so far."""
        current = {k: v.detach().clone() for k, v in self.module.state_dict().items()}
        self.module.load_state_dict(self.average)
        figures = measure(self.module, self.model, validation, self.device)
        if figures["mean_iou"] > self.best:
            self.best = figures["mean_iou"]
            checkpoint.save_weights(self.folder / "best.safetensors", self.average)
        self.module.load_state_dict(current)
        return figures

    def save(self) -> None:
        """Write the state to resume from."""
        state = {"module": self.module.state_dict(), "average": self.average, "optimizer": self.optimizer.state_dict(),
                 "steps": self.steps, "spent": self.elapsed, "best": self.best, "params": asdict(self.params)}
        checkpoint.save_state(self.folder / "resume.pt", state)

    def resume(self) -> bool:
        """Go on from a saved state, if there is one; returns whether there was."""
        state = checkpoint.load_state(self.folder / "resume.pt")
        if state is None:
            return False
        self.module.load_state_dict(state["module"])
        self.average = state["average"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps, self.spent, self.best = state["steps"], state["spent"], state["best"]
        return True


def build_model(params: TrainingParams) -> Model:
    """The network's plug-in with its options."""
    model = MODELS[params.model]()
    for option in params.network.split():
        name, _, value = option.partition("=")
        set_param(model.params, name, value)
    return model


def make_losses(params: TrainingParams, data: Samples, device: torch.device) -> list[tuple[float, Loss]]:
    """The terms of the loss with their factors; options of a loss are those of its Params, as in lovasz_softmax(pixels=1000)."""
    weights = torch.from_numpy(class_weights(params.balance, data)).to(device) if params.balance != "none" else None
    terms = []
    for term in params.losses.split("+"):
        factor, _, name = term.strip().rpartition("*")
        name, _, options = name.partition("(")
        loss = LOSSES[name.strip()]()
        for option in filter(None, options.rstrip(") ").split(",")):
            key, _, value = option.partition("=")
            set_param(loss.params, key.strip(), value)
        loss.weights = weights
        terms.append((float(factor or 1), loss))
    return terms


def class_weights(balance: str, data: Samples) -> NDArray[np.float32]:
    """float32 (C,) weights: median frequency balancing, or its square root; a class that never occurs gets 1."""
    pixels, present = count_classes(data)
    frequency = pixels / np.maximum(present, 1)
    occurring = frequency > 0
    weights = np.ones(len(pixels))
    weights[occurring] = np.median(frequency[occurring]) / frequency[occurring]
    return (np.sqrt(weights) if balance == "sqrt" else weights).astype(np.float32)


def make_optimizer(params: TrainingParams, module: nn.Module) -> torch.optim.Optimizer:
    """The optimizer; a pretrained encoder learns more slowly, and biases and normalisations are not decayed."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, weight in module.named_parameters():
        groups.setdefault((name.startswith("encoder."), weight.ndim > 1), []).append(weight)
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
    normal = (views - np.float32(model.mean)) / np.float32(model.std)
    return torch.from_numpy(normal).permute(0, 3, 1, 2)


@torch.no_grad()
def measure(module: nn.Module, model: Model, data: Samples, device: torch.device) -> dict[str, Any]:
    """mean_iou and iou per class (a dictionary by index) of the network on whole images."""
    module.eval()
    metrics = {name: METRICS[name]() for name in ("mean_iou", "iou", "pixel_accuracy") if name in METRICS}
    for index in range(len(data)):
        pixels, target = data[index]
        logits = module(to_tensor(pixels[None].astype(np.float32) / 255, model).to(device))
        predicted = logits[0].argmax(0).to(torch.uint8).cpu().numpy()
        for metric in metrics.values():
            metric.update(predicted, target)
    return {name: metric.value() for name, metric in metrics.items()}
