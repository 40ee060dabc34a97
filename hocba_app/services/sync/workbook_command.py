"""``hocba workbook``: what is understood of a file, without a database, for support and for trying foreign files."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hocba_app.domain.errors import HocbaError
from hocba_app.services.sync import old_fonts
from hocba_app.services.sync.excel_columns import SHEETS
from hocba_app.services.sync.excel_reading import MAX_FILE, CellProblem, Sheet, read_workbook
from hocba_app.services.sync.excel_rows import read_rows
from hocba_app.services.sync.sheet_rows import Entry, Rows
from hocba_app.services.sync.wide_values import title_of

_YEAR = re.compile(r"(20[0-9]{2})\s*[-–/]\s*(20[0-9]{2})")
_TITLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Understood:
    """What a workbook says."""

    form: str | None = None
    """``hocba``: sheets and headers of our own form, as SMAS exports them too; ``primary_results``, ``secondary_results``,
    ``pupils``: one row a pupil under merged heads (the sector's, SMAS's and vnEdu's); None: a form nobody knows."""
    year: str | None = None
    """The school year its titles name; None where they name none, or several."""
    rows: Rows = field(default_factory=Rows)
    error: HocbaError | None = None

    @property
    def exit_code(self) -> int:
        """0 everything understood, 1 something refused, 2 not readable."""
        return 2 if self.error is not None else 1 if self.rows.problems else 0

    def as_json(self) -> dict[str, Any]:
        """``form``, ``year``, ``columns``, ``sheets`` (``title``, ``key``, ``count``, ``rows``), ``problems``, ``notes``.

        A row has ``sheet``, ``row`` and ``values``: what would be written, by the contract's names; ``pupil`` where only a name
        tells whose it is.
        """
        problems = [_problem_json(problem) for problem in self.rows.problems]
        if self.error is not None:
            problems = [{"sheet": "", "cell": "", "code": self.error.code.value, "text": self.error.sentence}]
        return {
            "form": self.form,
            "year": self.year,
            "columns": [
                {
                    "sheet": column.sheet,
                    "column": column.letter,
                    "head": column.head,
                    "target": column.target or None,
                    "text": title_of(column.target),
                }
                for column in self.rows.columns
            ],
            "sheets": [
                {
                    "title": spec.title,
                    "key": spec.key,
                    "count": len(self.rows.of[spec.key]),
                    "rows": [self._row(row) for row in self.rows.of[spec.key]],
                }
                for spec in SHEETS
                if spec.key in self.rows.of
            ],
            "problems": problems,
            "notes": [_problem_json(note) for note in self.rows.notes],
        }

    def _row(self, row: Entry) -> dict[str, Any]:
        told = {"sheet": row.place.sheet, "row": row.place.row, "values": row.values}
        if row.values.get("student_code", row.values.get("code", "")) is not None:
            return told
        pupil = next(
            each for each in self.rows.pupils if (each.place.sheet, each.place.row) == (row.place.sheet, row.place.row)
        )
        return told | {"pupil": pupil.values}

    def lines(self) -> list[str]:
        """The same for people."""
        if self.error is not None:
            return [self.error.sentence]
        counts = [f"{spec.title}: {len(self.rows.of[spec.key])} dòng" for spec in SHEETS if spec.key in self.rows.of]
        problems = [f"{item.sheet} {item.cell}: {item.reason}" for item in (*self.rows.problems, *self.rows.notes)]
        return [f"Năm học: {self.year or 'không ghi trong tệp'}", *counts, *problems]


def understand(file: Path) -> Understood:
    """Read a workbook as an import reads it before it looks into the database."""
    try:
        with file.open("rb") as opened:
            sheets = read_workbook(opened.read(MAX_FILE + 1))
    except HocbaError as error:
        return Understood(error=error)
    turned = old_fonts.turn(sheets)
    rows = read_rows(sheets)
    rows.problems += turned.values()
    _say_twice(rows)
    rows.problems += [
        CellProblem(column.sheet, 0, column.letter, f"chưa rõ ý nghĩa của cột “{column.head}”", "unknown_column")
        for column in rows.unknown
    ]
    return Understood("+".join(sorted(rows.forms)) or None, _year(sheets), rows)


def _say_twice(rows: Rows) -> None:
    """A code that comes twice in the file is refused by the import as well."""
    for entries in rows.of.values():
        counts = Counter(entry.values["code"] for entry in entries if entry.values.get("code"))
        rows.problems += [
            entry.place.problem("code", "mã này có ở nhiều dòng", "duplicate")
            for entry in entries
            if counts.get(entry.values.get("code"), 0) > 1
        ]


def _year(sheets: list[Sheet]) -> str | None:
    found = {
        f"{match[1]}-{match[2]}"
        for sheet in sheets
        for cells in list(sheet.rows.values())[:_TITLE_ROWS]
        for text in cells.values()
        for match in _YEAR.finditer(text)
        if int(match[2]) == int(match[1]) + 1
    }
    return found.pop() if len(found) == 1 else None


def _problem_json(problem: CellProblem) -> dict[str, str]:
    return {"sheet": problem.sheet, "cell": problem.cell, "code": problem.code, "text": problem.reason}
