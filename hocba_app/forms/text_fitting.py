"""Fitting text into a place: break between words, shrink in small steps, and only then ask for more height.

The invariant every form rests on: no line is wider than its place and no word is lost. What cannot fit at the smallest
size makes its place taller; nothing is ever cut and nothing overlaps.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from hocba_app.forms.fonts import Face

LEADING = 1.2
"""Line distance in sizes: a capital with two marks above (Ẫ) and a dot below (Ậ) never touch."""
STEP = 0.5


@dataclass(frozen=True, slots=True)
class Fitted:
    """Lines of one text at one size."""

    lines: tuple[str, ...]
    face: Face
    size: float

    @property
    def height(self) -> float:
        """Height in points, from the top of the first line to the bottom of the last."""
        return len(self.lines) * self.size * LEADING

    @property
    def width(self) -> float:
        """Width of the widest line in points."""
        return max((self.face.width(line, self.size) for line in self.lines), default=0.0)


@functools.lru_cache(maxsize=4096)
def wrap(text: str, face: Face, size: float, width: float) -> tuple[str, ...]:
    """Lines of at most ``width`` points. A word wider than a line is broken inside; line ends in the text are kept."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if face.width(longer, size) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            *whole, line = _broken(word, face, size, width)
            lines.extend(whole)
        if line:
            lines.append(line)
    return tuple(lines)


def _broken(word: str, face: Face, size: float, width: float) -> list[str]:
    """The word in pieces that fit; a single letter is never broken."""
    pieces = [""]
    for letter in face.letters(word):
        if pieces[-1] and face.width(pieces[-1] + letter, size) > width:
            pieces.append("")
        pieces[-1] += letter
    return pieces


def fit(text: str | None, face: Face, width: float, height: float, largest: float, smallest: float) -> Fitted:
    """The largest size, in steps of half a point, at which ``text`` fits into ``width`` x ``height`` points.

    When not even ``smallest`` fits, the result at ``smallest`` is taller than ``height``: the caller grows the place.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED.
    """
    size = largest
    while True:
        fitted = Fitted(wrap(text or "", face, size, width), face, size)
        if fitted.height <= height or size <= smallest:
            return fitted
        size = max(smallest, size - STEP)


def fit_line(text: str, face: Face, width: float, largest: float, smallest: float) -> Fitted:
    """One line where it can be, shrinking first; wrapped at ``smallest`` where it cannot."""
    text = " ".join(text.split())
    wide = face.width(text, 1.0)
    size = largest
    while size > smallest and wide * size > width:
        size = max(smallest, size - STEP)
    return Fitted(wrap(text, face, size, width), face, size)
