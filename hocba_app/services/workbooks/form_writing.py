"""A form with merged heads written by xlsxwriter: every cell is text, nothing in it can act as a formula."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from xlsxwriter import Workbook

from hocba_app.services.csv_cells import plain_cell
from hocba_app.services.workbooks.excel_writing import shown_text

_FONT = {"font_name": "Times New Roman", "font_size": 11, "num_format": "@"}
_LEAST_WIDTH, _MAX_WIDTH = 5, 30
_SHORT = 6
"""Letters of values that fit a narrow column; its head is then written upright."""
_UPRIGHT_HEIGHT, _HEAD_HEIGHT = 96, 30


@dataclass(frozen=True, slots=True)
class Form:
    """A sheet as people print it."""

    name: str
    titles: list[str]
    paths: list[tuple[str, ...]]
    """The heads of each column from the top down; neighbours with the same ones are merged."""
    rows: list[list[str]]
    totals: list[str] = field(default_factory=list)
    """Lines below the rows."""
    instructions: list[tuple[str, str, str]] = field(default_factory=list)
    """Rows of a second sheet: number, column, how it is filled."""


def write_form(form: Form) -> bytes:
    """The workbook; the same content always gives the same bytes."""
    file = io.BytesIO()
    book = Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": datetime(2020, 1, 1, tzinfo=UTC)})
    writer = _Writer(book, form)
    writer.titles()
    writer.heads()
    writer.body()
    if form.instructions:
        _instructions(book, form)
    book.close()
    return file.getvalue()


class _Writer:
    def __init__(self, book: Any, form: Form) -> None:
        self._form = form
        self._sheet = book.add_worksheet(_sheet_name(form.name))
        self._title = book.add_format(_FONT | {"bold": True, "align": "center"})
        head = _FONT | {"bold": True, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
        self._head, self._upright = book.add_format(head), book.add_format(head | {"rotation": 90})
        self._middle = book.add_format(_FONT | {"border": 1, "align": "center"})
        self._plain = book.add_format(_FONT | {"border": 1})
        self._quoted = book.add_format(_FONT | {"border": 1, "quote_prefix": True})
        self._below = book.add_format(_FONT)
        self._first = len(form.titles) + 1
        self._depth = max(map(len, form.paths))
        self._sheet.set_landscape()
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_margins(0.4, 0.4, 0.5, 0.5)
        self._sheet.repeat_rows(self._first, self._first + self._depth - 1)
        self._longest = [max((len(row[place]) for row in form.rows), default=0) for place in range(len(form.paths))]

    def titles(self) -> None:
        for number, text in enumerate(self._form.titles):
            self._merge(number, 0, number, len(self._form.paths) - 1, text, self._title)

    def heads(self) -> None:
        """A head goes down to the last row where nothing is below it, and right over its neighbours' same one."""
        paths, depth = self._form.paths, self._depth
        for level in range(depth):
            place = 0
            while place < len(paths):
                path = paths[place]
                right = place
                if level >= len(path):
                    place += 1
                    continue
                while (
                    right + 1 < len(paths)
                    and level < len(path) - 1
                    and paths[right + 1][: level + 1] == path[: level + 1]
                ):
                    right += 1
                bottom = depth - 1 if level == len(path) - 1 else level
                upright = level == len(path) - 1 and self._narrow(place)
                style = self._upright if upright else self._head
                self._merge(self._first + level, place, self._first + bottom, right, path[level], style)
                place = right + 1
        for level in range(depth):
            self._sheet.set_row(self._first + level, _UPRIGHT_HEIGHT if level == depth - 1 else _HEAD_HEIGHT)
        self._sheet.freeze_panes(self._first + depth, 0)

    def body(self) -> None:
        top = self._first + self._depth
        for number, row in enumerate(self._form.rows, top):
            for place, text in enumerate(row):
                shown = shown_text(text)
                plain = self._middle if self._narrow(place) else self._plain
                style = plain if plain_cell(shown) == shown else self._quoted
                if shown:
                    self._sheet.write_string(number, place, shown, style)
                else:
                    self._sheet.write_blank(number, place, None, style)
        for place, path in enumerate(self._form.paths):
            wanted = self._longest[place] if self._narrow(place) else max(self._longest[place], len(path[-1]) // 2 + 2)
            self._sheet.set_column(place, place, min(max(wanted + 1.5, _LEAST_WIDTH), _MAX_WIDTH))
        for number, text in enumerate(self._form.totals, top + len(self._form.rows) + 1):
            self._sheet.write_string(number, 2, shown_text(text), self._below)

    def _narrow(self, place: int) -> bool:
        return self._longest[place] <= _SHORT

    def _merge(self, top: int, left: int, bottom: int, right: int, text: str, style: Any) -> None:
        shown = shown_text(text)
        if (top, left) == (bottom, right):
            self._sheet.write_string(top, left, shown, style)
            return
        self._sheet.merge_range(top, left, bottom, right, "", style)
        self._sheet.write_string(top, left, shown, style)


def _instructions(book: Any, form: Form) -> None:
    sheet, bold, plain = (
        book.add_worksheet("Hướng dẫn"),
        book.add_format(_FONT | {"bold": True}),
        book.add_format(_FONT),
    )
    rows: Sequence[Sequence[str]] = [("STT", "Tên cột", "Hướng dẫn nhập"), *form.instructions]
    for number, row in enumerate(rows):
        for place, text in enumerate(row):
            sheet.write_string(number, place, shown_text(text), plain if number else bold)
    sheet.set_column(1, 1, 60)
    sheet.set_column(2, 2, 30)


def _sheet_name(text: str) -> str:
    return "".join("-" if letter in "[]:*?/\\'" else letter for letter in text)[:31] or "Lớp"
