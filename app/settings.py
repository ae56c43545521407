"""What the program remembers between sessions: one JSON file in the user's configuration folder."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from segcore import safe_io
from segcore.errors import SegcoreError


class Settings(QObject):
    """Dotted keys to JSON values, written shortly after a change. A broken file is set aside, not fatal."""

    changed = Signal(str)

    def __init__(self, path: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path or default_path()
        self._values: dict[str, Any] = _load(self.path)
        self._timer = QTimer(self, singleShot=True, interval=500)
        self._timer.timeout.connect(self.flush)
        self._dirty = False

    def get(self, key: str, default: Any = None) -> Any:
        """The value stored under `key`, or `default`."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Store a JSON value and tell those who listen, if it is a new one."""
        if key in self._values and self._values[key] == value:
            return
        self._values[key] = value
        self._touch(key)

    def remove(self, key: str) -> None:
        """Forget a key, so that its default counts again."""
        if self._values.pop(key, None) is not None:
            self._touch(key)

    def flush(self) -> None:
        """Write now; settings are a convenience, so a full disk is passed over and tried again at the next change."""
        if not self._dirty:
            return
        self._dirty = False
        self._timer.stop()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            safe_io.put(self.path, json.dumps(self._values, indent=1, sort_keys=True).encode())
        except (OSError, SegcoreError):
            self._dirty = True

    def _touch(self, key: str) -> None:
        self._dirty = True
        self._timer.start()
        self.changed.emit(key)


def default_path() -> Path:
    """Where the settings live: settings.json in the user's configuration folder."""
    import platformdirs
    return Path(platformdirs.user_config_dir("segdesk", appauthor=False)) / "settings.json"


def _load(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
