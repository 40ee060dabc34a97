"""Rows of values with the place of every cell, and how one cell is read by what its column means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from hocba_app.domain.old_letters import lost_letters
from hocba_app.services.workbooks.excel_columns import Field
from hocba_app.services.workbooks.excel_reading import CellProblem
from hocba_app.services.workbooks.workbook_cells import DATE, NUMBER, ROUNDED, UNSURE

_CODES = {"mark": "not_a_mark", "wide_mark": "not_a_mark", "code": "number_in_code"}
_SCIENTIFIC = re.compile(r"[0-9][.,]?[0-9]*E\+[0-9]{1,2}", re.IGNORECASE)
_DIGITS_LOST = re.compile(r"[0-9]{6,}0{5}")
"""A long number that ends in zeros was most likely 1,23E+11 once, in a text file that a spreadsheet saved."""


@dataclass(frozen=True, slots=True)
class SourceRow:
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

    place: SourceRow
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One column with a head, and how it was understood."""

    sheet: str
    letter: str
    head: str
    """Its heads from the top down, as they are in the file, separated by " ▸ "."""
    target: str
    """What it means: ``students/full_name``, ``subject_results/Toán/year`` and so on (`wide_columns`); "" when nobody knows."""
    examples: tuple[str, ...] = ()
    """Its first values."""
    remembered: bool = False
    """The school said so once; otherwise the form itself does."""
    wide: bool = False
    """Of a sheet with one row a pupil: somebody may say that it means something else."""


@dataclass(slots=True)
class Rows:
    """Everything a workbook says."""

    of: dict[str, list[Entry]] = field(default_factory=dict)
    """By sheet key, of :data:`excel_columns.SHEETS`."""
    problems: list[CellProblem] = field(default_factory=list)
    notes: list[CellProblem] = field(default_factory=list)
    """What is read although people may not see it, and sheets and columns that are not read."""
    columns: list[Column] = field(default_factory=list)
    """How the columns were understood, sheet by sheet."""
    pupils: list[Entry] = field(default_factory=list)
    """Who the rows of a wide sheet are about: ``student_code`` and what else names the pupil, only to be compared."""
    forms: set[str] = field(default_factory=set)
    """Kinds of sheets that were recognised: ``hocba``, ``primary_results``, ``secondary_results``, ``pupils``."""

    @property
    def unknown(self) -> list[Column]:
        """Columns with values that nobody can read yet: somebody has to say what they mean."""
        return [column for column in self.columns if not column.target and column.examples]


def read_cell(wanted: Field, text: str | None, kind: str, entry: Entry, problems: list[CellProblem]) -> None:
    """Put a cell's value into the row, or name what is wrong with it."""
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
        problems.append(entry.place.problem(wanted.key, str(error), _CODES.get(wanted.reader, "value")))


def _misfit(wanted: Field, text: str, kind: str) -> tuple[str, str] | None:
    """Why a cell that is not text cannot be what its column means, and the code of that."""
    if kind == DATE and (wanted.marks or wanted.words or wanted.code):
        what, code = ("mã, số", "date_in_code") if wanted.code else ("điểm, mức", "date_in_mark")
        return f"ô là ngày giờ ({text}), không phải {what}; Excel đã tự đổi, hãy định dạng ô là Văn bản và gõ lại", code
    if wanted.reader == "one_line" and lost_letters(text):
        return "chữ có dấu đã mất khi lưu tệp (chỉ còn dấu ?); hãy lấy lại từ tệp gốc hoặc gõ lại", "lost_letters"
    if kind and wanted.words:
        return "ô là số, phải là mức bằng chữ", "number_in_level"
    if wanted.code and (kind == UNSURE or (kind == NUMBER and _DIGITS_LOST.fullmatch(text))):
        return (
            "ô là số, Excel có thể đã bỏ số 0 ở đầu hoặc các chữ số cuối; hãy định dạng cột là Văn bản và gõ lại",
            "number_in_code",
        )
    if wanted.code and _SCIENTIFIC.fullmatch(text.strip()):
        reason = f"Excel đã đổi số thành {text.strip()} và bỏ các chữ số cuối; hãy lấy lại từ tệp gốc"
        return reason, "number_in_code"
    if kind.startswith(ROUNDED) and wanted.marks and "." not in kind:
        shown = kind.removeprefix(ROUNDED)
        return f"ô hiện {shown} nhưng chứa {text.replace('.', ',')}; hãy ghi đúng điểm", "shown_otherwise"
    return None
