"""The decoder against Pillow and hand-made targets: every mode and orientation, and every way a file can be bad."""
from __future__ import annotations

import contextlib
import io
import os
import random
import resource
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pil
from PIL import ImageOps

from segcore.errors import ImageError
from segcore.image_io import probe, read_image, read_index_mask, read_thumbnail, upright

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}


def target(width: int, height: int) -> Pil.Image:
    """Four corners of four colours: no two orientations look alike."""
    pixels = np.zeros((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    for (rows, cols), color in zip([(slice(0, h), slice(0, w)), (slice(0, h), slice(w, None)), (slice(h, None), slice(0, w)),
                                    (slice(h, None), slice(w, None))], CORNERS.values(), strict=True):
        pixels[rows, cols] = color
    return Pil.fromarray(pixels)


def corner_names(pixels: np.ndarray) -> list[str]:
    h, w = pixels.shape[:2]
    spots = [pixels[y, x].astype(int) for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
    return [min(CORNERS, key=lambda name: int(np.abs(spot - CORNERS[name]).sum())) for spot in spots]


# Where the stored corners (red, green / blue, white) belong on the screen, from the EXIF standard's table.
SHOWN = {1: ["red", "green", "blue", "white"], 2: ["green", "red", "white", "blue"], 3: ["white", "blue", "green", "red"],
         4: ["blue", "white", "red", "green"], 5: ["red", "blue", "green", "white"], 6: ["blue", "red", "white", "green"],
         7: ["white", "green", "blue", "red"], 8: ["green", "white", "red", "blue"]}


@pytest.mark.parametrize("size", [(96, 64), (64, 64)], ids=["oblong", "square"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path: Path, kind: str, orientation: int, size: tuple[int, int]) -> None:
    exif = Pil.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a.{kind.lower()}"
    options = {"quality": 95} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    target(*size).save(path, kind, exif=exif, **options)
    shape = size[::-1] if orientation < 5 else size
    image, info, small = read_image(path), probe(path), read_thumbnail(path, 32)
    assert image.pixels.shape == (*shape, 3) and (info.height, info.width) == shape
    assert corner_names(image.pixels) == SHOWN[orientation] == corner_names(small)
    assert image.orientation == info.orientation == orientation
    assert max(small.shape) == 32


def test_orientation_stands_behind_the_pixels_of_a_png(tmp_path: Path) -> None:
    plain = io.BytesIO()
    target(96, 64).save(plain, "PNG")
    exif = Pil.Exif()
    exif[0x0112] = 6
    body = b"eXIf" + exif.tobytes()[6:]
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = plain.getvalue()
    path = tmp_path / "a.png"
    path.write_bytes(data[:-12] + chunk + data[-12:])
    assert corner_names(read_image(path).pixels) == SHOWN[6]
    assert probe(path).width == 64


@pytest.mark.parametrize("value", [0, 9, 255])
def test_an_impossible_orientation_is_ignored(tmp_path: Path, value: int) -> None:
    exif = Pil.Exif()
    exif[0x0112] = value
    target(96, 64).save(tmp_path / "a.jpg", exif=exif)
    assert corner_names(read_image(tmp_path / "a.jpg").pixels) == SHOWN[1]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_upright_agrees_with_pillow(orientation: int, kind: type) -> None:
    values = np.arange(35, dtype=np.uint8).reshape(5, 7)
    picture = Pil.fromarray(values)
    picture.getexif()[0x0112] = orientation
    assert np.array_equal(upright(values.astype(kind), orientation), np.asarray(ImageOps.exif_transpose(picture)))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_jpegs_are_read_to_the_bit_as_pillow_reads_them(tmp_path: Path, mode: str, progressive: bool, subsampling: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (75, 101, 3), np.uint8)
    path = tmp_path / "a.jpg"
    Pil.fromarray(noise).convert(mode).save(path, quality=80, progressive=progressive, subsampling=subsampling)
    assert np.array_equal(read_image(path).pixels, np.asarray(Pil.open(path).convert("RGB")))


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P"])
@pytest.mark.parametrize("options", [{"quality": 5}, {"quality": 90, "method": 6}, {"lossless": True}],
                         ids=["5", "90", "lossless"])
def test_webps_are_read_to_the_bit_as_pillow_reads_them(tmp_path: Path, mode: str, options: dict[str, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (75, 101, 4), np.uint8)
    path = tmp_path / "a.webp"
    Pil.fromarray(noise if mode == "RGBA" else noise[..., :3]).convert(mode).save(path, **options)
    with Pil.open(path) as picture:
        assert np.array_equal(read_image(path).pixels, np.asarray(picture.convert("RGB")))
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(ImageError, match="damaged"):
        read_image(path)


@pytest.mark.data
def test_a_photo_is_read_as_pillow_reads_it() -> None:
    path = DATA / "photos" / "fruit_14mp.jpg"
    if not path.exists():
        pytest.skip("the shared photos are not there")
    image = read_image(path)
    assert np.array_equal(image.pixels, np.asarray(Pil.open(path).convert("RGB")))
    assert image.depth == 8 and not image.pixels.flags.writeable and len(image.sha256) == 64


def save(tmp_path: Path, picture: Pil.Image, name: str, **options: object) -> Path:
    picture.save(tmp_path / name, **options)
    return tmp_path / name


def test_sixteen_bit_grey_is_stretched(tmp_path: Path) -> None:
    values = np.array([[1000, 2000], [3000, 5000]], np.uint16)
    for name in ("a.png", "a.tif"):
        image = read_image(save(tmp_path, Pil.fromarray(values), name))
        assert image.pixels[:, :, 0].tolist() == [[0, 64], [128, 255]] and image.depth == 16
        assert any("1000 to 5000" in notice for notice in image.notices)


def test_a_float_image_with_nan_and_infinity_opens(tmp_path: Path) -> None:
    values = np.array([[-1.0, np.nan, 1.0], [np.inf, 0.0, -np.inf]], np.float32)
    image = read_image(save(tmp_path, Pil.fromarray(values), "a.tif"))
    assert image.pixels[:, :, 2].tolist() == [[0, 0, 255], [0, 128, 0]]
    assert any("3 pixels" in notice for notice in image.notices)
    blank = read_image(save(tmp_path, Pil.fromarray(np.full((2, 2), np.nan, np.float32)), "b.tif"))
    assert not blank.pixels.any()


def test_sixteen_bit_colour_keeps_its_high_bytes(tmp_path: Path) -> None:
    import cv2
    values = np.random.default_rng(0).integers(0, 65536, (9, 7, 3), np.uint16)
    for name, extension in (("a.png", ".png"), ("a.tif", ".tiff")):
        (tmp_path / name).write_bytes(cv2.imencode(extension, values[:, :, ::-1])[1].tobytes())
        image = read_image(tmp_path / name)
        assert np.array_equal(image.pixels, (values >> 8).astype(np.uint8)) and image.depth == 16


def test_cmyk_of_adobe_is_not_negative(tmp_path: Path) -> None:
    path = save(tmp_path, Pil.new("CMYK", (16, 16), (0, 255, 255, 0)), "a.jpg", quality=95)
    data = path.read_bytes()
    assert b"Adobe" in data
    r, g, b = read_image(path).pixels[8, 8].tolist()
    assert r > 240 and g < 15 and b < 15
    assert read_image(path).source_mode == "CMYK" and read_thumbnail(path, 4)[1, 1, 0] > 240


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_keep_their_colour(tmp_path: Path, mode: str) -> None:
    picture = Pil.new("RGBA", (4, 4), (200, 100, 50, 0)).convert(mode)
    image = read_image(save(tmp_path, picture, "a.png"))
    grey = picture.getpixel((0, 0))[0]
    assert image.pixels[0, 0].tolist() == ([200, 100, 50] if mode == "RGBA" else [grey] * 3)
    assert image.notices


def test_one_bit_palette_and_bmp_images_open(tmp_path: Path) -> None:
    bits = np.array([[0, 1, 1], [1, 0, 0]], bool)
    assert read_image(save(tmp_path, Pil.fromarray(bits), "a.png")).pixels[:, :, 1].tolist() == [[0, 255, 255], [255, 0, 0]]
    picture = target(8, 8).quantize(4)
    for name in ("p.png", "p.bmp", "p.gif"):
        assert corner_names(read_image(save(tmp_path, picture, name)).pixels) == SHOWN[1]
    see_through = save(tmp_path, picture, "t.png", transparency=0)
    assert corner_names(read_image(see_through).pixels) == SHOWN[1]


def test_of_several_pages_the_first_is_shown_with_a_notice(tmp_path: Path) -> None:
    frames = [target(16, 16), Pil.new("RGB", (16, 16))]
    for name in ("a.gif", "a.webp", "a.tif", "a.png"):
        path = save(tmp_path, frames[0], name, save_all=True, append_images=frames[1:])
        image = read_image(path)
        assert corner_names(image.pixels) == SHOWN[1] and any("2 pages" in notice for notice in image.notices), name


@pytest.mark.parametrize("name", ["a b.jpg", "é\u0301.jpg", "a\nb.jpg", "-rf.jpg", "%41#?.jpg", "\N{CAT FACE}.JPG",
                                  "noextension", "wrong.png", os.fsdecode(b"\xff\xfe.jpg")], ids=ascii)
def test_any_name_works_and_the_content_decides(tmp_path: Path, name: str) -> None:
    data = io.BytesIO()
    target(96, 64).save(data, "JPEG")
    path = tmp_path / name
    try:
        path.write_bytes(data.getvalue())
    except OSError:
        pytest.skip("this file system does not take the name")
    assert read_image(path).shape == (64, 96) and probe(path).format == "JPEG" and max(read_thumbnail(path, 9).shape) == 9


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))


TINY = struct.pack(">I", 1) + b"IDAT\0" + struct.pack(">I", zlib.crc32(b"IDAT\0"))
BAD = {"empty": b"", "text": b"hello, this is no image", "html": b"<html><body>404</body></html>", "nul": bytes(5000),
       "header": png_header(60000, 60000) + TINY, "zero": png_header(0, 10) + TINY, "long": png_header(1 << 20, 2) + TINY,
       "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n", "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>"}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_image_is_one_plain_sentence(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(BAD[name])
    for read in (probe, read_image, read_index_mask, lambda p: read_thumbnail(p, 64)):
        with pytest.raises(ImageError) as caught:
            read(path)
        assert "bad.jpg" in caught.value.message and "\n" not in caught.value.message


def test_missing_files_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    for name in ("missing.jpg", "pipe.jpg", "loop.jpg", ""):
        with pytest.raises(ImageError):
            read_image(tmp_path / name)


def test_a_bomb_is_refused_by_its_header_with_the_reason(tmp_path: Path) -> None:
    pixels = zlib.compress(bytes(30001 * 30000), 1)
    body = b"IDAT" + pixels
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(30000, 30000) + struct.pack(">I", len(pixels)) + body + struct.pack(">I", zlib.crc32(body)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (probe, read_image, lambda p: read_thumbnail(p, 64)):
        with pytest.raises(ImageError, match="30,000 × 30,000.*400 million"):
            read(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
    assert Pil.MAX_IMAGE_PIXELS is not None


def test_an_image_beyond_pillows_own_limit_opens(tmp_path: Path) -> None:
    """190 million pixels are more than Pillow's global limit allows and less than ours."""
    path = tmp_path / "wide.png"
    path.write_bytes(png_header(60000, 3200) + TINY)
    assert probe(path).width == 60000


def test_memory_that_is_not_there_is_the_reason_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from segcore import image_io
    path = tmp_path / "a.png"
    path.write_bytes(png_header(10000, 10000) + TINY)
    monkeypatch.setattr(image_io, "_available_memory", lambda: 500 << 20)
    with pytest.raises(ImageError, match="0.4 GiB of memory; 0.5 GiB are free"):
        probe(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL.*")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP", "WEBP", "GIF"])
def test_truncated_and_flipped_files_never_escape(tmp_path: Path, kind: str) -> None:
    rng = random.Random(kind)
    data = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    Pil.fromarray(noise).save(data, kind)
    whole, path = data.getvalue(), tmp_path / "a"
    for share in (0.02, 0.3, 0.6, 0.9):
        path.write_bytes(whole[:int(len(whole) * share)])
        with pytest.raises(ImageError):
            read_image(path)
    for _ in range(60):
        broken = bytearray(whole)
        for _ in range(rng.randint(1, 20)):
            broken[rng.randrange(min(len(broken), rng.choice((64, 400, 10**6))))] = rng.randrange(256)
        path.write_bytes(broken)
        for read in (read_image, read_index_mask, lambda p: read_thumbnail(p, 20)):
            with contextlib.suppress(ImageError):
                read(path)
    assert path.read_bytes() == broken


def test_a_jpeg_without_end_marker_opens_and_one_cut_short_does_not(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), np.uint8)
    for progressive in (False, True):
        data = io.BytesIO()
        Pil.fromarray(noise).save(data, "JPEG", progressive=progressive)
        whole, path = data.getvalue(), tmp_path / "a.jpg"
        path.write_bytes(whole)
        expected = read_image(path).pixels
        for variant in (whole[:-2], whole + b"trailing bytes"):
            path.write_bytes(variant)
            assert np.array_equal(read_image(path).pixels, expected)
        for cut in (10, 200, len(whole) // 2):
            path.write_bytes(whole[:-cut])
            with pytest.raises(ImageError, match="cut short"):
                read_image(path)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("color", [0, 3], ids=["grey", "palette"])
def test_index_masks_of_every_depth_keep_their_indices(tmp_path: Path, bits: int, color: int) -> None:
    indices = (np.arange(64).reshape(8, 8) * 37 % (1 << bits)).astype(np.uint8)
    planes = ((indices[:, :, None] >> np.arange(bits)[::-1]) & 1).astype(np.uint8)
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in planes)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    palette = chunk(b"PLTE", os.urandom(3 << bits)) if color == 3 else b""
    path = tmp_path / "mask.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, color, 0, 0, 0)) + palette
                     + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    mask = read_index_mask(path)
    assert mask.dtype == np.uint8 and np.array_equal(mask, indices)


def test_wide_alpha_and_rgb_masks(tmp_path: Path) -> None:
    wide = np.array([[0, 255, 256, 33999, 65535]], np.uint16)
    for name in ("a.png", "a.tif"):
        mask = read_index_mask(save(tmp_path, Pil.fromarray(wide), name))
        assert mask.dtype == np.uint16 and np.array_equal(mask, wide)
    alpha = np.dstack([np.arange(6, dtype=np.uint8).reshape(2, 3), np.full((2, 3), 9, np.uint8)])
    assert np.array_equal(read_index_mask(save(tmp_path, Pil.fromarray(alpha, "LA"), "b.png")), alpha[:, :, 0])
    assert corner_names(read_index_mask(save(tmp_path, target(8, 8), "c.png"))) == SHOWN[1]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "GIF"])
def test_formats_that_change_indices_are_refused_as_masks(tmp_path: Path, kind: str) -> None:
    path = save(tmp_path, Pil.fromarray(np.zeros((8, 8), np.uint8)), "mask.png", format=kind)
    with pytest.raises(ImageError, match="does not keep class indices"):
        read_index_mask(path)


def test_importing_the_decoder_loads_no_imaging_library() -> None:
    code = "import sys, segcore.image_io; print([m for m in ('PIL', 'cv2', 'torch', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout.strip() == "[]", done.stderr
