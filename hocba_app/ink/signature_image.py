"""From a photo of a signature on paper, or a picture of the seal, to the normalised image that is drawn on records.

Pictures are decoded in children only: the functions here hand the bytes over, those of :mod:`hocba_app.ink.drawing` run there.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import Limits, decode_one
from hocba_app.ink import drawing
from hocba_app.recordfile.appearance import InkImage

MAX_BYTES = drawing.MAX_BYTES
ACCEPTED = drawing.ACCEPTED
LIMITS = Limits(seconds=20, memory=896 * 1024 * 1024, output=32 * 1024 * 1024)
"""Of the child: forty megapixels with transparency take some 650 MB while they are put on white."""
SIGNATURE_WIDTH, SEAL_WIDTH = 300, 400
STRENGTHS = ("light", "normal", "strong")


@dataclass(frozen=True, slots=True)
class Adjust:
    """What a person changes when he looks at the cleaned image."""

    turns: int = 0
    """Quarter turns clockwise."""
    strength: str = "normal"
    """Of :data:`STRENGTHS`: ``light`` keeps faint strokes, ``strong`` drops stains and lines of the paper."""
    left: int = 0
    """Percent of the turned picture's width that is cut off at its left."""
    top: int = 0
    right: int = 0
    bottom: int = 0

    def __post_init__(self) -> None:
        """Whatever a page sends: at least a tenth of the picture stays."""
        if (
            not all(0 <= cut <= 100 for cut in (self.left, self.top, self.right, self.bottom))
            or max(self.left + self.right, self.top + self.bottom) > 90
        ):
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="khung cắt ảnh")


AS_IT_IS = Adjust()


def signature_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """Clean a photographed signature: paper and shadows removed, cropped, one ink colour.

    Args:
        data: the uploaded file.

    Returns:
        The stored image, and a PNG preview on white.

    Raises:
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE, IMAGE_EMPTY, IMAGE_TOO_BUSY, FILE_TOO_COMPLEX, BUSY.
        Abandoned: whoever asked has left.
    """
    return _drawn_elsewhere(data, SIGNATURE_WIDTH, adjust, solid=False)


def seal_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """The same for the seal, at the seal's size, its solid parts kept. Errors as :func:`signature_image`."""
    return _drawn_elsewhere(data, SEAL_WIDTH, adjust, solid=True)


def png_url(png: bytes) -> str:
    """A small PNG as a data URL, for a page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def small_copy(data: bytes, size: tuple[int, int], turns: int = 0) -> bytes:
    """An uploaded picture as it came, made small and turned: a PNG. Errors as :func:`signature_image`, but for empty ones."""
    _require_size(data)
    return decode_one(drawing.made_small, [data], limits=LIMITS, width=size[0], height=size[1], turns=turns % 4)[1]


def readable(pictures: Sequence[bytes]) -> list[HocbaError | None]:
    """Whether each upload begins as a picture we take, by its header: why not, or None. One child for all of them."""
    return [
        HocbaError(ErrorCode(code), **params) if code else None
        for code, params in decode_one(drawing.headers, pictures, limits=LIMITS)[0]
    ]


def _drawn_elsewhere(data: bytes, width: int, adjust: Adjust, *, solid: bool) -> tuple[InkImage, bytes]:
    _require_size(data)
    cuts = [adjust.left, adjust.top, adjust.right, adjust.bottom]
    strength = adjust.strength if adjust.strength in STRENGTHS else "normal"
    found, both = decode_one(
        drawing.drawn,
        [data],
        limits=LIMITS,
        width=width,
        turns=adjust.turns % 4,
        strength=strength,
        cuts=cuts,
        solid=solid,
    )
    return InkImage.loads(both[: int(found)]), both[int(found) :]


def _require_size(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_BYTES // (1024 * 1024))
