"""A hostile picture, decoded within limits: its header is judged before a pixel is decoded. Runs in a child process."""

from __future__ import annotations

import io

from PIL import Image, ImageFilter, ImageOps, ImageStat, UnidentifiedImageError

from hocba_app.domain.errors import ErrorCode, HocbaError

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
WORK_WIDTH = 1600
"""Longest side that is looked at, in pixels: a signature that fills a fifth of the photo still gets its 300."""
ACCEPTED = "ảnh PNG, JPG hoặc HEIC"
"""What people are asked for; WebP, GIF and BMP, as browsers and scanners save them, are taken as well."""
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_UNREADABLE = (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
_THINLY, _WHITE = 128, 200
"""Mean opacity of a picture that is mostly transparent, and the light of what is drawn on it from which on it is white ink."""
_LEAST_WIDTH, _MAX_ENLARGED = 1000, 4
"""A picture smaller than that on its longer side is enlarged, so many times at most: what strokes are is told in pixels."""
_DEEP_MODES = ("I", "I;16", "I;16B", "I;16L", "F")


def kind_of(data: bytes) -> str | None:
    """Pillow's name for the file's format, by its first bytes; None for a file we do not take."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    if data.startswith(b"BM") and data[6:10] == b"\0\0\0\0":
        return "BMP"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return "HEIF"
    return None


def header(data: bytes) -> Image.Image:
    """The picture with nothing decoded but its header.

    Raises:
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE.
    """
    if len(data) > MAX_BYTES:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))
    kind = kind_of(data)
    if kind is None:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=ACCEPTED)
    if kind == "HEIF":
        from pi_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
        if picture.width * picture.height > MAX_PIXELS:
            raise HocbaError(ErrorCode.IMAGE_TOO_LARGE, megapixels=MAX_PIXELS // 1_000_000)
    except _UNREADABLE as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=ACCEPTED) from error
    return picture


def decode(data: bytes) -> Image.Image:
    """The picture in RGB, upright, at most :data:`WORK_WIDTH` on its longer side; transparent parts are paper, of moving pictures
    the first one counts.

    Args:
        data: the uploaded file, from anybody.

    Raises:
        HocbaError: as :func:`header`.
    """
    opened = header(data)
    try:
        opened.draft("RGB", (WORK_WIDTH, WORK_WIDTH))
        factor = max(opened.size) // (2 * WORK_WIDTH)
        large = factor > 1 and opened.mode in ("L", "LA", "RGB", "RGBA")
        picture = _eight_bits(
            opened.reduce(factor) if large else opened
        )  # a large one is made smaller before it is copied
        picture.thumbnail((WORK_WIDTH, WORK_WIDTH), Image.Resampling.LANCZOS)
        return _large_enough(_on_paper(ImageOps.exif_transpose(picture)))
    except _UNREADABLE as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=ACCEPTED) from error


def _seen(level: int) -> int:
    return 255 if level > 64 else 0


def _large_enough(picture: Image.Image) -> Image.Image:
    factor = min(_MAX_ENLARGED, _LEAST_WIDTH // max(picture.size))
    if factor < 2:
        return picture
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.BICUBIC)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """A picture of indexed or deep pixels as one that can be scaled; Pillow's own conversion cuts 16 bits off at white."""
    if picture.mode in _DEEP_MODES:
        highest = picture.getextrema()[1]
        # Cameras and scanners put 10, 12 or 14 bits into 16.
        bits = max(8, int(highest).bit_length()) if isinstance(highest, int | float) else 8
        scale = 255.0 / (2**bits - 1)
        return picture.convert("F").point(lambda level: level * scale + 0.0).convert("L")
    if picture.mode == "1":  # grey of a scanner is dots of black and white
        return picture.convert("L").filter(ImageFilter.GaussianBlur(1))
    if picture.mode in ("P", "PA") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture if picture.mode in ("L", "LA", "RGB", "RGBA") else picture.convert("RGB")


def _on_paper(picture: Image.Image) -> Image.Image:
    if picture.mode not in ("RGBA", "LA"):
        return picture.convert("RGB")
    drawn = picture.convert("RGBA")
    covered = drawn.getchannel("A")
    if (
        float(ImageStat.Stat(covered).mean[0]) < _THINLY
        and ImageStat.Stat(drawn.convert("L"), covered.point(_seen)).mean[0] > _WHITE
    ):
        return ImageOps.invert(covered).convert("RGB")  # white ink, drawn on a dark page
    paper = Image.new("RGBA", drawn.size, "white")
    paper.alpha_composite(drawn)
    return paper.convert("RGB")
