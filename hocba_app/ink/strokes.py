"""Which dots of a sheet belong to the signature, and where it is."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.ink.paper import Pixels, shade_free, without_lines

STRENGTHS = {"light": (0.05, 0.14), "normal": (0.13, 0.32), "strong": (0.24, 0.34)}
"""How much of the paper's light a dot must swallow to count as ink (below lies grain, a stain, a printed line), and how
much more is full ink."""
_LEAST_INK = 0.0003
"""Share of the picture that must be ink for it to hold a signature."""
_MAX_INK = 0.42
"""Share of its own box above which it is no signature but a photo, a page of text, a pattern."""
_DARK_SHARE = 0.45
"""Of the paper's light: below it a red dot is a stroke under a stamp."""
_RED, _LEAST_STAMP, _LEAST_STROKES = 12, 0.15, 0.15
"""How far from red a stamp's ink is (in half degrees), and the shares of the ink from which on it is a stamp beside strokes."""
_RED_SEAL = 0.3
"""Share of a seal's dots that are red where it is a red one."""
_DIM = 60
"""Light below which colour is grain."""
_MAX_PARTS = 90
"""Separate parts above which it is a page of print or a pattern."""
_SPECK = 0.004
"""Share of the largest part below which a part far from it is dirt."""
_PIECE = 0.05
"""Share of the largest part from which on another one is a piece of the signature, and parts near it belong as well."""
_NEAR = 0.35
"""How far from the largest part small parts still belong, in widths of its box."""


def ink_mask(pixels: Pixels, strength: str, *, solid: bool) -> Pixels:
    """How much ink lies on each dot, 0 to 255.

    Args:
        strength: of :data:`STRENGTHS`.
        solid: a seal, whose star is wider than any stroke: there the colour tells ink, which no shadow has.

    Raises:
        HocbaError: IMAGE_EMPTY, IMAGE_TOO_BUSY.
    """
    least, span = STRENGTHS.get(strength, STRENGTHS["normal"])
    reach = max(15, round(max(pixels.shape[:2]) / 48)) | 1
    swallowed = shade_free(pixels, reach)
    swallowed = np.maximum(swallowed, _colourful(pixels)) if solid else without_lines(swallowed, least)
    mask = np.clip((swallowed - least) * (255.0 / span), 0, 255).astype(np.uint8)
    mask = _red_alone(pixels, mask) if solid else _without_stamp(pixels, mask)
    if float((mask > 64).mean()) < _LEAST_INK:
        raise HocbaError(ErrorCode.IMAGE_EMPTY)
    mask = _main_parts(mask, solid=solid)
    x, y, width, height = box_of(mask)
    if not solid and float((mask[y : y + height, x : x + width] > 64).mean()) > _MAX_INK * _crowding(width, height):
        raise HocbaError(ErrorCode.IMAGE_TOO_BUSY)
    return mask


def box_of(mask: Pixels) -> tuple[int, int, int, int]:
    """Left, top, width and height of what is inked.

    Raises:
        HocbaError: IMAGE_EMPTY.
    """
    marked = (mask > 40).astype(np.uint8)
    if not marked.any():
        raise HocbaError(ErrorCode.IMAGE_EMPTY)
    x, y, width, height = cv2.boundingRect(marked)
    return int(x), int(y), int(width), int(height)


def ink_colour(pixels: Pixels, mask: Pixels) -> tuple[int, int, int]:
    """The mean colour of the full strokes, dark enough to be read on white paper."""
    full = mask > 200
    if not full.any():
        full = mask > 0
    red, green, blue = (round(float(level)) for level in pixels[full].mean(axis=0))
    return red, green, blue


def _without_stamp(pixels: Pixels, mask: Pixels) -> Pixels:
    """Strokes without the red stamp that was set across them; a signature in red ink alone stays."""
    full = mask > 160
    if not full.any():
        return mask
    hue, colour, light = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    # Ink under the stamp's ink stays darker than the stamp alone.
    reddish = ((hue <= _RED) | (hue >= 180 - _RED)) & (colour > 45) & (light > _DARK_SHARE * float(np.median(light)))
    share = float((reddish & full).sum()) / float(full.sum())
    if not _LEAST_STAMP <= share <= 1 - _LEAST_STROKES:
        return mask
    return np.where(reddish, 0, mask).astype(np.uint8)


def _red_alone(pixels: Pixels, mask: Pixels) -> Pixels:
    """A red seal without what is not red: lines of the paper, a signature across it, print. Another one stays as it is."""
    full = mask > 160
    hue, colour, _ = cv2.split(cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV))
    red = ((hue <= _RED) | (hue >= 180 - _RED)) & (colour > 45)
    if not full.any() or float((red & full).sum()) < _RED_SEAL * float(full.sum()):
        return mask
    return np.where(cv2.dilate(red.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, mask, 0).astype(np.uint8)


def _crowding(width: int, height: int) -> float:
    """A small or thin box is naturally fuller than a wide one."""
    return 1.8 if min(width, height) < 60 else 1.0


def _colourful(pixels: Pixels) -> Any:
    """How much more colour a dot has than the paper, which is most of the picture (warm light tints it)."""
    brightest = pixels.max(axis=2).astype(np.float32)
    # A shadow takes as much of the colour as of the light.
    colour = (brightest - pixels.min(axis=2)) / np.maximum(brightest, _DIM)
    return np.clip(colour - float(np.median(colour)), 0.0, 1.0)


def _near(able: Any, ink: Any, edges: tuple[Any, Any, Any, Any], largest: int) -> Any:
    """Parts near the largest one or near what is near it: a ball pen that slips leaves a signature in pieces."""
    left, top, right, bottom = edges
    reach = _NEAR * max(int(right[largest] - left[largest]), int(bottom[largest] - top[largest]))
    found = np.zeros_like(able)
    found[largest] = True
    while True:
        grown = found & (ink >= _PIECE * ink[largest])
        box = left[grown].min(), top[grown].min(), right[grown].max(), bottom[grown].max()
        away = np.maximum.reduce([box[0] - right, left - box[2], box[1] - bottom, top - box[3], np.zeros_like(left)])
        nearer = able & (away <= reach)
        if (nearer == found).all():
            return found
        found = nearer | found


def _main_parts(mask: Pixels, *, solid: bool) -> Pixels:
    """Without dirt: parts that cling to the picture's edge, specks far from the strokes, grain.

    Raises:
        HocbaError: IMAGE_EMPTY, IMAGE_TOO_BUSY.
    """
    marked = (mask > 64).astype(np.uint8)
    joined = cv2.dilate(marked, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    if count <= 1:
        raise HocbaError(ErrorCode.IMAGE_EMPTY)
    height, width = mask.shape
    ink = np.bincount(labels.ravel(), weights=(mask.ravel() > 64), minlength=count)
    left, top, wide, high = (
        stats[:, column] for column in (cv2.CC_STAT_LEFT, cv2.CC_STAT_TOP, cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT)
    )
    at_edge = (left <= 1) | (top <= 1) | (left + wide >= width - 1) | (top + high >= height - 1)
    thin = (np.minimum(wide, high) < 0.02 * max(width, height)) | (wide >= 0.9 * width) | (high >= 0.9 * height)
    able = np.ones(count, bool)
    able[0] = False
    if not solid and not (at_edge & able)[able].all():
        able &= ~(at_edge & thin)
    if not able.any():
        raise HocbaError(ErrorCode.IMAGE_EMPTY)
    largest = int(np.argmax(np.where(able, ink, 0)))
    able &= ink >= 4
    able &= _near(able, ink, (left, top, left + wide, top + high), largest) | (ink >= 0.15 * ink[largest])
    able &= ink >= _SPECK * ink[largest]
    if not solid and able.sum() > _MAX_PARTS:
        raise HocbaError(ErrorCode.IMAGE_TOO_BUSY)
    return np.where(able[labels], mask, 0).astype(np.uint8)
