"""Nothing on a page lies over a text or under it: what is read from the glyphs is what anybody sees.

Texts do not meet each other, rules, frames, ornaments, pictures, the page's edge or a place to sign; a rule is no wider than the
layout's. So no ink hides another, and no page need be drawn to be compared.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hocba_app.forms.fonts import FACES
from hocba_app.forms.page import MM, PAGE_HEIGHT, PAGE_WIDTH, TINT, colour_operands
from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile import date_line
from hocba_app.verification.page_grammar import ShownText

Boxes = NDArray[np.float64]
"""One rectangle a row: left, bottom, right, top; points."""
_LOWEST, _HIGHEST = 0.05, 0.6
"""Of a letter's size above its baseline: where capitals, figures and small letters have their shape."""
_SLACK = 1.5
"""Points by which a heading of the layout may stand over its column's edge."""
_WIDEST_RULE = 2.0
_WIDEST_PICTURE, _HIGHEST_PICTURE = 32 * MM, 42 * MM
"""A photo of 3 × 4 cm; the QR code is smaller."""
_MAX_ORNAMENT = 4 * MM
_PALE = colour_operands(TINT).encode().split()
"""Lighter than anything could hide behind."""


def boxes_of(texts: Sequence[ShownText]) -> Boxes:
    """Where the shape of each text stands."""
    if not texts:
        return np.empty((0, 4))
    codes = np.frombuffer(bytes.fromhex(b"".join([text.codes for text in texts]).decode("ascii")), ">u2")
    lengths = np.array([len(text.codes) // 4 for text in texts])
    ends = np.cumsum(lengths)
    advances, first = _advances()
    of_glyphs = advances[np.repeat(np.array([first[text.table.face] for text in texts]), lengths) + codes]
    places = np.array([(text.left, text.baseline, text.size) for text in texts])
    left, baseline, size = places.T
    width = np.add.reduceat(of_glyphs, ends - lengths) * size
    return np.stack((left, baseline + _LOWEST * size, left + width, baseline + _HIGHEST * size), axis=1)


def require_clear(texts: Sequence[ShownText], drawing: bytes) -> Boxes:
    """Nothing that is drawn meets a text.

    Args:
        texts: of a page.
        drawing: its rules, boxes and pictures, each a line of the layout's grammar.

    Returns:
        Where the texts stand.

    Raises:
        NotShown: something meets one, or is larger than the layout draws it.
    """
    boxes = boxes_of(texts)
    if len(boxes) and (boxes.min() < 0 or boxes[:, 2].max() > PAGE_WIDTH or boxes[:, 3].max() > PAGE_HEIGHT):
        raise NotShown("text beyond the page")
    if _meet(boxes, _drawn(drawing)).any():
        raise NotShown("something over a text")
    own = _meet(boxes, boxes)
    np.fill_diagonal(own, False)
    if own.any():
        raise NotShown("texts over each other")
    return boxes


Place = tuple[float, float, float, float]
"""Left, bottom, right, top; points."""


def drawn_in(field: Place, *, is_dated: bool) -> list[Place]:
    """Where a signature draws in its field: everywhere; in one with the day of signing, in its blanks and below its words."""
    left, bottom, right, top = field
    if not is_dated:
        return [field]
    line = top - date_line.BASELINE
    blanks = [(right - begins, line, right - ends, line + date_line.SIZE) for begins, ends in date_line.BLANKS]
    return [(left, bottom, right, max(bottom, top - date_line.HEAD)), *blanks]


def require_apart(boxes: Boxes, places: Sequence[Place]) -> None:
    """No place to sign covers a text: what is drawn there comes later.

    Raises:
        NotShown: one does.
    """
    if len(places) and _meet(boxes, np.array(places)).any():
        raise NotShown("a field over a text")


@functools.lru_cache(maxsize=128)
def _drawn(drawing: bytes) -> Boxes:
    """The rectangles that rules, the edges of frames, ornaments and pictures cover; the same on many pages of a school."""
    lines: dict[bytes, list[bytes]] = {b"l": [], b"re": [], b"f": [], b"Do": []}
    for line in drawing.split(b"\n")[:-1]:
        parts = line.split()
        kind = parts[-3] if parts[-2] == b"S" else parts[-2]
        if kind == b"l":
            lines[kind] += parts[-14], parts[-8], parts[-7], parts[-5], parts[-4]
        elif kind == b"re":
            lines[kind] += parts[-13], *parts[-7:-3]
        elif kind == b"Do":
            lines[kind] += parts[-6], parts[-5], parts[-10], parts[-7]
        elif parts[1:4] != _PALE:
            lines[b"f"] += parts[-7:-3]
    rules, frames = _numbers(lines[b"l"], 5), _numbers(lines[b"re"], 5)
    fills, pictures = _numbers(lines[b"f"], 4), _numbers(lines[b"Do"], 4)
    width = np.concatenate((rules[:, 0], frames[:, 0]))
    if (width > _WIDEST_RULE).any():
        raise NotShown("rule")
    if (np.abs(fills[:, 2:]) > _MAX_ORNAMENT).any() or (pictures[:, 2:] > (_WIDEST_PICTURE, _HIGHEST_PICTURE)).any():
        raise NotShown("size of a picture or fill")
    ends = frames[:, 1:3] + frames[:, 3:]
    (x, y), (x2, y2) = frames[:, 1:3].T, ends.T
    strokes = [
        rules[:, 1:],
        *(np.stack(edge, axis=1) for edge in ((x, y, x2, y), (x, y2, x2, y2), (x, y, x, y2), (x2, y, x2, y2))),
    ]
    half = np.concatenate([rules[:, 0], *[frames[:, 0]] * 4])[:, None] / 2
    areas = [np.hstack((each[:, :2], each[:, :2] + each[:, 2:])) for each in (fills, pictures)]
    corners = np.concatenate([*strokes, *areas])
    low, high = np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])
    low[: len(half)] -= half
    high[: len(half)] += half
    return np.hstack((low, high))


def _numbers(words: Sequence[bytes], in_a_row: int) -> Boxes:
    return np.array(list(map(float, words))).reshape(-1, in_a_row)


def _meet(boxes: Boxes, others: Boxes) -> NDArray[np.bool_]:
    """Which of the texts' boxes meet which of the others."""
    left, bottom, right, top = (boxes[:, column, None] for column in range(4))
    return (
        (left + _SLACK < others[:, 2])
        & (others[:, 0] < right - _SLACK)
        & (bottom < others[:, 3])
        & (others[:, 1] < top)
    )


@functools.cache
def _advances() -> tuple[NDArray[np.float64], dict[str, int]]:
    """Every face's advances in ems, one behind the other, and where each face begins."""
    held = [face.advances for face in FACES]
    first = np.cumsum([0, *(len(each) for each in held[:-1])])
    return np.concatenate([np.array(each) for each in held]), dict(
        zip((face.name for face in FACES), first.tolist(), strict=True)
    )
