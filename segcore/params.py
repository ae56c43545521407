"""Dataclass fields that describe their own form control, so that option forms and the command line need no wiring."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, field, fields
from typing import Any, get_type_hints

from segcore.errors import PromptError


def param(default: Any, *, min: float | None = None, max: float | None = None, step: float | None = None, label: str = "",
          help: str = "", choices: Sequence[str] | None = None, unit: str = "", advanced: bool = False) -> Any:
    """A dataclass field with what a form needs to know about it.

    `min`, `max`, `step` bound numbers; `choices` lists allowed strings; `label`, `help` and `unit` are shown to the user;
    `advanced` fields are folded away.
    """
    metadata = {"min": min, "max": max, "step": step, "label": label, "help": help, "choices": choices, "unit": unit,
                "advanced": advanced}
    return field(default=default, metadata=metadata)


def set_param(params: Any, name: str, text: str) -> None:
    """Set one field of a Params object from text, as `--set name=value` does; raises PromptError with the allowed values."""
    hints = get_type_hints(type(params))
    if name not in hints:
        raise PromptError(f"There is no option “{name}”.", f"The options are: {', '.join(hints) or 'none'}.")
    kind = hints[name]
    try:
        value: Any = text.strip().lower() in ("1", "true", "yes", "on") if kind is bool else kind(text)
    except ValueError:
        raise PromptError(f"“{text}” is not a valid value for {name}.", f"It must be of type {kind.__name__}.") from None
    setattr(params, name, value)
    check_params(params)


def check_params(params: Any) -> None:
    """Raise PromptError if a field is outside its declared bounds or choices."""
    for f in fields(params):
        value, meta = getattr(params, f.name), f.metadata
        if meta.get("choices") is not None and value not in meta["choices"]:
            raise PromptError(f"{f.name} cannot be “{value}”.", f"Choose one of: {', '.join(map(str, meta['choices']))}.")
        low, high = meta.get("min"), meta.get("max")
        if low is not None and value < low or high is not None and value > high:
            raise PromptError(f"{f.name} = {value} is out of range.", f"It must be between {low} and {high}.")


def make_params(cls: type, values: Mapping[str, Any]) -> Any:
    """Build a Params dataclass from keyword values, refusing unknown names and values out of bounds with a plain sentence."""
    known = {f.name for f in fields(cls)}
    for name in values:
        if name not in known:
            raise PromptError(f"There is no option “{name}”.", f"The options are: {', '.join(sorted(known)) or 'none'}.")
    params = cls(**values)
    check_params(params)
    return params


def describe(cls: type) -> list[dict[str, Any]]:
    """The fields of a Params dataclass as plain dictionaries: name, type, default and the metadata given to `param`."""
    hints = get_type_hints(cls)
    return [{"name": f.name, "type": getattr(hints[f.name], "__name__", str(hints[f.name])),
             "default": None if f.default is MISSING else f.default, **f.metadata} for f in fields(cls)]
