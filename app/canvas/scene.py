"""The pictures that make up the canvas, kept at screen resolution and rendered again only where something changed."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLine, QRect
from PySide6.QtGui import QColor, QImage, QPainter

from app.canvas.geometry import Rect, View, intersect, is_empty
from app.canvas.overlay import Colors, Layer, render
from app.canvas.palette import RegionPalette
from app.canvas.preview import Preview, draw_shapes, render_mask, render_strokes
from app.canvas.tiles import Pyramid, adjust
from app.document import Document
from segcore.types import Box

GRID_FROM = 16.0
NOWHERE: Rect = (0, 0, 0, 0)


class Plane:
    """One picture of the widget's size in device pixels, of which a part holds something."""

    def __init__(self, format: QImage.Format) -> None:
        self._format = format
        self._pixels = np.zeros((1, 1), np.uint32)
        self._image = QImage()
        self.filled: Rect = NOWHERE
        self.stale = True

    def begin(self, size: tuple[int, int]) -> None:
        """Empty the picture and make it (width, height)."""
        if self._pixels.shape != (size[1], size[0]):
            self._pixels = np.zeros((size[1], size[0]), np.uint32)
            self._image = QImage(self._pixels.data, *size, self._pixels.strides[0], self._format)
        self.filled, self.stale = NOWHERE, False

    def put(self, rect: Rect, picture: Colors) -> None:
        """Fill a part; all of the first one is what `draw` shows."""
        self._pixels[rect[1]:rect[3], rect[0]:rect[2]] = picture
        if is_empty(self.filled):
            self.filled = rect

    def draw(self, painter: QPainter, rect: Rect) -> None:
        """Paint what lies in `rect`."""
        part = intersect(rect, self.filled)
        if not is_empty(part):
            area = qrect(part)
            painter.drawImage(area, self._image, area)


class Scene:
    """Photo, overlay, layers and preview of one document in one view. Knows Qt's pictures but no widget."""

    def __init__(self) -> None:
        self.palette = RegionPalette()
        self.document: Document | None = None
        self.pyramid: Pyramid | None = None
        self.preview = Preview()
        self.layers: Sequence[Layer] = ()
        self.brightness = self.contrast = 0.0
        self.show_grid = True
        self.tint = (255, 255, 255)
        self._view = View()
        self._ratio = 1.0
        self._photo = Plane(QImage.Format.Format_RGB32)
        self._overlay = Plane(QImage.Format.Format_ARGB32_Premultiplied)
        self._extra = Plane(QImage.Format.Format_ARGB32_Premultiplied)
        self._marks = Plane(QImage.Format.Format_ARGB32_Premultiplied)
        self._dirty: Rect = NOWHERE

    def set_document(self, document: Document | None, pyramid: Pyramid | None) -> None:
        """Show another image, or none."""
        self.document, self.pyramid, self.preview, self.layers = document, pyramid, Preview(), ()
        self.restyle()
        self._invalidate()

    def set_view(self, view: View, ratio: float) -> None:
        """Show the image elsewhere or larger; `ratio` device pixels are one logical one."""
        if view != self._view or ratio != self._ratio:
            if ratio != self._ratio:
                self._ratio = ratio
                self.restyle()
            self._view = view
            self._invalidate()

    def set_preview(self, preview: Preview) -> None:
        """Show other marks of the running gesture; its planes are rendered again only if they are other arrays."""
        before, self.preview = self.preview, preview
        if preview.mask is not before.mask or preview.box != before.box or preview.strokes is not before.strokes:
            self._marks.stale = True

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Show other planes between the overlay and the marks."""
        self.layers, self._extra.stale = tuple(layers), True

    def set_light(self, brightness: float, contrast: float) -> None:
        """Show the photo brighter or with more contrast, each -1..1."""
        self.brightness, self.contrast, self._photo.stale = brightness, contrast, True

    def restyle(self) -> None:
        """Colour the regions anew: other classes, opacity, mode or hidden ones."""
        self.palette.width = max(1, round(self._ratio))
        if self.document is not None:
            self.palette.rebuild(self.document.annotation.regions, self.document.classes, self.document.active_region)
        self._overlay.stale = self._marks.stale = True

    def reselect(self) -> None:
        """Another region is the active one."""
        assert self.document is not None
        self.palette.update(self.document.annotation.regions)
        self.palette.select(self.document.active_region)
        self._overlay.stale = self._marks.stale = True

    def mark(self, box: Box) -> Rect | None:
        """Pixels of `box` changed: the device pixels to paint again, None for all of them."""
        assert self.document is not None
        regions = self.document.annotation.regions
        y0, y1, _ = box[0].indices(self.document.shape[0])
        x0, x1, _ = box[1].indices(self.document.shape[1])
        known = self.palette.knows(regions)
        if (y1 <= y0 or x1 <= x0 or not known) and self.palette.update(regions):
            self._overlay.stale = True
            return None
        rect = self._view.device_rect(box, self.palette.width + 2)
        self._dirty = rect if is_empty(self._dirty) else _around(self._dirty, rect)
        return rect

    def draw(self, painter: QPainter, exposed: Rect) -> None:
        """Paint all of it inside the device pixels `exposed`; the painter works in device pixels."""
        self._render()
        if self.palette.mode != "mask":
            self._photo.draw(painter, exposed)
        self._overlay.draw(painter, exposed)
        self._extra.draw(painter, exposed)
        if self.show_grid and self._view.scale >= GRID_FROM * self._ratio:
            self._draw_grid(painter, exposed)
        self._marks.draw(painter, exposed)
        if not self.preview.empty:
            draw_shapes(painter, self.preview, self._view, self._ratio)

    def _invalidate(self) -> None:
        self._photo.stale = self._overlay.stale = self._extra.stale = self._marks.stale = True

    def _render(self) -> None:
        if self.document is None or self.pyramid is None:
            return
        if self._photo.stale and self.palette.mode != "mask":
            self._render_photo(self.pyramid)
        if self._overlay.stale or not is_empty(self._dirty):
            self._render_overlay(self.document)
        if self._extra.stale:
            self._render_extra()
        if self._marks.stale:
            self._render_marks()

    def _render_photo(self, pyramid: Pyramid) -> None:
        view, rect = self._view, self._view.visible
        self._photo.begin(view.size)
        if not is_empty(rect):
            picture = pyramid.render(view, rect)
            if self.brightness or self.contrast:
                picture = adjust(picture, self.brightness, self.contrast)
            self._photo.put(rect, picture)

    def _render_overlay(self, document: Document) -> None:
        view = self._view
        rect, self._dirty = self._dirty, NOWHERE
        if self._overlay.stale:
            rect = view.visible
            self._overlay.begin(view.size)
        paint = self.palette.paint()
        if not is_empty(rect) and paint is not None:
            self._overlay.put(rect, render(document.annotation.region_map, paint, view, rect))

    def _render_extra(self) -> None:
        self._extra.begin(self._view.size)
        self._put_all(self._extra, [(self._view.visible, render(layer.labels, layer.paint, self._view, self._view.visible))
                                    for layer in self.layers if not is_empty(self._view.visible)])

    def _render_marks(self) -> None:
        self._marks.begin(self._view.size)
        width = max(1, round(self._ratio))
        parts = [render_mask(self.preview, self._view, self.tint, width), render_strokes(self.preview, self._view)]
        self._put_all(self._marks, [part for part in parts if part is not None])

    def _put_all(self, plane: Plane, parts: list[tuple[Rect, Colors]]) -> None:
        """Lay pictures over each other in one plane."""
        if not parts:
            return
        if len(parts) == 1:
            plane.put(*parts[0])
            return
        visible = self._view.visible
        whole = np.zeros((visible[3] - visible[1], visible[2] - visible[0]), np.uint32)
        for (x0, y0, x1, y1), picture in parts:
            area = whole[y0 - visible[1]:y1 - visible[1], x0 - visible[0]:x1 - visible[0]]
            area[...] = blend(area, picture)
        plane.put(visible, whole)

    def _draw_grid(self, painter: QPainter, exposed: Rect) -> None:
        view = self._view
        x0, y0, x1, y1 = intersect(exposed, view.visible)
        if x1 <= x0:
            return
        columns, rows = view.columns(x0, x1), view.rows(y0, y1)
        lines = [QLine(x0 + int(i) + 1, y0, x0 + int(i) + 1, y1 - 1) for i in np.flatnonzero(np.diff(columns))]
        lines += [QLine(x0, y0 + int(i) + 1, x1 - 1, y0 + int(i) + 1) for i in np.flatnonzero(np.diff(rows))]
        painter.setPen(QColor(128, 128, 128, 110))
        painter.drawLines(lines)


def blend(below: Colors, above: Colors) -> Colors:
    """One premultiplied picture over another."""
    lower, upper = (np.ascontiguousarray(p).view(np.uint8).reshape(*p.shape, 4) for p in (below, above))
    through = 255 - upper[..., 3:].astype(np.uint16)
    return np.asarray(upper + ((lower * through + 127) // 255).astype(np.uint8)).view(np.uint32)[..., 0]


def qrect(rect: Rect) -> QRect:
    """A rectangle as Qt's."""
    return QRect(rect[0], rect[1], rect[2] - rect[0], rect[3] - rect[1])


def _around(a: Rect, b: Rect) -> Rect:
    if is_empty(b):
        return a
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
