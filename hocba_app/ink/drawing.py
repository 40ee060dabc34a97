"""What runs in the child: decode, clean, make small. OpenCV and HEIF are loaded there alone, and only when they are needed."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from PIL import Image

from hocba_app.domain.errors import HocbaError
from hocba_app.ink.decoding import ACCEPTED as ACCEPTED
from hocba_app.ink.decoding import MAX_BYTES as MAX_BYTES
from hocba_app.ink.decoding import decode, header
from hocba_app.recordfile.appearance import InkImage

if TYPE_CHECKING:
    from hocba_app.ink.paper import Pixels

_MARGIN = 4
"""Pixels of paper kept around the strokes."""


def drawn(
    files: Sequence[bytes], *, width: int, turns: int, strength: str, cuts: Sequence[int], solid: bool
) -> Iterator[tuple[int, bytes]]:
    """The stored image and its preview, one behind the other, with the length of the first.

    Args:
        width: of the image, in pixels.
        cuts: percent left out at the left, top, right and bottom of the turned picture.
        solid: a seal.

    Raises:
        HocbaError: FILE_TOO_LARGE, FILE_TYPE, IMAGE_TOO_LARGE, IMAGE_EMPTY, IMAGE_TOO_BUSY.
    """
    os.environ.setdefault(
        "OPENBLAS_NUM_THREADS", "1"
    )  # a child has one processor's time, and forks may have no threads
    import cv2
    import numpy as np

    from hocba_app.ink.paper import find_sheet, upright_ink
    from hocba_app.ink.strokes import box_of, ink_colour, ink_mask

    cv2.setNumThreads(1)
    pixels = find_sheet(_part_of(np.rot90(np.asarray(decode(files[0])), -turns), cuts))
    if not solid:
        pixels = upright_ink(pixels)
    mask = ink_mask(pixels, strength, solid=solid)
    colour = ink_colour(pixels, mask)
    x, y, wide, high = box_of(mask)
    cropped = mask[max(0, y - _MARGIN) : y + high + _MARGIN, max(0, x - _MARGIN) : x + wide + _MARGIN]
    height = max(1, min(width * 2, round(cropped.shape[0] * width / cropped.shape[1])))
    small = Image.fromarray(cropped).resize((width, height), Image.Resampling.LANCZOS)
    stored = InkImage.from_mask(width, height, colour, small.tobytes()).dumps()
    preview = Image.new("RGB", small.size, "white")
    preview.paste(colour, mask=small)
    yield len(stored), stored + _png(preview)


def made_small(files: Sequence[bytes], *, width: int, height: int, turns: int) -> Iterator[tuple[None, bytes]]:
    """The picture as a small PNG, turned by so many quarters clockwise."""
    picture = decode(files[0])
    if turns:
        picture = picture.rotate(-90 * turns, expand=True)
    picture.thumbnail((width, height), Image.Resampling.LANCZOS)
    yield None, _png(picture)


def headers(files: Sequence[bytes]) -> Iterator[tuple[list[tuple[str, dict[str, Any]]], bytes]]:
    """For each picture the code of its refusal, or ""."""
    found: list[tuple[str, dict[str, Any]]] = []
    for data in files:
        try:
            header(data)
            found.append(("", {}))
        except HocbaError as error:
            found.append((error.code.value, error.params))
    yield found, b""


def _part_of(pixels: Pixels, cuts: Sequence[int]) -> Pixels:
    left, top, right, bottom = cuts
    height, width = pixels.shape[:2]
    part = pixels[
        height * top // 100 : height - height * bottom // 100, width * left // 100 : width - width * right // 100
    ]
    return part.copy()


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
