"""Marks are rounded half-up to one decimal, in decimal arithmetic: 7.25 is 7.3, which binary floats do not give."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

TENTH = Decimal("0.1")
LOWEST, HIGHEST = Decimal(0), Decimal(10)


def round_mark(value: Decimal) -> Decimal:
    """The value with one decimal, half-up (TT22 Art. 9.1)."""
    return value.quantize(TENTH, ROUND_HALF_UP)


def mark(text: str | None) -> Decimal | None:
    """A submitted mark ("8.1", "10"), or None for none.

    Raises:
        ValueError: not a number from 0 to 10 with at most one decimal.
    """
    if text is None or not text.strip():
        return None
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"not a mark: {text!r}") from None
    if not value.is_finite() or not LOWEST <= value <= HIGHEST or value != value.quantize(TENTH, ROUND_HALF_UP):
        raise ValueError(f"not a mark: {text!r}")
    return value


def mark_text(value: Decimal) -> str:
    """A mark as it is submitted and stored: one decimal, "8.1", "10.0"."""
    return str(round_mark(value))
