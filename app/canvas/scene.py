"""The pictures that make up the canvas, kept at screen resolution and rendered again only where something changed."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter

from app.canvas.geometry import Rect, View, intersect, is_empty
from app.canvas.overlay import Colors, Layer, argb, render
from app.canvas.palette import RegionPalette
from app.canvas.preview import Preview, draw_shade, draw_shapes, render_mask, render_strokes
from app.canvas.tiles import Pyramid, adjust
from app.document import Document
from segcore.types import Box

GRID_FROM = 16.0
GRID = np.array([[argb((128, 128, 128), 0.4)]], np.uint32)
NOWHERE: Rect = (0, 0, 0, 0)


class Plane:
    """A picture of the visible part of the image in device pixels; it can be moved and patched."""

    def __init__(self, format: QImage.Format) -> None:
        self._format = format
        self._pixels: Colors = np.zeros((0, 0), np.uint32)
        self._image = QImage()
        self.rect: Rect = NOWHERE
        self.stale = True

    def fill(self, rect: Rect, picture: Colors | None) -> None:
        """Show another picture, of the size of `rect`, or none."""
        self.stale = False
        self.rect = rect if picture is not None else NOWHERE
        self._pixels = np.ascontiguousarray(picture) if picture is not None else np.zeros((0, 0), np.uint32)
        height, width = self._pixels.shape
        self._image = QImage(self._pixels.data, width, height, self._pixels.strides[0], self._format) if width else QImage()

    def patch(self, rect: Rect, picture: Colors) -> None:
        """Replace a part."""
        x, y = self.rect[:2]
        self._pixels[rect[1] - y:rect[3] - y, rect[0] - x:rect[2] - x] = picture

    def move(self, dx: int, dy: int, rect: Rect) -> list[Rect]:
        """Move the picture; `rect` is what is to be visible now. Returns the parts of it that are missing."""
        x, y = self.rect[0] + dx, self.rect[1] + dy
        there = intersect((x, y, self.rect[2] + dx, self.rect[3] + dy), rect)
        if is_empty(there):
            self.stale = True
            return []
        picture = np.empty((rect[3] - rect[1], rect[2] - rect[0]), np.uint32)
        x0, y0, x1, y1 = there
        picture[y0 - rect[1]:y1 - rect[1], x0 - rect[0]:x1 - rect[0]] = self._pixels[y0 - y:y1 - y, x0 - x:x1 - x]
        self.fill(rect, picture)
        parts = [(rect[0], rect[1], rect[2], y0), (rect[0], y1, rect[2], rect[3]), (rect[0], y0, x0, y1), (x1, y0, rect[2], y1)]
        return [part for part in parts if not is_empty(part)]

    def draw(self, painter: QPainter, exposed: Rect) -> None:
        """Paint what lies in `exposed`."""
        part = intersect(exposed, self.rect)
        if not is_empty(part):
            painter.drawImage(qrect(part), self._image, qrect(part).translated(-self.rect[0], -self.rect[1]))


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
        if ratio != self._ratio:
            self._ratio = ratio
            self.restyle()
        if view == self._view:
            return
        before, self._view = self._view, view
        dx, dy = round(view.x - before.x), round(view.y - before.y)
        moved = view.placed(view.scale, before.x + dx, before.y + dy)
        if view.scale == before.scale and view.shape == before.shape and abs(moved.x - view.x) + abs(moved.y - view.y) < 1e-6:
            self._move(dx, dy)
        else:
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
        if (brightness, contrast) != (self.brightness, self.contrast):
            self.brightness, self.contrast, self._photo.stale = brightness, contrast, True

    def set_style(self, mode: str, opacity: float, hidden_classes: frozenset[int], hidden_regions: frozenset[int],
                  show_grid: bool) -> None:
        """Show the regions in another way; `mode` is one of `palette.MODES`."""
        palette, style = self.palette, (mode, opacity, hidden_classes, hidden_regions)
        if style != (palette.mode, palette.opacity, palette.hidden_classes, palette.hidden_regions):
            palette.mode, palette.opacity, palette.hidden_classes, palette.hidden_regions = style
            self.restyle()
        if show_grid != self.show_grid:
            self.show_grid, self._overlay.stale = show_grid, True

    def restyle(self) -> None:
        """Colour the regions anew: other classes, opacity, mode or hidden ones."""
        self.palette.width = max(1, int(1.5 * self._ratio + 0.5))
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
        if self.preview.rect is not None:
            draw_shade(painter, self.preview.rect, self._view)
        self._marks.draw(painter, exposed)
        if not self.preview.empty:
            draw_shapes(painter, self.preview, self._view, self._ratio)

    def _invalidate(self) -> None:
        self._photo.stale = self._overlay.stale = self._extra.stale = self._marks.stale = True

    def _move(self, dx: int, dy: int) -> None:
        """Keep what is rendered already when the image only moved by whole device pixels."""
        visible = self._view.visible
        self._marks.stale = True
        if not is_empty(self._dirty):
            x0, y0, x1, y1 = self._dirty
            self._dirty = intersect((x0 + dx, y0 + dy, x1 + dx, y1 + dy), visible)
        renders = {self._photo: self._photo_part, self._overlay: self._overlay_part, self._extra: self._extra_part}
        for plane, render_part in renders.items():
            if not plane.stale and not is_empty(plane.rect):
                for rect in plane.move(dx, dy, visible):
                    plane.patch(rect, render_part(rect))
            else:
                plane.stale = True

    def _render(self) -> None:
        visible = self._view.visible
        mode = self.palette.mode
        if self.document is None or is_empty(visible):
            return
        if self._photo.stale and mode != "mask":
            self._photo.fill(visible, self._photo_part(visible))
        if self._overlay.stale:
            self._overlay.fill(visible, self._overlay_part(visible) if mode != "off" or self._has_grid else None)
        elif not is_empty(self._dirty) and not is_empty(self._overlay.rect):
            self._overlay.patch(self._dirty, self._overlay_part(self._dirty))
        self._dirty = NOWHERE
        if self._extra.stale:
            self._extra.fill(visible, self._extra_part(visible) if self.layers else None)
        if self._marks.stale:
            self._render_marks()

    def _photo_part(self, rect: Rect) -> Colors:
        assert self.pyramid is not None
        picture = self.pyramid.render(self._view, rect)
        return adjust(picture, self.brightness, self.contrast) if self.brightness or self.contrast else picture

    def _overlay_part(self, rect: Rect) -> Colors:
        assert self.document is not None
        picture = render(self.document.annotation.region_map, self.palette.paint(), self._view, rect)
        if self._has_grid:
            rule(picture, self._view, rect)
        return picture

    def _extra_part(self, rect: Rect) -> Colors:
        return self._together(rect, [(rect, render(layer.labels, layer.paint, self._view, rect)) for layer in self.layers])

    def _render_marks(self) -> None:
        width = max(1, round(self._ratio))
        parts = [render_mask(self.preview, self._view, self.tint, width), render_strokes(self.preview, self._view)]
        shown = [part for part in parts if part is not None]
        visible = self._view.visible
        self._marks.fill(visible, self._together(visible, shown) if shown else None)

    @staticmethod
    def _together(rect: Rect, parts: list[tuple[Rect, Colors]]) -> Colors:
        """Pictures, each with its place, over each other in one of the size of `rect`."""
        if len(parts) == 1 and parts[0][0] == rect:
            return parts[0][1]
        whole = np.zeros((rect[3] - rect[1], rect[2] - rect[0]), np.uint32)
        for (x0, y0, x1, y1), picture in parts:
            area = whole[y0 - rect[1]:y1 - rect[1], x0 - rect[0]:x1 - rect[0]]
            area[...] = blend(area, picture)
        return whole

    @property
    def _has_grid(self) -> bool:
        return self.show_grid and self._view.scale >= GRID_FROM * self._ratio


def rule(picture: Colors, view: View, rect: Rect) -> None:
    """Draw the borders between image pixels into the overlay's device pixels `rect`."""
    columns = np.flatnonzero(np.diff(view.columns(rect[0] - 1, rect[2])))
    rows = np.flatnonzero(np.diff(view.rows(rect[1] - 1, rect[3])))
    ruled = picture.copy()
    ruled[:, columns] = blend(picture[:, columns], GRID)
    ruled[rows] = blend(picture[rows], GRID)
    picture[:] = ruled


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
