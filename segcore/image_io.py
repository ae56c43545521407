"""The one decoder: every image that the program shows, computes on or exports is read here, so that all see the same pixels.

The header is judged before any pixel is decoded, the EXIF orientation is applied exactly once, and no path is handed to a
library: files are opened by Python and decoded from bytes, so any file name works.
"""
from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from segcore.errors import ImageError
from segcore.safe_io import show
from segcore.types import Image

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

EXTENSIONS = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".dib", ".webp", ".gif"})
"""File-name endings, in lower case, that a folder is searched for; the content decides what a file really is."""
MAX_PIXELS = 400_000_000
MAX_SIDE = 65_535
_MAX_FILE = 4 << 30
_SUPPORTED = "SegDesk reads JPEG, PNG, TIFF, BMP, WebP and GIF."
_ORIENTATION = 0x0112
_STORED_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What the header says: upright width and height, Pillow's colour mode, format, bits per channel, pages, EXIF orientation.

    `predicted_bytes` is the memory that decoding will take at its peak.
    """

    width: int
    height: int
    mode: str
    format: str
    depth: int
    pages: int
    orientation: int
    predicted_bytes: int


def probe(path: str | os.PathLike[str]) -> ImageInfo:
    """Read the header only. Raises ImageError for what is no image, is of an unknown format, or is too large to decode."""
    with _open(path) as file:
        return _header(file, path)[1]


def read_image(path: str | os.PathLike[str]) -> Image:
    """Decode a file to upright, read-only RGB.

    8-bit sources keep their values; 16-bit colour keeps its high bytes; 16-bit grey, 32-bit and float sources are stretched
    from their smallest to their largest finite value, NaN becomes black, and a notice says so. Alpha is dropped, and of
    several pages the first is read, again with a notice. Colour profiles are not applied. Raises ImageError.
    """
    with _open(path) as file:
        data = file.read()
    pixels, info, notices = _decode(data, path)
    pixels.flags.writeable = False
    return Image(pixels, info.mode, info.depth, hashlib.sha256(data).hexdigest(), info.orientation, tuple(notices))


def read_thumbnail(path: str | os.PathLike[str], size: int) -> NDArray[np.uint8]:
    """A small upright copy, uint8 (h, w, 3) RGB with both sides ≤ `size`, never enlarged. Raises ImageError."""
    import cv2
    with _open(path) as file:
        data = file.read()
    image, info = _header(io.BytesIO(data), path)
    pixels = None
    if _plain_jpeg(image, info):
        shrink = min(max(info.width, info.height) // max(size, 1), 8)
        flag = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2,
                0: cv2.IMREAD_COLOR}[8 if shrink >= 8 else 4 if shrink >= 4 else 2 if shrink >= 2 else 0]
        small = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
        if small is not None:
            pixels = upright(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8), info.orientation)
    if pixels is None:
        pixels = _decode(data, path)[0]
    scale = size / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    h, w = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA), np.uint8)


def read_index_mask(path: str | os.PathLike[str]) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """A label mask as it is stored: indices uint8 or uint16 (H, W), or uint8 (H, W, 3) when it is an RGB picture.

    Palette and grey masks of 1, 2, 4, 8 and 16 bits give their exact indices; alpha is dropped. Raises ImageError, also for
    JPEG, WebP and GIF, which do not keep indices.
    """
    with _open(path) as file:
        data = file.read()
    image, info = _header(io.BytesIO(data), path)
    if info.format in ("JPEG", "MPO", "WEBP", "GIF"):
        raise ImageError(f"“{_name(path)}” is a {info.format} file, which does not keep class indices exactly.",
                         "Save the mask as PNG.")
    try:
        image.load()
        values = _indices(image, info)
    except Exception as error:
        raise _unreadable(path, error) from error
    return upright(values, 1 if info.format == "TIFF" else info.orientation)


def _indices(image: ImageFile, info: ImageInfo) -> NDArray[Any]:
    mode = image.mode
    if mode in ("1", "P", "PA"):
        return np.array(image if mode != "PA" else image.getchannel(0), np.uint8)
    if mode in ("L", "LA"):
        grey = np.array(image.getchannel(0), np.uint8)
        return grey // np.uint8({1: 255, 2: 85, 4: 17}.get(info.depth, 1))  # Pillow spreads 2 and 4 bits over 0..255
    if mode.startswith(("I", "F")):
        wide = np.asarray(image)
        if not ((wide >= 0) & (wide <= 65535) & (wide == np.floor(wide))).all():
            raise ValueError("its values are no class indices")
        return wide.astype(np.uint16)
    return np.array(image.convert("RGB"), np.uint8)


def upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Undo an EXIF orientation 1..8 of an (H, W) or (H, W, C) array; other values leave it alone."""
    import cv2
    if orientation in (5, 6, 7, 8):
        pixels = cv2.transpose(pixels)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return pixels if flip is None else cv2.flip(pixels, flip)


def _open(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"“{_name(path)}” is not a file.")
        if status.st_size == 0:
            raise ImageError(f"“{_name(path)}” is empty (0 bytes).")
        if status.st_size > _MAX_FILE:
            raise ImageError(f"“{_name(path)}” is too large ({status.st_size >> 30} GiB).")
        return open(path, "rb")
    except ValueError:  # a zero or half a surrogate pair in the name
        raise ImageError(f"“{_name(path)}” is no possible file name.") from None
    except OSError as error:
        raise ImageError(f"“{_name(path)}” cannot be read: {error.strerror}.") from error


def _header(file: BinaryIO, path: str | os.PathLike[str]) -> tuple[ImageFile, ImageInfo]:
    head = file.read(32)
    file.seek(0)
    try:
        image = _plugin(head)(file)
    except ImageError as error:
        raise ImageError(f"“{_name(path)}” cannot be read: {error.message}", error.hint) from None
    except Exception as error:
        raise _unreadable(path, error) from error
    kind, orientation = image.format or "", _orientation(image, file)
    if kind == "TIFF":
        width, height = int(image.tag_v2[256]), int(image.tag_v2[257])  # type: ignore[attr-defined]
    else:
        width, height = image.size
    if orientation > 4:
        width, height = height, width
    predicted = width * height * (3 + _STORED_BYTES.get(image.mode, 4) + (4 if image.mode in ("I", "F") else 0))
    _check_size(path, width, height, predicted)
    try:
        pages = int(getattr(image, "n_frames", 1))
    except Exception:
        pages = 1
    return image, ImageInfo(width, height, image.mode, kind, _depth(image, head), pages, orientation, predicted)


def _plugin(head: bytes) -> Any:
    """Pillow's class for the format that the first bytes show.

    Called directly because `PIL.Image.open` refuses by one global pixel limit, while the limit here is ours and explained.
    """
    if head.startswith(b"\xff\xd8\xff"):
        from PIL.JpegImagePlugin import jpeg_factory
        return jpeg_factory
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        from PIL.PngImagePlugin import PngImageFile
        return PngImageFile
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        from PIL.TiffImagePlugin import TiffImageFile
        return TiffImageFile
    if head.startswith(b"BM"):
        from PIL.BmpImagePlugin import BmpImageFile
        return BmpImageFile
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        from PIL.WebPImagePlugin import WebPImageFile
        return WebPImageFile
    if head.startswith((b"GIF87a", b"GIF89a")):
        from PIL.GifImagePlugin import GifImageFile
        return GifImageFile
    raise ImageError("it is not an image of a format that we know.", _SUPPORTED)


def _check_size(path: str | os.PathLike[str], width: int, height: int, predicted: int) -> None:
    size = f"“{_name(path)}” has {width:,} × {height:,} pixels"
    if width < 1 or height < 1:
        raise ImageError(f"{size}, so there is nothing to show.")
    if max(width, height) > MAX_SIDE:
        raise ImageError(f"{size}; no side may be longer than {MAX_SIDE:,}.", "Cut the image into tiles.")
    if width * height > MAX_PIXELS:
        raise ImageError(f"{size}, more than the {MAX_PIXELS // 10**6} million that SegDesk opens; it would take "
                         f"{predicted / 2**30:.1f} GiB of memory.", "Cut the image into tiles.")
    free = _available_memory() if predicted > 64 << 20 else 0
    if free and predicted > free // 2:
        raise ImageError(f"{size} and needs {predicted / 2**30:.1f} GiB of memory; {free / 2**30:.1f} GiB are free.",
                         "Close other programs or cut the image into tiles.")


def _available_memory() -> int:
    try:
        with open("/proc/meminfo", "rb") as file:
            return next((int(line.split()[1]) << 10 for line in file if line.startswith(b"MemAvailable")), 0)
    except OSError:
        return 0


def _orientation(image: ImageFile, file: BinaryIO) -> int:
    """The EXIF orientation 1..8; 1 when there is none or it is damaged. XMP is not asked: no other viewer does."""
    if image.format == "TIFF":
        value = image.tag_v2.get(_ORIENTATION, 1)  # type: ignore[attr-defined]
    else:
        from PIL.Image import Exif
        exif = Exif()
        try:
            exif.load(_png_exif(file) if image.format == "PNG" else image.info.get("exif", b""))
            value = exif.get(_ORIENTATION, 1)
        except Exception:
            value = 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _png_exif(file: BinaryIO) -> bytes:
    """The eXIf chunk wherever it stands: Pillow finds one behind the pixels only after decoding them."""
    at, found = file.tell(), b""
    file.seek(8)
    while len(head := file.read(8)) == 8 and not found:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            break
        if kind == b"eXIf":
            found = b"Exif\0\0" + file.read(min(length, 1 << 20))
        else:
            file.seek(length + 4, os.SEEK_CUR)
    file.seek(at)
    return found


def _depth(image: ImageFile, head: bytes) -> int:
    if image.format == "PNG":
        return head[24]
    if image.format == "TIFF":
        bits = image.tag_v2.get(258, (1,))  # type: ignore[attr-defined]
        return int(max(bits)) if isinstance(bits, tuple) else int(bits)
    return 1 if image.mode == "1" else 8


def _plain_jpeg(image: ImageFile, info: ImageInfo) -> bool:
    return info.format in ("JPEG", "MPO") and image.mode in ("L", "RGB")


def _decode(data: bytes, path: str | os.PathLike[str]) -> tuple[NDArray[np.uint8], ImageInfo, list[str]]:
    image, info = _header(io.BytesIO(data), path)
    notices: list[str] = []
    if info.pages > 1 and info.format != "MPO":
        notices.append(f"This file holds {info.pages} pages or frames; the first is shown.")
    try:
        if _plain_jpeg(image, info):
            # The same pixels as Pillow's, to the bit, without its slow way into an array: 126 against 195 ms at 14 MP.
            pixels, turned = _decode_jpeg(data), False
        elif info.format == "WEBP" and image.mode == "RGB" and info.pages == 1:
            pixels, turned = _decode_webp(data), False
        else:
            image.load()
            pixels, turned = _to_rgb(image, info, notices), info.format == "TIFF"  # Pillow turns TIFFs itself while loading
    except Exception as error:
        raise _unreadable(path, error) from error
    pixels = np.ascontiguousarray(pixels if turned else upright(pixels, info.orientation))
    if pixels.shape[:2] != (info.height, info.width):
        raise ImageError(f"“{_name(path)}” is damaged: its pixels do not fill the size that its header gives.")
    return pixels, info, notices


def _decode_jpeg(data: bytes) -> NDArray[np.uint8]:
    import cv2
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if pixels is None:
        # Only the end marker may be missing. If so, what follows the data changes no pixel; if rows are missing, it does.
        one, two = (cv2.imdecode(np.frombuffer(data + tail + b"\xff\xd9", np.uint8), flags) for tail in (b"", b"\x55" * 4096))
        if one is None or two is None or not np.array_equal(one, two):
            raise ValueError("the file is cut short or damaged")
        pixels = one
    return np.asarray(pixels, np.uint8)


def _decode_webp(data: bytes) -> NDArray[np.uint8]:
    """The same pixels as Pillow's, which takes twice as long; its PNG decoder stays, for OpenCV's opens damaged files."""
    import cv2
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise ValueError("the file is cut short or damaged")
    return np.asarray(pixels, np.uint8)


def _to_rgb(image: ImageFile, info: ImageInfo, notices: list[str]) -> NDArray[np.uint8]:
    if image.mode.startswith(("I", "F")):
        return _stretch(np.asarray(image), notices)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        notices.append("Transparency is ignored.")
    if info.depth > 8:
        notices.append(f"The {info.depth}-bit colours are shown with 8 bits.")
    if image.mode == "LA":
        return np.array(image.getchannel(0).convert("RGB"), np.uint8)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), np.uint8)


def _stretch(values: NDArray[Any], notices: list[str]) -> NDArray[np.uint8]:
    wide = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    finite = np.isfinite(wide)
    if not finite.all():
        notices.append(f"{int((~finite).sum()):,} pixels have no finite value; they are shown black.")
    low, high = (float(wide[finite].min()), float(wide[finite].max())) if finite.any() else (0.0, 0.0)
    notices.append(f"Values from {low:g} to {high:g} are shown as black to white.")
    scale = 255.0 / (high - low) if high > low else 0.0
    grey = np.where(finite, (np.clip(np.where(finite, wide, low), low, high) - low) * scale + 0.5, 0).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _unreadable(path: str | os.PathLike[str], error: Exception) -> ImageError:
    if isinstance(error, MemoryError):
        return ImageError(f"“{_name(path)}” needs more memory than there is.",
                          "Close other programs or cut the image into tiles.")
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return ImageError(f"“{_name(path)}” cannot be read; it is damaged or cut short ({reason}).")


def _name(path: str | os.PathLike[str]) -> str:
    return show(os.path.basename(os.fspath(path)))
