"""Marks are rounded half-up to one decimal, in decimal arithmetic: 7.25 is 7.3, which binary floats do not give."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

TENTH = Decimal("0.1")
LOWEST, HIGHEST = Decimal(0), Decimal(10)
_MARK = re.compile(r"[0-9]{1,2}(?:[.,][0-9]{1,4})?")
"""Plain digits only: ``Decimal`` itself also reads "1_0", "1e1" and the digits of other scripts."""


def round_mark(value: Decimal) -> Decimal:
    """The value with one decimal, half-up (TT22 Art. 9.1)."""
    return value.quantize(TENTH, ROUND_HALF_UP)


@lru_cache(maxsize=4096)
def mark(text: str | None) -> Decimal | None:
    """A submitted mark ("8.1", "10", "8,5"), or None for none.

    Raises:
        ValueError: not a number from 0 to 10 with at most one decimal.
    """
    if text is None or not text.strip():
        return None
    if _MARK.fullmatch(text.strip()) is None:
        raise ValueError(f"not a mark: {text!r}")
    value = Decimal(text.strip().replace(",", "."))
    if not LOWEST <= value <= HIGHEST or value != round_mark(value):
        raise ValueError(f"not a mark: {text!r}")
    return value


def mark_text(value: Decimal) -> str:
    """A mark as it is submitted and stored: one decimal, "8.1", "10.0"."""
    return str(round_mark(value))
