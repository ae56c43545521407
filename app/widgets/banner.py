"""The strip over the canvas that tells of errors and warnings: never in the way of work, gone with one click."""
from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from app.theme import icon

WARNING_MS = 15_000


class Banner(QFrame):
    """Shows one sentence; the same sentence twice is shown once, further ones are counted and follow on dismissal.

    An error stays until it is dismissed, a warning goes by itself.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner_error")
        self._waiting: list[tuple[str, str]] = []
        self._icon = QLabel(self)
        self._text = QLabel(self, wordWrap=True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = QLabel(self)
        self._more.setProperty("role", "muted")
        self._close = QToolButton(self, toolTip="Dismiss", accessibleName="Dismiss this message")
        self._close.setIcon(icon("cross"))
        self._close.setIconSize(QSize(16, 16))
        self._close.clicked.connect(self._next)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 10, 8, 10)
        layout.setSpacing(11)
        layout.addWidget(self._icon)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._more)
        layout.addWidget(self._close)
        self._until = QTimer(self, singleShot=True, interval=WARNING_MS)
        self._until.timeout.connect(self._next)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence on show, empty when there is none."""
        return self._text.text() if not self.isHidden() else ""

    def show_text(self, text: str, kind: str = "error") -> None:
        """Show a sentence, or queue it behind the one on show; `kind` is error or warning."""
        if self.isHidden():
            self._show(text, kind)
        elif text != self._text.text() and (text, kind) not in self._waiting:
            self._waiting.append((text, kind))
            self._count()

    def dismiss(self) -> None:
        """Take away everything."""
        self._waiting.clear()
        self._until.stop()
        self.hide()

    def _show(self, text: str, kind: str) -> None:
        self.setObjectName(f"banner_{kind}")
        self._icon.setPixmap(icon("warning", "danger" if kind == "error" else "warning").pixmap(18, 18))
        self._text.setText(text)
        self._count()
        if kind == "warning":
            self._until.start()
        else:
            self._until.stop()
        self.style().polish(self)
        self.show()
        self.raise_()
        QTimer.singleShot(0, self.updateGeometry)

    def _next(self) -> None:
        if self._waiting:
            self._show(*self._waiting.pop(0))
        else:
            self.hide()

    def _count(self) -> None:
        self._more.setText(f"+{len(self._waiting)}" if self._waiting else "")
        self._more.setVisible(bool(self._waiting))
