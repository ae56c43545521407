"""Zoom and place of the photo in the widget: fit, zoom at a point, pan, and remembering them."""
from __future__ import annotations

from PySide6.QtCore import QPointF, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.canvas.geometry import LARGEST_SCALE, SMALLEST_SCALE, View, fitted

FIT_MARGIN = 16

ViewState = tuple[float, float, float, bool]
"""Scale, the image point in the middle of the widget as shares of the image's size, and whether the image is fitted."""
FITTED: ViewState = (1.0, 0.5, 0.5, True)


class Viewport(QWidget):
    """A widget with a View of an image. Methods take image coordinates; `scale` is device pixels per image pixel."""

    view_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = View()
        self._is_fitted = True

    @property
    def view(self) -> View:
        """Where the image lies now, in device pixels."""
        return self._view

    @property
    def scale(self) -> float:
        """Device pixels per image pixel; 1.0 is 100 %."""
        return self._view.scale

    @property
    def is_fitted(self) -> bool:
        """Whether the whole image is shown, and will be after the widget is resized."""
        return self._is_fitted

    def device_point(self, position: QPointF) -> tuple[float, float]:
        """A position in the widget in device pixels."""
        ratio = self.devicePixelRatioF()
        return position.x() * ratio, position.y() * ratio

    def image_point(self, position: QPointF) -> tuple[float, float]:
        """The image coordinates of a position in the widget."""
        return self._view.to_image(*self.device_point(position))

    def fit(self) -> None:
        """Show the whole image, and keep doing so when the widget is resized."""
        self._is_fitted = True
        self._apply(fitted(self._view.shape, self._device_size(), FIT_MARGIN * self.devicePixelRatioF()))

    def actual_size(self) -> None:
        """One image pixel per screen pixel."""
        self.zoom_to(1.0)

    def zoom_to(self, factor: float, around: tuple[float, float] | None = None) -> None:
        """Set the scale, keeping the image point `around` (the middle of the widget when None) where it is."""
        view = self._view
        smallest = min(SMALLEST_SCALE, fitted(view.shape, view.size, 0).scale)
        factor = min(max(factor, smallest), LARGEST_SCALE)
        at = (view.size[0] / 2, view.size[1] / 2) if around is None else view.to_screen(*around)
        x, y = view.to_image(*at)
        on_image = 0 <= x <= view.shape[1] and 0 <= y <= view.shape[0]
        zoomed = view.zoomed(factor, at)
        self._is_fitted = False
        self._apply(zoomed if on_image else zoomed.kept_in_sight())

    def zoom_by(self, factor: float, around: tuple[float, float] | None = None) -> None:
        """Multiply the scale; stops at 100 % on the way past it, so that sharp pixels are easy to reach."""
        target = self.scale * factor
        if min(self.scale, target) < 0.999 and max(self.scale, target) > 1.001 and abs(self.scale - 1) > 1e-9:
            target = 1.0
        self.zoom_to(target, around)

    def center_on(self, x: float, y: float) -> None:
        """Bring an image point to the middle of the widget."""
        view = self._view
        left, top = view.to_screen(x, y)
        self._is_fitted = False
        self._apply(view.placed(view.scale, view.x + view.size[0] / 2 - left, view.y + view.size[1] / 2 - top).kept_in_sight())

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the image by logical pixels."""
        ratio, view = self.devicePixelRatioF(), self._view
        self._is_fitted = False
        self._apply(view.placed(view.scale, view.x + round(dx * ratio), view.y + round(dy * ratio)).kept_in_sight())

    def view_state(self) -> ViewState:
        """Zoom and place, to be restored later, also on another image."""
        view = self._view
        x, y = view.to_image(view.size[0] / 2, view.size[1] / 2)
        return view.scale, x / view.shape[1], y / view.shape[0], self._is_fitted

    def restore_view(self, state: ViewState) -> None:
        """Go back to what `view_state` returned."""
        scale, x, y, is_fitted = state
        if is_fitted:
            self.fit()
            return
        self.zoom_to(scale)
        self.center_on(x * self._view.shape[1], y * self._view.shape[0])

    def show_shape(self, shape: tuple[int, int], state: ViewState | None = None) -> None:
        """Begin with another image of that (height, width): fitted, or placed as `view_state` said of another one."""
        self._view = View(self._view.scale, self._view.x, self._view.y, shape, self._device_size())
        self.restore_view(state or FITTED)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the image fitted, or what was in the middle in the middle."""
        self.follow_size()

    def follow_size(self) -> None:
        """Take over the widget's size in device pixels, after it or the screen changed."""
        state = self.view_state()
        self._view = View(self._view.scale, self._view.x, self._view.y, self._view.shape, self._device_size())
        self.restore_view(state)

    def _device_size(self) -> tuple[int, int]:
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def _apply(self, view: View) -> None:
        if view != self._view:
            self._view = view
            self.view_changed.emit()
        self.update()
