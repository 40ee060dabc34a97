"""A workbook's sheets as rows of values with the place of every cell, and every wrong cell named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hocba_app.services.sync.excel_columns import SHEETS, Field, SheetSpec, heading
from hocba_app.services.sync.excel_reading import CellProblem, Sheet
from hocba_app.services.sync.workbook_cells import DATE, ROUNDED, UNSURE

_HEADER_WITHIN = 20
"""Rows in which the header is looked for: exports begin with titles."""


@dataclass(frozen=True, slots=True)
class Place:
    """A row of a sheet, and which column holds which value."""

    sheet: str
    row: int
    columns: dict[str, str]

    def problem(self, key: str, reason: str, code: str = "value") -> CellProblem:
        """A problem of the cell that holds a value; of the row where there is none."""
        return CellProblem(self.sheet, self.row, self.columns.get(key, ""), reason, code)


@dataclass(slots=True)
class Entry:
    """One row's values. A column that is not in the sheet has no key here; an empty cell is None."""

    place: Place
    values: dict[str, Any]


@dataclass(slots=True)
class Rows:
    """Everything a workbook says."""

    of: dict[str, list[Entry]] = field(default_factory=dict)
    """By sheet key, of :data:`SHEETS`."""
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[CellProblem] = field(default_factory=list)
    """What is read although people may not see it, and sheets that are not read."""


def read_rows(sheets: list[Sheet]) -> Rows:
    """Match sheets and headers, read every cell; sheets nobody knows are passed over."""
    found = Rows()
    for spec in SHEETS:
        for sheet in (sheet for sheet in sheets if spec.matches(sheet.name)):
            found.problems += sheet.problems
            found.notes += sheet.notes
            found.of.setdefault(spec.key, []).extend(_entries(spec, sheet, found.problems))
    for sheet in sheets:
        if sheet.rows and not any(spec.matches(sheet.name) for spec in SHEETS):
            found.notes.append(
                CellProblem(sheet.name, 0, "", "trang tính không thuộc mẫu nhập, không được đọc", "unknown_sheet")
            )
    if not found.of:
        known = ", ".join(spec.title for spec in SHEETS)
        found.problems.append(CellProblem("", 0, "", f"không có trang tính nào trong số: {known}", "unknown_workbook"))
    return found


def _entries(spec: SheetSpec, sheet: Sheet, problems: list[CellProblem]) -> list[Entry]:
    header, columns = _header(spec, sheet)
    missing = [entry.header for entry in spec.fields if entry.required and entry.key not in columns]
    if missing:
        problems.append(CellProblem(sheet.name, header, "", f"thiếu cột: {', '.join(missing)}", "missing_column"))
        return []
    entries = []
    by_key = {entry.key: entry for entry in spec.fields}
    wrong = {(problem.row, problem.column) for problem in sheet.problems}
    for number, cells in sheet.rows.items():
        kinds = sheet.kinds.get(number, {})
        if number <= header or not any(column in cells for column in columns.values()):
            continue
        entry = Entry(Place(sheet.name, number, columns), {})
        for key, column in columns.items():
            if (number, column) not in wrong:
                _read(by_key[key], cells.get(column), kinds.get(column, ""), entry, problems)
        entries.append(entry)
    return entries


def _read(wanted: Field, text: str | None, kind: str, entry: Entry, problems: list[CellProblem]) -> None:
    if text is None:
        entry.values[wanted.key] = None
        if wanted.required:
            problems.append(entry.place.problem(wanted.key, "thiếu mục này", "missing"))
        return
    if wrong := _misfit(wanted, text, kind):
        problems.append(entry.place.problem(wanted.key, *wrong))
        return
    if wanted.marks and kind.startswith(ROUNDED):
        text = kind.removeprefix(ROUNDED)
    try:
        entry.values[wanted.key] = wanted.read(text)
    except ValueError as error:
        problems.append(entry.place.problem(wanted.key, str(error), "not_a_mark" if wanted.marks else "value"))


def _misfit(wanted: Field, text: str, kind: str) -> tuple[str, str] | None:
    """Why a cell that is not text cannot be what its column means, and the code of that."""
    if kind == DATE and (wanted.marks or wanted.words or wanted.code):
        what, code = ("mã, số", "date_in_code") if wanted.code else ("điểm, mức", "date_in_mark")
        return f"ô là ngày giờ ({text}), không phải {what}; Excel đã tự đổi, hãy định dạng ô là Văn bản và gõ lại", code
    if kind and wanted.words:
        return "ô là số, phải là mức bằng chữ", "number_in_level"
    if kind == UNSURE and wanted.code:
        return (
            "ô là số, Excel có thể đã bỏ số 0 ở đầu hoặc các chữ số cuối; hãy định dạng cột là Văn bản và gõ lại",
            "number_in_code",
        )
    if kind.startswith(ROUNDED) and wanted.marks and "." not in kind:
        shown = kind.removeprefix(ROUNDED)
        return f"ô hiện {shown} nhưng chứa {text.replace('.', ',')}; hãy ghi đúng điểm", "shown_otherwise"
    return None


def _header(spec: SheetSpec, sheet: Sheet) -> tuple[int, dict[str, str]]:
    """The row with most of the known headers, and where each value is."""
    best: tuple[int, dict[str, str]] = (1, {})
    for number, cells in list(sheet.rows.items())[:_HEADER_WITHIN]:
        columns: dict[str, str] = {}
        for column, text in cells.items():
            for wanted in spec.fields:
                if wanted.key not in columns and len(heading(text)) < 80 and wanted.matches(text):
                    columns[wanted.key] = column
                    break
        if len(columns) > len(best[1]):
            best = (number, columns)
    return best
