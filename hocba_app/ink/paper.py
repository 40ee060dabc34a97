"""What in a photo is the sheet: the table around it, the shadow on it, the lines printed on it are none of the signature."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

Pixels = np.ndarray[Any, np.dtype[Any]]

_TABLE_SHADE = 0.62
"""A table is darker than this share of the sheet's brightness."""
_LEAST_SHEET, _MAX_SHEET = 0.10, 0.95
_FILLS_ITS_BOX = 0.90
"""Share of its smallest rectangle that a sheet fills; a lit part of a sheet, cut by a shadow, fills less."""
_DARK, _MOST = 90, 0.8
"""A ground is dark below this level, and made in a dark mode where this share of the picture is."""
_LINES_OF_A_SHEET = 3
_ALONE = 0.85
"""The same of a line that stands alone, as under "Ký tên" on a form: a flourish is not that long and that straight."""
_SPAN = 0.55
"""Share of the sheet's width that a printed line runs through; no stroke of a signature is that straight and that long."""


def upright_ink(pixels: Pixels) -> Pixels:
    """The picture with dark strokes on a light ground: one made in a dark mode is turned round.

    Its ground is dark nearly everywhere; a sheet of which a shadow covers more than half is light in the rest.
    """
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return 255 - pixels if float(np.percentile(light, 100 * _MOST)) < _DARK else pixels


def find_sheet(pixels: Pixels) -> Pixels:
    """The sheet alone, where one lies on something darker; otherwise the picture as it is.

    A sheet is the one large bright part that fills its rectangle and whose surroundings are much darker and of another
    colour, or dark all over. A shadow keeps the colour of what it falls on.
    """
    light = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    blurred = cv2.medianBlur(light, 9)
    _, bright = cv2.threshold(blurred, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = cv2.morphologyEx(bright, cv2.MORPH_CLOSE, np.ones((25, 25), np.uint8))
    contours, _ = cv2.findContours(bright, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return pixels
    outline = max(contours, key=cv2.contourArea)
    area = float(cv2.contourArea(outline))
    if not _LEAST_SHEET <= area / light.size <= _MAX_SHEET:
        return pixels
    box = cv2.minAreaRect(outline)
    if area < _FILLS_ITS_BOX * box[1][0] * box[1][1]:
        return pixels
    sheet = cv2.drawContours(np.zeros_like(light), [outline], -1, 255, cv2.FILLED)
    around = cv2.bitwise_not(cv2.dilate(sheet, np.ones((9, 9), np.uint8)))
    if not around.any() or not _is_table(pixels, sheet, around):
        return pixels
    inset = max(6, round(min(box[1]) * 0.02))
    inner = cv2.erode(sheet, np.ones((2 * inset + 1, 2 * inset + 1), np.uint8), borderValue=0)
    if not inner.any():
        return pixels
    found = pixels.copy()
    found[inner == 0] = np.median(pixels[inner > 0], axis=0)
    x, y, width, height = cv2.boundingRect(inner)
    return found[y : y + height, x : x + width]


def _is_table(pixels: Pixels, sheet: Pixels, around: Pixels) -> bool:
    inside, outside = np.median(pixels[sheet > 0], axis=0), np.median(pixels[around > 0], axis=0)
    if float(outside.mean()) > _TABLE_SHADE * float(inside.mean()):
        return False
    if float(outside.mean()) < 0.3 * float(inside.mean()):
        return True
    tint = np.abs(outside / max(1.0, outside.sum()) - inside / max(1.0, inside.sum())).max()
    return bool(tint > 0.03)


def shade_free(pixels: Pixels, reach: int) -> Any:
    """How much of the paper's light each dot swallows, 0 to 1: its darkest colour against the paper at that place.

    Args:
        reach: in pixels, more than a stroke is wide. The paper's light follows a shadow's edge as sharply as this.
    """
    darkest = pixels.min(axis=2)
    paper = cv2.morphologyEx(darkest, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    paper = np.maximum(cv2.medianBlur(paper, 5), darkest).astype(np.float32)
    return np.clip(1.0 - darkest.astype(np.float32) / np.maximum(paper, 8.0), 0.0, 1.0)


def without_lines(swallowed: Any, least: float) -> Any:
    """The same without lines printed on the sheet: ruled or squared paper, whichever way it lies.

    Args:
        swallowed: as :func:`shade_free` gives it.
        least: from where on a dot counts.
    """
    for upright in (False, True):
        turned = np.ascontiguousarray(swallowed.T) if upright else swallowed
        cleaned = _without_lines(turned, least)
        swallowed = cleaned.T if upright else cleaned
    return np.ascontiguousarray(swallowed)


def _without_lines(swallowed: Any, least: float) -> Any:
    """Lines that run across, up to a few degrees askew."""
    marked = (swallowed >= least).astype(np.uint8) * 255
    width = marked.shape[1]
    found = cv2.HoughLinesP(
        marked, 1, np.pi / 720, threshold=width // 4, minLineLength=width * _SPAN, maxLineGap=width // 16
    )
    lines = [line.reshape(4) for line in found] if found is not None else []
    lines = [line for line in lines if abs(int(line[3]) - int(line[1])) <= 0.09 * abs(int(line[2]) - int(line[0]))]
    if len({round(float(line[1] + line[3]) / 2 / 6) for line in lines}) < _LINES_OF_A_SHEET:
        lines = [line for line in lines if abs(int(line[2]) - int(line[0])) >= _ALONE * width]
        if not lines:
            return swallowed
    on_lines = np.zeros(marked.shape, np.uint8)
    for x1, y1, x2, y2 in lines:
        slope = (float(y2) - float(y1)) / max(1.0, float(x2) - float(x1))
        start, end = (0, round(y1 - slope * x1)), (width - 1, round(y1 + slope * (width - 1 - x1)))
        cv2.line(on_lines, start, end, 255, thickness=5)
    printed = float(np.median(swallowed[(on_lines > 0) & (marked > 0)]))
    """How dark a line is by itself: what is much darker on it is a stroke that crosses."""
    kept = swallowed.copy()
    kept[(on_lines > 0) & (swallowed < min(0.95, printed * 1.35 + 0.05))] = 0.0
    mended = cv2.morphologyEx(kept.astype(np.float32), cv2.MORPH_CLOSE, np.ones((9, 3), np.uint8))
    crossed = (on_lines > 0) & (kept == 0.0) & (mended > printed * 1.2)
    kept[crossed] = mended[crossed]
    return kept
