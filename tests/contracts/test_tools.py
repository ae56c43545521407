"""What every tool promises: declarations, an icon, and gestures that survive any sequence of events."""
from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.tools import TOOLS, Tool
from segcore.types import Event, Prediction

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "app" / "tools"))

from fake_context import FakeContext, Hand, rectangle  # noqa: E402

ALL = list(TOOLS)
KINDS = ["coarse", "press", "move", "release", "double", "key", "wheel", "prediction", "failed", "params"]


def test_shortcuts_are_there_and_unique() -> None:
    shortcuts = [tool.shortcut for tool in ALL]
    assert all(shortcuts) and len(set(shortcuts)) == len(shortcuts)
    taken = {"A", "D", "C", "H", "I", "N", "Tab", "Space", "Enter", "Esc", "F1", *"123456789[]"}
    assert not taken & set(shortcuts)


@pytest.mark.parametrize("tool", ALL, ids=lambda t: t.name)
def test_declaration(tool: type[Tool]) -> None:
    assert tool.name == tool.name.lower() and tool.title and tool.hint and tool.cursor in ("cross", "arrow", "ring")
    assert tool.summary().endswith(".") and 20 < len(tool.summary()) < 160
    assert tool.cursor != "ring" or hasattr(tool().params, "radius")
    for field in fields(tool.Params):
        assert field.metadata.get("label") and field.metadata.get("help"), field.name


@pytest.mark.parametrize("tool", ALL, ids=lambda t: t.name)
def test_icon(tool: type[Tool]) -> None:
    text = (ROOT / "resources" / "icons" / f"{tool.icon or tool.name}.svg").read_text()
    assert 'viewBox="0 0 24 24"' in text and "currentColor" in text


def scene() -> FakeContext:
    ctx = FakeContext((24, 32), scale=3.0)
    ctx.add(rectangle(ctx.shape, 2, 2, 14, 20), 1)
    ctx.add(rectangle(ctx.shape, 16, 2, 30, 20), 2, locked=True)
    ctx.select(1)
    return ctx


def value_of(kind: str, seed: int, shape: tuple[int, int]) -> Any:
    mask = np.random.default_rng(seed).random(shape) < 0.5
    return Prediction(mask.astype(np.float32), mask) if kind in ("coarse", "prediction") else None


@st.composite
def events(draw: st.DrawFn) -> Event:
    kind = draw(st.sampled_from(KINDS))
    near = st.floats(-8, 40, allow_nan=False, width=32)
    return Event(kind, draw(near), draw(near), draw(st.sampled_from(["left", "right", "middle", ""])),
                 draw(st.sampled_from(["Enter", "Backspace", "Tab"])) if kind == "key" else "",
                 frozenset(draw(st.sets(st.sampled_from(["shift", "ctrl", "alt"])))), draw(st.sampled_from([0.0, 0.4, 1.0])),
                 value_of(kind, draw(st.integers(0, 3)), (24, 32)))


@pytest.mark.parametrize("tool", ALL, ids=lambda t: t.name)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sequence=st.lists(events(), max_size=25), start=st.booleans())
def test_any_sequence_of_events(tool: type[Tool], sequence: list[Event], start: bool) -> None:
    """Errors are sentences for the user; locked regions keep their pixels; Esc and undo bring every earlier state back."""
    options = {"start_from_region": start} if hasattr(tool.Params(), "start_from_region") else {}
    ctx = scene()
    hand, locked = Hand(ctx, tool(**options)), ctx.mask(2)
    states = [ctx.snapshot()]
    for event in sequence:
        hand.runner.feed(event)
        if not hand.runner.running and len(ctx.history.titles()) == len(states):
            states.append(ctx.snapshot())
        assert not [e for e in hand.errors if type(e).__module__ != "segcore.errors"]
        assert len(ctx.history.titles()) <= len(states)
    hand.escape()
    assert ctx.snapshot() == states[-1] and np.array_equal(ctx.mask(2), locked)
    assert set(np.unique(ctx.annotation.region_map)) <= {0, *ctx.annotation.regions}
    for state in reversed(states):
        assert ctx.snapshot() == state
        ctx.history.undo(ctx.annotation)
