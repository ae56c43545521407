"""How commands talk: a progress bar on long work, tables for people, JSON for machines, one plain sentence for errors."""
from __future__ import annotations

import json
import sys
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from segcore.errors import SegcoreError
from segcore.types import Progress

Result = TypeVar("Result")


def follow(steps: Generator[Progress, None, Result], title: str) -> Result:
    """Run a long operation to its end with a progress bar on stderr; Ctrl+C closes it cleanly and becomes a SegcoreError."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
               TextColumn("{task.fields[message]}", markup=False))
    console = Console(stderr=True)
    with closing(steps), Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=None, message="")
        try:
            while True:
                step = next(steps)
                bar.update(task, completed=step.done, total=step.total, message=step.message[:60])
        except StopIteration as end:
            result: Result = end.value
            return result
        except KeyboardInterrupt:
            raise SegcoreError("Stopped.", "What was finished until then is whole.") from None


def say(text: str) -> None:
    """One line for people."""
    print(text.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8"))


def complain(text: str) -> None:
    """One line on stderr."""
    encoding = sys.stderr.encoding or "utf-8"
    print(" ".join(text.split()).encode(encoding, "replace").decode(encoding), file=sys.stderr)


def as_json(value: Any) -> None:
    """A value for machines: ASCII JSON on stdout."""
    print(json.dumps(asdict(value) if is_dataclass(value) and not isinstance(value, type) else value, indent=1, default=_plain))


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value.item() if hasattr(value, "item") else repr(value)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; cells are shown as they are, without markup."""
    grid = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        grid.add_row(*(Text(str(cell)) for cell in row))
    Console().print(grid)


def figure_rows(figures: dict[str, Any]) -> list[tuple[str, object]]:
    """Rows of measured figures, in percent; figures by class become one row each."""
    rows: list[tuple[str, object]] = []
    for name, value in figures.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        rows += [(f"{name} {key}".strip(), f"{100 * v:.2f}" if isinstance(v, float) else v) for key, v in parts]
    return rows


def lists(skipped: Sequence[tuple[str, str]], warnings: Sequence[str], most: int = 20) -> None:
    """The reasons of what was skipped and the warnings, on stderr, the first of each."""
    for lines in ([f"skipped {name}: {reason}" for name, reason in skipped], list(warnings)):
        for line in lines[:most]:
            complain(line)
        if len(lines) > most:
            complain(f"… and {len(lines) - most} more.")
