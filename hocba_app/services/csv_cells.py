"""Cells of files that people open in a spreadsheet."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet read a cell as a formula; the wide forms too, which some programs fold."""


def plain_cell(text: str) -> str:
    """A cell no spreadsheet takes for a formula: one that would be is set behind an apostrophe."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(_FORMULA) or text.startswith(_FORMULA) else text
