"""Whether a later signature's picture lies over what was signed before: the "sneaky signature" of foreign files.

A visible signature may be added to a signed file, so what it draws is part of no earlier signature. Where it only uses its own place,
nothing signed is hidden; over words, or over another field, a reader may be shown other content than the earlier signer saw.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader

MAX_PAGES = 200
_HIDDEN = 0b100010
"""Flags of an annotation: hidden, or not viewed."""
_LARGE = 0.25
"""Of a page: more than any signature needs."""
Rect = tuple[float, float, float, float]


def is_covered(data: bytes, signed_until: int) -> bool:
    """Whether fields whose look came after a signature lie over its content, or take a great part of a page.

    Args:
        data: the file.
        signed_until: end of what the first signature covers.

    Raises:
        Exception: whatever the reader raises; then nobody can tell.
    """
    now, then = _opened(data), _opened(data[:signed_until])
    for number, page in enumerate(now.pages[:MAX_PAGES]):
        if number >= len(then.pages):
            return True
        earlier = then.pages[number]
        looks = dict(_looks(earlier))
        new = [rect for rect, look in _looks(page) if looks.get(rect) != look]
        if not new:
            continue
        box = page.mediabox
        whole = abs(float(box.width) * float(box.height)) or 1.0
        taken = [*_words(earlier), *(rect for rect, _ in _looks(earlier))]
        if any(
            _area(rect) > _LARGE * whole or any(_meet(rect, each) for each in taken if each != rect) for rect in new
        ):
            return True
    return False


def _opened(data: bytes) -> PdfReader:
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        reader.decrypt("")
    return reader


def _looks(page: Any) -> Iterator[tuple[Rect, bytes]]:
    """Place and appearance of each field that can be seen on a page."""
    for entry in page.get("/Annots", ()) or ():
        note = entry.get_object()
        if note.get("/Subtype") != "/Widget" or int(note.get("/F", 0)) & _HIDDEN or "/AP" not in note:
            continue
        left, bottom, right, top = (float(edge) for edge in note["/Rect"])
        rect = (min(left, right), min(bottom, top), max(left, right), max(bottom, top))
        look = note["/AP"].get("/N")
        drawn = look.get_object() if look is not None else None
        if _area(rect) > 0 and drawn is not None:
            yield rect, drawn.get_data() if hasattr(drawn, "get_data") else repr(drawn).encode()


def _words(page: Any) -> list[Rect]:
    """Where the words of a page stand, roughly."""
    found: list[Rect] = []

    def seen(text: str, matrix: list[float], line: list[float], _font: object, size: float) -> None:
        if not text.strip():
            return
        x = line[4] * matrix[0] + line[5] * matrix[2] + matrix[4]
        y = line[4] * matrix[1] + line[5] * matrix[3] + matrix[5]
        high = abs(size * (line[3] or line[1] or 1) * (matrix[3] or matrix[1] or 1)) or 1.0
        found.append((x, y, x + 0.5 * high * len(text.strip()), y + 0.7 * high))

    page.extract_text(visitor_text=seen)
    return found


def _area(rect: Rect) -> float:
    return (rect[2] - rect[0]) * (rect[3] - rect[1])


def _meet(one: Rect, other: Rect) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
