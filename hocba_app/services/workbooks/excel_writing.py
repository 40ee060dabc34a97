"""Workbooks written by xlsxwriter: every cell is text, so nothing in it can act as a formula, there or after saving in another format."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from xlsxwriter import Workbook

from hocba_app.services.csv_cells import plain_cell

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_MAX_CELL_LENGTH = 32_767
"""Characters that Excel keeps in a cell."""
_FONT = {"font_name": "Times New Roman", "font_size": 11, "num_format": "@"}

Table = tuple[str, Sequence[str], Iterable[Sequence[str | None]]]
"""Title of a sheet, its header, its rows."""


def write_workbook(tables: Sequence[Table]) -> bytes:
    """A workbook with a sheet per table; the header stays in sight. The same content always gives the same bytes."""
    file = io.BytesIO()
    book = Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )
    book.set_properties({"created": datetime(2020, 1, 1, tzinfo=UTC)})
    plain, head, quoted = (book.add_format(_FONT | more) for more in ({}, {"bold": True}, {"quote_prefix": True}))
    for title, header, rows in tables:
        sheet = book.add_worksheet(title[:31])
        sheet.freeze_panes(1, 0)
        # Text also in empty cells: what is typed there keeps its zeros and is made no date.
        sheet.set_column(0, max(0, len(header) - 1), 18, plain)
        for number, row in enumerate([header, *rows]):
            for place, text in enumerate(row):
                if text:
                    shown = shown_text(text)
                    sheet.write_string(
                        number, place, shown, head if number == 0 else plain if plain_cell(shown) == shown else quoted
                    )
    book.close()
    return file.getvalue()


def shown_text(text: str) -> str:
    """A text as a cell can hold it: without what XML forbids, no longer than Excel keeps."""
    return _FORBIDDEN.sub("", text)[:_MAX_CELL_LENGTH]
