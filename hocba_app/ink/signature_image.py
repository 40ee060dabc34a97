"""From a photo of a signature on paper, or a picture of the seal, to the normalised image that is drawn on records."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.decoding import MAX_BYTES as MAX_BYTES
from hocba_app.ink.decoding import decode
from hocba_app.ink.paper import Pixels, find_sheet, upright_ink
from hocba_app.ink.strokes import STRENGTHS as STRENGTHS
from hocba_app.ink.strokes import box_of, ink_colour, ink_mask
from hocba_app.recordfile.appearance import InkImage

SIGNATURE_WIDTH, SEAL_WIDTH = 300, 400
_MARGIN = 4
cv2.setNumThreads(1)  # a child with a budget of processor time


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
        if not all(0 <= cut <= 100 for cut in (self.left, self.top, self.right, self.bottom)) or max(self.left + self.right, self.top + self.bottom) > 90:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="khung cắt ảnh")


AS_IT_IS = Adjust()


def signature_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """Clean a photographed signature: paper and shadows removed, cropped, one ink colour.

    Args:
        data: the uploaded file.

    Returns:
        The stored image, and a PNG preview on white.

    Raises:
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE, IMAGE_EMPTY, IMAGE_TOO_BUSY.
    """
    return _normalise(data, SIGNATURE_WIDTH, adjust, solid=False)


def seal_image(data: bytes, adjust: Adjust = AS_IT_IS) -> tuple[InkImage, bytes]:
    """The same for the seal, at the seal's size, its solid parts kept. Errors as :func:`signature_image`."""
    return _normalise(data, SEAL_WIDTH, adjust, solid=True)


def png_url(png: bytes) -> str:
    """A small PNG as a data URL, for a page."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def small_copy(data: bytes, size: tuple[int, int]) -> bytes:
    """An uploaded picture as it came, made small: a PNG. Errors as :func:`signature_image`, but for empty ones."""
    picture = decode(data)
    picture.thumbnail(size, Image.Resampling.LANCZOS)
    return _png(picture)


def _normalise(data: bytes, width: int, adjust: Adjust, *, solid: bool) -> tuple[InkImage, bytes]:
    pixels = _part_of(np.asarray(decode(data)), adjust)
    pixels = find_sheet(pixels)
    if not solid:
        pixels = upright_ink(pixels)
    mask = ink_mask(pixels, adjust.strength, solid=solid)
    colour = ink_colour(pixels, mask)
    x, y, wide, high = box_of(mask)
    cropped = mask[max(0, y - _MARGIN) : y + high + _MARGIN, max(0, x - _MARGIN) : x + wide + _MARGIN]
    height = max(1, min(width * 2, round(cropped.shape[0] * width / cropped.shape[1])))
    small = Image.fromarray(cropped).resize((width, height), Image.Resampling.LANCZOS)
    image = InkImage.from_mask(width, height, colour, small.tobytes())
    preview = Image.new("RGB", small.size, "white")
    preview.paste(colour, mask=small)
    return image, _png(preview)


def _part_of(pixels: Pixels, adjust: Adjust) -> Pixels:
    turned = np.rot90(pixels, -(adjust.turns % 4))
    height, width = turned.shape[:2]
    x1, x2 = width * adjust.left // 100, width - width * adjust.right // 100
    y1, y2 = height * adjust.top // 100, height - height * adjust.bottom // 100
    return np.ascontiguousarray(turned[y1:y2, x1:x2])


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
