"""How one image looks in the list: thumbnail, name, state as a dot and a word."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.theme import colors

if TYPE_CHECKING:
    from app.thumbnails import Thumbnails
    from app.workspace import Workspace

THUMBNAIL = (72, 54)
ROW_HEIGHT = 66


@dataclass(frozen=True, slots=True)
class State:
    """How a state of an image is shown: word, icon, colour role, filled dot or ring."""

    title: str
    icon: str
    role: str
    filled: bool = True


STATES = {"new": State("New", "unlabelled", "muted", filled=False), "labelled": State("Labelled", "edit", "accent"),
          "done": State("Done", "check", "ok"), "flagged": State("Flagged", "flag", "warning")}


class ImageRow(QStyledItemDelegate):
    """Paints rows of the list; asks for a thumbnail only when its row is painted."""

    def __init__(self, workspace: Workspace, thumbnails: Thumbnails, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace, self._thumbnails = workspace, thumbnails

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(160, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> None:
        entry = index.data(Qt.ItemDataRole.UserRole)
        project = self._workspace.project
        if entry is None or project is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        rect, c = option.rect, colors()
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(c.tint if selected else c.hover))
            painter.drawRoundedRect(QRectF(rect).adjusted(2, 1, -2, -1), 6, 6)
        frame = QRect(rect.left() + 8, rect.top() + (ROW_HEIGHT - THUMBNAIL[1]) // 2, *THUMBNAIL)
        self._paint_thumbnail(painter, frame, self._thumbnails.get(entry.name, project.image_path(entry)))
        self._paint_words(painter, rect, index.data(), entry.state, QColor(c.on_tint if selected else c.text))
        painter.restore()

    def _paint_thumbnail(self, painter: QPainter, frame: QRect, picture: object) -> None:
        from PySide6.QtGui import QPixmap
        path = QPainterPath()
        path.addRoundedRect(QRectF(frame), 4, 4)
        painter.fillPath(path, QColor(colors().hover))
        if isinstance(picture, QPixmap) and not picture.isNull():
            scale = max(frame.width() / picture.width(), frame.height() / picture.height())
            source = QRectF(0, 0, frame.width() / scale, frame.height() / scale)
            source.moveCenter(QRectF(picture.rect()).center())
            painter.save()
            painter.setClipPath(path)
            painter.drawPixmap(QRectF(frame), picture, source)
            painter.restore()
        elif isinstance(picture, QPixmap):
            painter.setPen(QColor(colors().muted))
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, "?")

    def _paint_words(self, painter: QPainter, rect: QRect, name: str, state_name: str, color: QColor) -> None:
        state = STATES.get(state_name, STATES["new"])
        left = rect.left() + THUMBNAIL[0] + 18
        room = rect.right() - left - 8
        line = painter.fontMetrics().lineSpacing()
        top = rect.top() + (ROW_HEIGHT - 2 * line - 5) // 2
        painter.setPen(color)
        painter.drawText(left, top, room, line, Qt.AlignmentFlag.AlignVCenter,
                         painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, room))
        tone = QColor(getattr(colors(), state.role))
        middle = QPointF(left + 4.5, top + line + 5 + line / 2)
        painter.setPen(tone)
        painter.setBrush(tone if state.filled else Qt.BrushStyle.NoBrush)
        painter.drawEllipse(middle, 3.6, 3.6)
        painter.setPen(QColor(colors().muted))
        painter.drawText(left + 14, top + line + 5, room - 14, line, Qt.AlignmentFlag.AlignVCenter, state.title)
