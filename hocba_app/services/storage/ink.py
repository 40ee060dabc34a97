"""From a photo of a signature on paper, or a picture of the seal, to the normalised image that is drawn on records."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat, UnidentifiedImageError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.recordfile.appearance import InkImage

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIGNATURE_WIDTH, SEAL_WIDTH = 300, 400
_WORK_WIDTH = 1200
_LEAST_INK = 0.0008
"""Share of the picture that must be ink for it to hold a signature."""
_MAGIC = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}
_ACCEPTED = "ảnh PNG hoặc JPG"
STRENGTHS = {"light": (12, 36), "normal": (28, 82), "strong": (52, 82)}
"""How much darker than the paper around it a dot must be to count as ink (below lies grain, a stain, a printed line), and
how many levels more are full ink."""


@dataclass(frozen=True, slots=True)
class Adjust:
    """What a person changes when he looks at the cleaned image."""

    turns: int = 0
    """Quarter turns clockwise."""
    strength: str = "normal"
    """Of :data:`STRENGTHS`: ``light`` keeps faint strokes, ``strong`` drops stains and lines of the paper."""


AS_IT_IS = Adjust()


def signature_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """Clean a photographed signature: paper and shadows removed, cropped, one ink colour.

    Args:
        data: the uploaded file.

    Returns:
        The stored image, and a PNG preview on white.

    Raises:
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE, IMAGE_EMPTY.
    """
    return _normalise(data, SIGNATURE_WIDTH, adjust, solid=False)


def seal_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """The same for the seal, at the seal's size, its solid parts kept. Errors as :func:`signature_image`."""
    return _normalise(data, SEAL_WIDTH, adjust, solid=True)


def png_url(png: bytes) -> str:
    """A small PNG as a data URL, for a page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def small_copy(data: bytes, size: tuple[int, int]) -> bytes:
    """An uploaded picture as it came, made small: a PNG. Errors as :func:`signature_image`, but IMAGE_EMPTY."""
    picture = _open(data)
    picture.thumbnail(size, Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _normalise(data: bytes, width: int, adjust: Adjust, *, solid: bool) -> tuple[InkImage, bytes]:
    picture = _open(data)
    if adjust.turns % 4:
        picture = picture.rotate(-90 * (adjust.turns % 4), expand=True)
    mask = _ink_mask(picture, STRENGTHS.get(adjust.strength, STRENGTHS["normal"]), solid)
    box = mask.point(lambda level: 255 if level > 40 else 0).getbbox()
    inked = sum(mask.histogram()[64:]) / (mask.width * mask.height)
    if box is None or inked < _LEAST_INK:
        raise HocbaError(ErrorCode.IMAGE_EMPTY)
    colour = _ink_colour(picture, mask)
    margin = 4
    box = (max(0, box[0] - margin), max(0, box[1] - margin), min(mask.width, box[2] + margin), min(mask.height, box[3] + margin))
    cropped = mask.crop(box)
    height = max(1, min(width * 2, round(cropped.height * width / cropped.width)))
    small = cropped.resize((width, height), Image.Resampling.LANCZOS)
    image = InkImage.from_mask(width, height, colour, small.tobytes())
    preview = Image.new("RGB", small.size, "white")
    preview.paste(colour, mask=small)
    out = io.BytesIO()
    preview.save(out, "PNG")
    return image, out.getvalue()


def _open(data: bytes) -> Image.Image:
    """Decode a hostile picture within limits; its header is judged before a pixel is decoded."""
    if len(data) > MAX_BYTES:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if kind is None:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
        if picture.width * picture.height > MAX_PIXELS:
            raise HocbaError(ErrorCode.IMAGE_TOO_LARGE, megapixels=MAX_PIXELS // 1_000_000)
        picture.draft("RGB", (_WORK_WIDTH, _WORK_WIDTH))
        picture = ImageOps.exif_transpose(picture)
        if picture.mode in ("RGBA", "LA", "P"):
            picture = picture.convert("RGBA")
            paper = Image.new("RGBA", picture.size, "white")
            paper.alpha_composite(picture)
            picture = paper
        picture = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED) from error
    picture.thumbnail((_WORK_WIDTH, _WORK_WIDTH), Image.Resampling.LANCZOS)
    return picture


def _ink_mask(picture: Image.Image, strength: tuple[int, int], solid: bool) -> Image.Image:
    """How much ink lies on each dot: the dot against the paper around it, so that shadows vanish.

    In a solid part (the star of a seal) nothing around is paper: there the colour tells ink, which no shadow has.
    """
    darkest = ImageChops.darker(ImageChops.darker(*picture.split()[:2]), picture.split()[2])
    radius = max(8, picture.width // 24)
    paper = darkest.filter(ImageFilter.MaxFilter(9)).filter(ImageFilter.GaussianBlur(radius))
    difference = ImageChops.subtract(paper, darkest)
    if solid:
        difference = ImageChops.lighter(difference, _colourful(picture, darkest))
    least, span = strength
    return difference.point(lambda level: 0 if level < least else min(255, round((level - least) * 255 / span)))


def _colourful(picture: Image.Image, darkest: Image.Image) -> Image.Image:
    """How much more colour a dot has than the paper, which is most of the picture (warm light tints it)."""
    brightest = ImageChops.lighter(ImageChops.lighter(*picture.split()[:2]), picture.split()[2])
    colour = ImageChops.subtract(brightest, darkest)
    tint = round(ImageStat.Stat(colour).median[0])
    return colour.point(lambda level: max(0, level - tint))


def _ink_colour(picture: Image.Image, mask: Image.Image) -> tuple[int, int, int]:
    strong = mask.point(lambda level: 255 if level > 200 else 0)
    if strong.getbbox() is None:
        strong = mask
    totals = []
    for band in picture.split():
        histogram = band.histogram(strong)
        count = sum(histogram) or 1
        totals.append(round(sum(level * number for level, number in enumerate(histogram)) / count))
    return totals[0], totals[1], totals[2]
