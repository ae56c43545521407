"""Training: it learns, stops, goes on where it was, and says what is wrong."""
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from segcore import checkpoint, training
from segcore.errors import ModelError, PromptError
from segcore.inference import load_model, predict
from segcore.losses import LOSSES, Loss
from segcore.model_zoo import find_model
from segcore.training import TrainingParams, learning_curve, make_optimizer

SIZE = 48


class Toy:
    """Eight noisy pictures of a coloured square on a ground of another colour; class 2 never occurs."""

    class_names = ("ground", "square", "unicorn")

    def __init__(self, count: int = 8, labels: bool = True) -> None:
        rng = np.random.default_rng(0)
        self.samples = []
        for _ in range(count):
            pixels = rng.normal((60, 120, 60), 20, (SIZE, SIZE, 3))
            target = np.zeros((SIZE, SIZE), np.uint8)
            y, x = rng.integers(4, 20, 2)
            target[y:y + 22, x:x + 22] = 1
            pixels[target == 1] += (120, -40, 20)
            target[:3] = 255
            self.samples.append((pixels.clip(0, 255).astype(np.uint8), target if labels else np.full_like(target, 255)))

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return self.samples[index]


RECIPE = TrainingParams(network="width=16", crop_height=SIZE, crop_width=SIZE, scale_min=0.9, scale_max=1.1, epochs=4, batch=4,
                        evaluate_every=1, average=0.5, lr=3e-3, working_pixels=SIZE * SIZE, device="cpu", threads=1)


@pytest.fixture(autouse=True)
def threads_as_before():
    count = torch.get_num_threads()
    yield
    torch.set_num_threads(count)


def losses(recipe: TrainingParams, folder: Path, stop: int = 10**9) -> list[float]:
    """The loss of every step; closes the generator after `stop` of them."""
    steps, found = training.train(recipe, Toy(), Toy(), folder), []
    for progress in steps:
        found.append(progress.value["loss"])
        if len(found) == stop:
            steps.close()
    return found


def test_learns_eight_pictures(tmp_path: Path) -> None:
    recipe = replace(RECIPE, epochs=25, evaluate_every=25, losses="cross_entropy + 0.5*lovasz_softmax(pixels=900)")
    values = [p.value for p in training.train(recipe, Toy(), Toy(), tmp_path / "models" / "squares")]
    assert values[-1]["iou"][0] > 0.9 and values[-1]["iou"][1] > 0.8 and values[-1]["loss"] < values[0]["loss"] / 2
    card = find_model("squares", tmp_path)
    assert card.class_names == ["ground", "square", "unicorn"] and card.figures["iou"]["square"] > 0.8
    assert card.recipe["epochs"] == 25 and card.working_size == (42, 55) and card.seconds > 0
    pixels, target = Toy()[0]
    steps = predict(load_model("squares", "cpu", tmp_path), pixels)
    with pytest.raises(StopIteration) as stop:
        while True:
            next(steps)
    assert (stop.value.value.mask == target)[3:].mean() > 0.93


def test_progress_is_told(tmp_path: Path) -> None:
    steps = list(training.train(RECIPE, Toy(), Toy(), tmp_path))
    assert len(steps) == 8 and steps[-1].done == steps[-1].total
    assert [s.done for s in steps] == sorted(s.done for s in steps)
    assert ["mean_iou" in s.value for s in steps] == [False, True] * 4


def test_a_closed_run_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = losses(RECIPE, tmp_path / "whole")
    first = losses(RECIPE, tmp_path / "parts", stop=3)
    rest = losses(RECIPE, tmp_path / "parts")
    assert len(first) == 3 and len(rest) == 5
    assert losses(replace(RECIPE, evaluate_every=9), tmp_path / "early", stop=1)
    assert find_model(tmp_path / "early" / "early.json").figures == {}
    np.testing.assert_allclose(first + rest, whole, rtol=1e-4)
    one, two = (checkpoint.load_state(tmp_path / name / "resume.pt") for name in ("whole", "parts"))
    for name, value in one["average"].items():
        torch.testing.assert_close(two["average"][name], value, rtol=1e-3, atol=1e-4)


def test_a_finished_run_starts_again(tmp_path: Path) -> None:
    assert losses(RECIPE, tmp_path) == losses(RECIPE, tmp_path)


def test_other_classes_do_not_mix(tmp_path: Path) -> None:
    losses(RECIPE, tmp_path / "mine", stop=1)
    other = Toy()
    other.class_names = ("a", "b")
    with pytest.raises(ModelError, match="“mine” was begun with other classes"):
        next(training.train(RECIPE, other, other, tmp_path / "mine"))


def test_time_ends_the_schedule(tmp_path: Path) -> None:
    steps = list(training.train(replace(RECIPE, seconds=0.2, epochs=100_000), Toy(), Toy(), tmp_path))
    assert steps[-1].done == 1000 and "mean_iou" in steps[-1].value


class Broken(Loss):
    """Not a number from the third step on."""

    name = "broken"

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def __call__(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return logits.mean() * (float("nan") if self.calls > 2 else 1)


def test_not_a_number_stops_and_keeps_the_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOSSES._items, "broken", Broken)
    steps = training.train(replace(RECIPE, losses="broken"), Toy(), Toy(), tmp_path / "mine")
    with pytest.raises(ModelError, match="no longer a number"):
        for _ in steps:
            pass
    card = find_model(tmp_path / "mine" / "mine.json")
    assert all(torch.isfinite(v).all() for v in checkpoint.load_model(card).state_dict().values())


@pytest.mark.parametrize("changes, words", [
    ({"model": "nothing"}, "no “nothing”"), ({"network": "wings=2"}, "option “wings”"), ({"losses": "hope"}, "no “hope”"),
    ({"losses": "cross_entropy(magic=1)"}, "option “magic”"), ({"losses": "much*dice"}, "factor"),
    ({"start": "nowhere.npz"}, "nowhere.npz"), ({"device": "toaster"}, "not available")])
def test_recipes_that_make_no_sense_are_said(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises((ModelError, PromptError), match=words):
        next(training.train(replace(RECIPE, **changes), Toy(), Toy(), tmp_path))


def test_nothing_labelled_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="No pixel"):
        next(training.train(RECIPE, Toy(labels=False), Toy(), tmp_path))


def test_one_picture_is_enough(tmp_path: Path) -> None:
    assert len(list(training.train(replace(RECIPE, epochs=1), Toy(1), Toy(1), tmp_path))) == 1


@pytest.mark.parametrize("name, schedule", [("sgd", "constant"), ("adam", "poly"), ("adamw", "cosine"), ("sgd", "step")])
def test_every_optimizer_and_schedule_runs(tmp_path: Path, name: str, schedule: str) -> None:
    recipe = replace(RECIPE, optimizer=name, schedule=schedule, epochs=1, lr=1e-3)
    assert all(np.isfinite(losses(recipe, tmp_path)))


def test_schedules() -> None:
    for schedule, at_half in (("constant", 1), ("poly", 0.5 ** 0.9), ("cosine", 0.5), ("step", 0.1)):
        recipe = replace(RECIPE, schedule=schedule, warmup=0.1)
        assert learning_curve(recipe, 0.05) == pytest.approx(0.5)
        assert learning_curve(recipe, 0.5) == pytest.approx(at_half)
    assert learning_curve(replace(RECIPE, warmup=0), 0) == 1


def test_encoder_learns_slower_and_biases_do_not_decay() -> None:
    module = training.build_model(RECIPE).build(3)
    groups = make_optimizer(replace(RECIPE, lr=1.0, encoder_lr=0.25, weight_decay=0.5), module).param_groups
    found = {(g["lr"], g["weight_decay"]): sum(p.numel() for p in g["params"]) for g in groups}
    assert set(found) == {(0.25, 0.5), (0.25, 0.0), (1.0, 0.5), (1.0, 0.0)}
    assert sum(found.values()) == sum(p.numel() for p in module.parameters())


def test_starts_from_a_network_of_the_same_kind(tmp_path: Path) -> None:
    losses(RECIPE, tmp_path / "first")
    known = checkpoint.load_model(find_model(tmp_path / "first" / "first.json")).state_dict()
    other = Toy()
    other.class_names = ("a", "b")
    run = training.Run(replace(RECIPE, start=str(tmp_path / "first" / "first.json")), other, tmp_path / "second")
    torch.testing.assert_close(run.module.state_dict()["encoder.features.0.weight"], known["encoder.features.0.weight"])
    assert run.module.classifier.weight.shape[0] == 2
    with pytest.raises(ModelError, match="nothing to start from"):
        training.Run(replace(RECIPE, model="espnet", network="", start="streets"), other, tmp_path / "third")


def test_published_weights_are_folded_into_our_normalisation() -> None:
    """Random “published” weights: BGR minus the published mean through them equals our input through the folded ones."""
    from segcore.models.blocks.squeezenet import SqueezeNetEncoder
    torch.manual_seed(0)
    source, encoder, image = SqueezeNetEncoder(), SqueezeNetEncoder(), torch.rand(1, 3, 40, 40)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    encoder.load_published({k: v.numpy() for k, v in source.state_dict().items()}, mean, std)
    published = 255 * image.flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(1, 3, 1, 1)
    ours = (image - torch.tensor(mean).view(1, 3, 1, 1)) / torch.tensor(std).view(1, 3, 1, 1)
    first, second = source(published)[0], encoder(ours)[0]
    torch.testing.assert_close(second[..., 1:-1, 1:-1], first[..., 1:-1, 1:-1], rtol=1e-3, atol=1e-2)
    with pytest.raises(ModelError, match="SqueezeNet"):
        encoder.load_published({}, mean, std)
