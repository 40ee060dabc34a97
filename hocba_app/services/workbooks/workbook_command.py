"""``hocba workbook``: what is understood of a file, without a database, for support and for trying foreign files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hocba_app.domain.errors import HocbaError
from hocba_app.domain.identifiers import identifier_key, near_key
from hocba_app.services.workbooks import old_fonts
from hocba_app.services.workbooks.excel_columns import SHEETS
from hocba_app.services.workbooks.excel_reading import MAX_FILE, CellProblem, Sheet, read_workbook
from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.sheet_rows import Entry, Rows, SourceRow
from hocba_app.services.workbooks.wide_values import title_of

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
        place = row.place.sheet, row.place.row
        pupil = next((each for each in self.rows.pupils if (each.place.sheet, each.place.row) == place), None)
        return told | ({"pupil": pupil.values} if pupil is not None else {})

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


_ONCE = {"subject_results": ("student_code", "subject_code"), "results": ("student_code",)}
"""What may come once in a file: an import refuses a second one. Everything else is told by its code."""


def _say_twice(rows: Rows) -> None:
    """What comes twice in the file is refused by the import as well; codes that differ by leading zeros only are asked about there."""
    pupils = {(entry.place.sheet, entry.place.row): entry.values for entry in rows.pupils}
    for kind, entries in rows.of.items():
        names = _ONCE.get(kind, ("code",))
        found: dict[tuple[object, ...], list[Entry]] = {}
        for entry in entries:
            who = entry.values.get(names[0])
            pupil = pupils.get((entry.place.sheet, entry.place.row), {})
            if who is None and "student_code" in pupil:
                who = tuple(pupil.get(name) for name in ("full_name", "birth_date", "class_code", "named_class"))
            if who:
                more = (entry.values.get(name) for name in names[1:])
                found.setdefault((identifier_key(who) if isinstance(who, str) else who, *more), []).append(entry)
        for same in found.values():
            where = ", ".join(str(entry.place.row) for entry in same[:10])
            by_name = same[0].values.get(names[0]) is None
            what = "họ tên, ngày sinh này" if by_name else "mã này"
            then = "nếu là hai học sinh, hãy ghi mã học sinh" if by_name else "hãy chỉ giữ một"
            reason = f"{what} có ở nhiều dòng ({where}); {then}"
            rows.problems += [entry.place.problem(names[0], reason, "duplicate") for entry in same if len(same) > 1]
    rows.problems = list(dict.fromkeys(rows.problems))
    _say_near(rows)


def _say_near(rows: Rows) -> None:
    first: dict[str, tuple[str, SourceRow]] = {}
    for entry in (
        *rows.of.get("students", ()),
        *rows.pupils,
        *rows.of.get("subject_results", ()),
        *rows.of.get("results", ()),
    ):
        name = "student_code" if "student_code" in entry.values else "code"
        code = entry.values.get(name)
        if not code:
            continue
        other, place = first.setdefault(near_key(code), (code, entry.place))
        if identifier_key(other) != identifier_key(code):
            reason = f"mã {code} chỉ khác mã {other} ở dòng {place.row} ở số 0 đứng đầu; hãy xem lại"
            problem = entry.place.problem(name, reason, "near_match")
            if problem not in rows.problems:
                rows.problems.append(problem)


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
