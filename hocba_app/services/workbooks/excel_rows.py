"""A workbook's sheets as rows of values with the place of every cell, and every wrong cell named.

A sheet is known by its title and heads (our own form, SMAS's export), by its heads alone, or as one of the forms with one row
a pupil (`wide_columns`); what nobody knows is passed over and said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hocba_app.services.workbooks.cell_values import heading
from hocba_app.services.workbooks.excel_columns import SHEETS, SheetSpec
from hocba_app.services.workbooks.excel_reading import CellProblem, Sheet
from hocba_app.services.workbooks.sheet_rows import Entry, Rows, SourceRow, read_cell
from hocba_app.services.workbooks.wide_pupils import merged_cells, tables_of
from hocba_app.services.workbooks.wide_rows import Knowledge, Wide, own_columns, read_wide, unread_columns, wide_of

_HEADER_WITHIN = 20
"""Rows in which the header is looked for: exports begin with titles."""
_FEWEST_HEADS = 3
"""Known heads by which a sheet of another title is taken for one of ours."""


def read_rows(sheets: list[Sheet], known: Knowledge | None = None) -> Rows:
    """Match sheets and headers, read every cell; sheets nobody knows are passed over.

    Args:
        known: what the school has explained before; None without a school.
    """
    found = Rows()
    plans = [(table, plan) for sheet in sheets if sheet.rows for table, plan in _plans(sheet, known or Knowledge())]
    for spec in SHEETS:
        for sheet, plan in plans:
            if plan is spec:
                found.notes += sheet.notes
                found.of.setdefault(spec.key, []).extend(_entries(spec, sheet, found))
    for sheet, plan in plans:
        if isinstance(plan, Wide):
            if plan.sure:
                read_wide(plan, found)
            else:
                found.columns += plan.columns
                found.notes += sheet.notes
        elif plan is None:
            found.notes.append(
                CellProblem(sheet.name, 0, "", "trang tính không thuộc mẫu nhập, không được đọc", "unknown_sheet")
            )
    if not found.of and not found.problems:
        titles = ", ".join(spec.title for spec in SHEETS)
        unclear = "chưa rõ ý nghĩa các cột; hãy chọn cột nào là Mã học sinh và các cột cần nhập"
        reason, code = (
            ("đã hiểu các cột, nhưng không có giá trị nào để nhập", "no_values")
            if found.forms
            else (unclear, "unknown_columns")
            if found.columns
            else (
                f"không có trang tính nào trong số: {titles}, cũng không có bảng nào có cột Mã học sinh",
                "unknown_workbook",
            )
        )
        found.problems.append(CellProblem("", 0, "", reason, code))
    return found


def _plans(sheet: Sheet, known: Knowledge) -> Iterator[tuple[Sheet, SheetSpec | Wide | None]]:
    """What a sheet is read as; table by table where it is a wide one."""
    plan = _plan(sheet, known)
    if not isinstance(plan, Wide):
        yield sheet, plan
        return
    for table in tables_of(sheet, known.names_pupil):
        yield table, wide_of(table, known)


def _plan(sheet: Sheet, known: Knowledge) -> SheetSpec | Wide | None:
    """What a sheet is read as."""
    titled = next((spec for spec in SHEETS if spec.matches(sheet.name)), None)
    if titled is not None and not _missing(titled, sheet):
        return titled
    wide = wide_of(sheet, known)
    if wide is not None and wide.sure and wide.form != "pupils":
        return wide
    if titled is not None:
        return titled
    headed = max(SHEETS, key=lambda spec: 0 if _missing(spec, sheet) else len(_header(spec, sheet)[1]))
    if not _missing(headed, sheet) and len(_header(headed, sheet)[1]) >= _FEWEST_HEADS:
        return headed
    return wide


def _missing(spec: SheetSpec, sheet: Sheet) -> list[str]:
    _, columns = _header(spec, sheet)
    return [entry.header for entry in spec.fields if entry.required and entry.key not in columns]


def _entries(spec: SheetSpec, sheet: Sheet, found: Rows) -> list[Entry]:
    header, columns = _header(spec, sheet)
    if missing := _missing(spec, sheet):
        reason = f"thiếu cột: {', '.join(missing)}"
        found.problems.append(CellProblem(sheet.name, header, "", reason, "missing_column"))
        return []
    found.forms.add("hocba")
    own = own_columns(sheet, spec.key, header, columns)
    found.columns += own
    found.notes += unread_columns(sheet, header, own)
    entries = []
    found.problems += _same_heads(sheet, header)
    by_key = {entry.key: entry for entry in spec.fields}
    last = _last_row(spec, sheet, header, columns)
    numbers = [number for number in sheet.rows if header < number <= last]
    if below := [number for number in sheet.rows if number > last]:
        reason = f"các dòng dưới bảng không được đọc: {', '.join(map(str, below[:20]))}"
        found.notes.append(CellProblem(sheet.name, below[0], "", reason, "unread_rows"))
    letters = {column: key for key, column in columns.items()}
    mine = [problem for problem in sheet.problems if header < problem.row <= last and problem.column in letters]
    mine += merged_cells(sheet, numbers, letters)
    found.problems += mine
    wrong = {(problem.row, problem.column) for problem in mine}
    for number, cells in sheet.rows.items():
        kinds = sheet.kinds.get(number, {})
        if not header < number <= last or not any(column in cells for column in columns.values()):
            continue
        entry = Entry(SourceRow(sheet.name, number, columns), {})
        for key, column in columns.items():
            if (number, column) not in wrong:
                read_cell(by_key[key], cells.get(column), kinds.get(column, ""), entry, found.problems)
        entries.append(entry)
    return entries


def _same_heads(sheet: Sheet, header: int) -> list[CellProblem]:
    """Columns with one head: which of them counts nobody can tell."""
    seen: dict[str, str] = {}
    problems = []
    for letter, text in sheet.rows.get(header, {}).items():
        first = seen.setdefault(heading(text), letter)
        if first != letter and heading(text):
            reason = f"cột này có cùng tiêu đề với cột {first}; hãy xóa một cột"
            problems.append(CellProblem(sheet.name, header, letter, reason, "column_twice"))
    return problems


_WORDS = re.compile(r":|[^\W\d_]{2,} [^\W\d_]{2,}")
"""What no code is like: "Tổng số: 35"."""
_FEW = 2
"""Cells up to which a row without a code, below all others, is a total or a signature."""


def _last_row(spec: SheetSpec, sheet: Sheet, header: int, columns: dict[str, str]) -> int:
    """Where the table ends: totals, dates and signatures stand below it."""
    first = next(columns[wanted.key] for wanted in spec.fields if wanted.required)
    last = lowest = max([header, *sheet.rows, *(problem.row for problem in sheet.problems)])
    broken = {problem.row for problem in sheet.problems}
    for number in sorted(sheet.rows, reverse=True):
        filled = [column for column in columns.values() if column in sheet.rows[number]]
        named = sheet.rows[number].get(first, "")
        if number <= header or number in broken or len(filled) > _FEW or (named and not _WORDS.search(named)):
            break
        last = number - 1
    return last if last > header else lowest


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
