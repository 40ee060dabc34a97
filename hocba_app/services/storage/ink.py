"""From a photo of a signature on paper, or a picture of the seal, to the normalised image that is drawn on records.

Pictures are decoded in children only: :func:`signature_image` and its like hand the bytes over, :func:`drawn` and
:func:`made_small` run there.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageChops, ImageFilter, ImageOps, ImageStat, UnidentifiedImageError

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import Limits, decode_one
from hocba_app.recordfile.appearance import InkImage

MAX_BYTES = 10 * 1024 * 1024
MAX_PIXELS = 40_000_000
LIMITS = Limits(seconds=20, memory=896 * 1024 * 1024, output=32 * 1024 * 1024)
"""Of the child: forty megapixels with transparency take some 650 MB while they are put on white."""
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
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE, IMAGE_EMPTY, FILE_TOO_COMPLEX, BUSY.
        Abandoned: whoever asked has left.
    """
    return _drawn_elsewhere(data, SIGNATURE_WIDTH, adjust, solid=False)


def seal_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """The same for the seal, at the seal's size, its solid parts kept. Errors as :func:`signature_image`."""
    return _drawn_elsewhere(data, SEAL_WIDTH, adjust, solid=True)


def png_url(png: bytes) -> str:
    """A small PNG as a data URL, for a page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def small_copy(data: bytes, size: tuple[int, int]) -> bytes:
    """An uploaded picture as it came, made small: a PNG. Errors as :func:`signature_image`, but IMAGE_EMPTY."""
    _require_size(data)
    return decode_one(made_small, [data], limits=LIMITS, width=size[0], height=size[1])[1]


def readable(pictures: Sequence[bytes]) -> list[HocbaError | None]:
    """Whether each upload begins as a picture we take, by its header: why not, or None. One child for all of them."""
    return [HocbaError(ErrorCode(code), **params) if code else None for code, params in decode_one(headers, pictures, limits=LIMITS)[0]]


def _drawn_elsewhere(data: bytes, width: int, adjust: Adjust, *, solid: bool) -> tuple[InkImage, bytes]:
    _require_size(data)
    found, both = decode_one(drawn, [data], limits=LIMITS, width=width, turns=adjust.turns % 4, strength=adjust.strength, solid=solid)
    return InkImage.loads(both[: int(found)]), both[int(found) :]


def _require_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))


def drawn(files: Sequence[bytes], *, width: int, turns: int, strength: str, solid: bool) -> Iterator[tuple[int, bytes]]:
    """In a child: the stored image and its preview, one behind the other, with the length of the first."""
    image, preview = _normalise(files[0], width, Adjust(turns, strength), solid=solid)
    stored = image.dumps()
    yield len(stored), stored + preview


def made_small(files: Sequence[bytes], *, width: int, height: int) -> Iterator[tuple[None, bytes]]:
    """In a child: the picture as a small PNG."""
    picture = _open(files[0])
    picture.thumbnail((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "PNG")
    yield None, out.getvalue()


def headers(files: Sequence[bytes]) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """In a child: for each picture the code of its refusal, or ""."""
    found: list[tuple[str, dict[str, Any]]] = []
    for data in files:
        try:
            _header(data)
            found.append(("", {}))
        except HocbaError as error:
            found.append((error.code.value, error.params))
    yield found


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
    picture = _header(data)
    try:
        picture.draft("RGB", (_WORK_WIDTH, _WORK_WIDTH))
        factor = max(picture.size) // (2 * _WORK_WIDTH)
        if factor > 1 and picture.mode in ("L", "LA", "RGB", "RGBA"):
            picture = picture.reduce(factor)  # a large one is made smaller before it is copied for anything else
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


def _header(data: bytes) -> Image.Image:
    """The picture with nothing decoded but its header.

    Raises:
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE.
    """
    _require_size(data)
    kind = next((name for magic, name in _MAGIC.items() if data.startswith(magic)), None)
    if kind is None:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED)
    try:
        picture = Image.open(io.BytesIO(data), formats=[kind])
        if picture.width * picture.height > MAX_PIXELS:
            raise HocbaError(ErrorCode.IMAGE_TOO_LARGE, megapixels=MAX_PIXELS // 1_000_000)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=_ACCEPTED) from error
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
