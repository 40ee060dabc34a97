"""Heads of a wide sheet: which rows they take, and the path of each column through the merged cells above it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hocba_app.services.workbooks.cell_values import heading
from hocba_app.services.workbooks.excel_reading import Sheet
from hocba_app.services.workbooks.workbook_cells import column_name

_WITHIN = 25
"""Rows in which heads are looked for: exports begin with titles."""
_LEVELS = 6
_ABOVE = 3
"""Most rows of heads, and of groups above the row that names the pupil."""
_NAMED_WITHIN = 12
"""Filled cells of a row among which the heads that name a pupil are looked for."""
_NUMBERING = re.compile(r"\(?[0-9]{1,3}\)?(?:\s*=.*)?|\([A-Z]{1,2}\)|[A-Z]")


@dataclass(frozen=True, slots=True)
class Heads:
    """Where the heads are and what they say."""

    first: int
    last: int
    paths: dict[str, tuple[str, ...]]
    """Column letter → heads from the top down, each said once."""
    anchor: int
    """The row that names the pupil."""


def heads_of(sheet: Sheet, known: Callable[[str], bool]) -> Heads | None:
    """The heads of a sheet; None where no row names what its columns hold.

    Args:
        known: whether a text is a head that names a pupil (or one the school has explained).
    """
    anchor, letters = _anchor(sheet, known)
    if not anchor:
        return None
    last = _last(sheet, anchor, letters)
    first = _first(sheet, anchor, max(map(column_place, letters)))
    if _is_numbering(sheet.rows.get(last + 1, {})):
        last += 1
    grid = _Grid(sheet, first, last)
    width = max(column_place(letter) for number in range(first, last + 1) for letter in sheet.rows.get(number, {})) + 1
    for top, left, bottom, right in sheet.merged:
        if first <= top and bottom <= last and (top, left) in grid.texts:
            width = max(width, right + 1)
    paths = {column_name(place): grid.path(place) for place in range(width)}
    return Heads(first, last, {letter: path for letter, path in paths.items() if path}, anchor)


def column_place(letter: str) -> int:
    """ "A" → 0, "AA" → 26."""
    place = 0
    for each in letter:
        place = place * 26 + ord(each) - 64
    return place - 1


def heads_at(sheet: Sheet, known: Callable[[str], bool]) -> list[int]:
    """The rows where heads begin that name pupils: the first one, and those of further tables below."""
    found: list[int] = []
    before = 0
    for number in sorted(sheet.rows):
        if sum(map(known, list(sheet.rows[number].values())[:_NAMED_WITHIN])) >= 2:
            if not found or number > before + 1:
                found.append(number)
            before = number
    return found


def _anchor(sheet: Sheet, known: Callable[[str], bool]) -> tuple[int, list[str]]:
    best: tuple[int, list[str]] = (0, [])
    for number in sorted(sheet.rows)[:_WITHIN]:
        found = [letter for letter, text in sheet.rows[number].items() if known(text)]
        if len(found) > len(best[1]):
            best = (number, found)
    return best if len(best[1]) >= 2 else (0, [])


def _last(sheet: Sheet, anchor: int, letters: list[str]) -> int:
    """The heads go down as far as the cells that name the pupil are merged, or as nothing is below them."""
    places = {column_place(letter) for letter in letters}
    merged = [
        bottom for top, left, bottom, right in sheet.merged if top == anchor and left in places and bottom > anchor
    ]
    if merged:
        return min(max(merged), anchor + _LEVELS)
    last = anchor
    for number in range(anchor + 1, anchor + _LEVELS):
        cells = sheet.rows.get(number)
        if not cells or any(letter in cells for letter in letters):
            break
        last = number
    return last


def _first(sheet: Sheet, anchor: int, place: int) -> int:
    """Rows above belong to the heads where they are only over what comes after the pupil's name."""
    first = anchor
    for number in range(anchor - 1, max(0, anchor - 1 - _ABOVE), -1):
        cells = sheet.rows.get(number)
        if not cells or any(column_place(letter) <= place for letter in cells):
            break
        first = number
    return first


def _is_numbering(cells: dict[str, str]) -> bool:
    """Whether a row only counts the columns: (1), (2) … or A, B …"""
    if len(cells) < 4 or not all(_NUMBERING.fullmatch(text.strip()) for text in cells.values()):
        return False
    numbers = [int(found[0]) for text in cells.values() if (found := re.search(r"[0-9]+", text))]
    return numbers == sorted(numbers) and len(set(numbers)) == len(numbers) and len(numbers) >= len(cells) - 3


class _Grid:
    """The cells of the heads, with what merged cells say in every place they cover."""

    def __init__(self, sheet: Sheet, first: int, last: int) -> None:
        self._first, self._last = first, last
        self.texts: dict[tuple[int, int], str] = {}
        for number in range(first, last + 1):
            cells = sheet.rows.get(number, {})
            if number > first and _is_numbering(cells):
                continue
            for letter, text in cells.items():
                self.texts[number, column_place(letter)] = " ".join(text.split())
        self._covered: dict[tuple[int, int], tuple[int, int]] = {}
        for top, left, bottom, right in sheet.merged:
            if (top, left) in self.texts:
                for number in range(top, min(bottom, last) + 1):
                    for place in range(left, right + 1):
                        self._covered[number, place] = (top, left)
        self._merges_known = bool(self._covered)

    def path(self, place: int) -> tuple[str, ...]:
        """The heads above a column, each once; () where nothing of its own does."""
        found: list[str] = []
        own = False
        for number in range(self._first, self._last + 1):
            text = self._at(number, place)
            own = own or (number, place) in self.texts or (number, place) in self._covered
            if text and (not found or heading(found[-1]) != heading(text)):
                found.append(text)
        return tuple(found) if own else ()

    def _at(self, number: int, place: int) -> str:
        if (number, place) in self.texts:
            return self.texts[number, place]
        if at := self._covered.get((number, place)):
            return self.texts[at]
        # A reader that tells no merged cells leaves blanks beside a group: its name goes on to the right as long as
        # something of its own is below.
        if (
            self._merges_known
            or not place
            or not any((below, place) in self.texts for below in range(number + 1, self._last + 1))
        ):
            return ""
        left = place - 1
        if not any((below, left) in self.texts for below in range(number + 1, self._last + 1)):
            return ""
        same_above = all(self._at(above, place) == self._at(above, left) for above in range(self._first, number))
        return self._at(number, left) if same_above else ""
