"""Plug-ins written as text with their options, as recipes and command lines name them: `lovasz_softmax(pixels=1000)`."""
from __future__ import annotations

import re
from typing import TypeVar

from segcore.errors import PromptError
from segcore.params import set_param
from segcore.registry import Plugin, Registry

T = TypeVar("T", bound=Plugin)


def from_text(registry: Registry[T], text: str) -> T:
    """The plug-in that `name` or `name(option=value, …)` describes; raises PromptError for unknown names, options or values."""
    match = re.fullmatch(r"\s*(\w+)\s*(?:\((.*)\))?\s*", text)
    if match is None or match[1] not in registry:
        raise PromptError(f"There is no “{text.strip()}”.", f"There are: {', '.join(cls.name for cls in registry)}.")
    plugin = registry[match[1]]()
    set_options(plugin, (match[2] or "").split(","))
    return plugin


def set_options(plugin: Plugin, options: list[str]) -> None:
    """Set options written as `name=value` on a plug-in; raises PromptError."""
    for option in filter(str.strip, options):
        name, _, value = option.partition("=")
        set_param(plugin.params, name.strip(), value)
