"""Workbooks (.xlsx, .xls, .xlsb, .ods; tables of text that call themselves so) read as text cells in a child of their own, with what each cell was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import Limits, decode
from hocba_app.services.workbooks.workbook_cells import Locked, Unwelcome, in_pieces, raw_sheets

KINDS = "tệp Excel (.xlsx, .xls, .xlsb, .ods) hoặc bảng lưu dạng trang web, .csv"
"""What is taken, in the words of a sentence."""
MAX_FILE = 20 * 1024 * 1024
LIMITS = Limits(seconds=120, memory=1536 * 1024 * 1024, output=200 * 1024 * 1024)
_CHUNK_ROWS = 2000
_MAX_TITLE = 60
_ACCEPTED = f"{KINDS} không có macro, không hỏng, không đặt mật khẩu"
_WITHOUT = {
    "macros": "tệp không có macro: trong Excel chọn Tệp → Lưu dưới dạng → Sổ làm việc Excel (.xlsx)",
    "links": "tệp không lấy dữ liệu từ tệp khác: trong Excel chọn Dữ liệu → Sửa nối kết → Ngắt nối kết, rồi lưu lại",
    "objects": "tệp không nhúng tệp hay đối tượng khác: trong Excel chép các ô có dữ liệu sang một sổ mới rồi lưu",
    "size": "tệp nhỏ hơn: tệp này mở ra quá lớn (quá nhiều trang, ô hoặc định dạng); trong Excel chép các ô có dữ liệu sang một sổ mới rồi lưu",
}
"""What must not be in it → what is asked for instead."""
_UNLOCKED = "tệp không đặt mật khẩu: tệp này phải có mật khẩu mới mở được. Hãy mở bằng Excel, chọn Tệp → Thông tin → Bảo vệ sổ làm việc → Mã hóa bằng mật khẩu, xóa mật khẩu rồi lưu lại"
_WRONG = {
    "formula": "ô chứa công thức chưa có giá trị tính sẵn; hãy mở bằng Excel rồi lưu lại, hoặc dán lại dạng giá trị",
    "shifted": "dòng có nhiều ô hơn số cột: dấu phẩy của điểm (8,5) bị coi là dấu ngăn cột; hãy lưu lại dạng Excel, hoặc .csv ngăn bằng dấu chấm phẩy",
    "error": "ô báo lỗi của Excel (như #N/A, #DIV/0!, ####); hãy sửa công thức hoặc gõ lại giá trị",
}


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong with a cell, or a row (``column`` "")."""

    sheet: str
    row: int
    column: str
    reason: str
    code: str = field(default="value", compare=False)
    """For programs: ``formula``, ``not_a_mark`` and so on; docs/workbook.md lists them."""

    @property
    def cell(self) -> str:
        """``C2``; ``2`` for a whole row, empty for a sheet."""
        return f"{self.column}{self.row or ''}"


@dataclass(slots=True)
class Sheet:
    """One sheet: rows of text by their number in the file (from 1); column letters to text."""

    name: str
    rows: dict[int, dict[str, str]] = field(default_factory=dict)
    kinds: dict[int, dict[str, str]] = field(default_factory=dict)
    """What a cell was that was not text: :mod:`hocba_app.services.workbooks.workbook_cells`."""
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Merged cells of the first rows: top row, left column from 0, bottom row, right column."""
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[CellProblem] = field(default_factory=list)
    """What people may not see in their spreadsheet and is read all the same: hidden rows, columns, sheets."""


def read_workbook(data: bytes) -> list[Sheet]:
    """Every sheet in the order of the workbook, read in a child; formulas and error values are problems of their cells.

    Raises:
        HocbaError: FILE_TOO_LARGE; FILE_TYPE when it is no workbook, is damaged or encrypted, or carries macros, links or
            more than it may unpack to; FILE_TOO_COMPLEX, BUSY.
    """
    if len(data) > MAX_FILE:
        raise HocbaError(ErrorCode.FILE_TOO_LARGE, limit=MAX_FILE // 1024 // 1024)
    sheets: list[Sheet] = []
    for header, rows in decode(sheets_of, [data], limits=LIMITS):
        if header is not None:
            sheets.append(_sheet(header))
        for number, cells, kinds in json.loads(rows):
            sheets[-1].rows[int(number)] = cells
            if kinds:
                sheets[-1].kinds[int(number)] = kinds
    return sheets


def sheets_of(files: Sequence[bytes]) -> Iterator[tuple[dict[str, Any] | None, bytes]]:
    """In a child: each sheet's name and what is wrong or hidden with its first rows, then None with more of them."""
    try:
        sheets = raw_sheets(files[0])
    except MemoryError:
        raise
    except Exception as error:
        locked = isinstance(error, Locked) or "password" in str(error).casefold()
        wanted = _WITHOUT[error.what] if isinstance(error, Unwelcome) else _UNLOCKED if locked else _ACCEPTED
        raise HocbaError(ErrorCode.FILE_TYPE, accepted=wanted) from error
    for sheet in sheets:
        header: dict[str, Any] | None = {
            "name": sheet.name[:_MAX_TITLE],
            "hidden": sheet.hidden,
            "wrong": sheet.wrong,
            "computed": sheet.computed,
            "rows": sheet.hidden_rows,
            "columns": sheet.hidden_columns,
            "merged": sheet.merged,
        }
        for piece in in_pieces(sheet, _CHUNK_ROWS):
            yield header, json.dumps(piece, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            header = None


def _listed(items: Sequence[object]) -> str:
    return ", ".join(map(str, items[:20])) + ("…" if len(items) > 20 else "")


def _sheet(header: dict[str, Any]) -> Sheet:
    name = str(header["name"])
    sheet = Sheet(
        name, problems=[CellProblem(name, row, column, _WRONG[kind], kind) for row, column, kind in header["wrong"]]
    )
    sheet.merged = [(top, left, bottom, right) for top, left, bottom, right in header["merged"]]
    if header["hidden"]:
        sheet.notes.append(
            CellProblem(name, 0, "", "trang tính đang bị ẩn; dữ liệu trong đó vẫn được đọc", "hidden_sheet")
        )
    if rows := header["rows"]:
        text = f"{len(rows)} dòng đang bị ẩn vẫn được đọc: {_listed(rows)}"
        sheet.notes.append(CellProblem(name, rows[0], "", text, "hidden_rows"))
    if cells := header["computed"]:
        text = f"{len(cells)} ô là công thức, đọc theo giá trị tính lần cuối: {_listed([f'{at}{row}' for row, at in cells])}"
        row, at = cells[0]
        sheet.notes.append(CellProblem(name, row, at, text, "formula_value"))
    if columns := header["columns"]:
        sheet.notes.append(
            CellProblem(
                name, 0, columns[0], f"cột đang bị ẩn vẫn được đọc: {', '.join(columns[:20])}", "hidden_columns"
            )
        )
    return sheet
