"""Which rows of a sheet with one row a pupil are about pupils, which class it names, and what only the whole row can tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from hocba_app.services.workbooks.cell_values import day
from hocba_app.services.workbooks.excel_reading import CellProblem, Sheet
from hocba_app.services.workbooks.sheet_heads import column_place, heads_at
from hocba_app.services.workbooks.sheet_rows import Entry, Rows
from hocba_app.services.workbooks.wide_columns import BIRTH, CODE, NAME, TITLES, head_key
from hocba_app.services.workbooks.workbook_cells import MAX_COLUMNS, column_name

_NUMBER = re.compile(r"[0-9]+(?:\.0+)?")
_CLASS_NAME = r"[0-9]{1,2} ?[^\W\d_]{0,4} ?[0-9]{0,2}(?:[/.-][0-9A-ZĐ]{1,3})?"
_CLASS = re.compile(rf"\bl[ớo]p\s*(?:học\s*)?[:.]?\s*({_CLASS_NAME})\b", re.IGNORECASE)
_SHEET = re.compile(rf"(?:l[ớo]p\s*)?({_CLASS_NAME})", re.IGNORECASE)
_FEW = 3
"""Filled cells below which a row is a title, not heads or a pupil."""
_TITLE_OF = dict(
    zip(("Hoàn thành xuất sắc", "Hoàn thành tốt"), (name for name in TITLES if name != "Học sinh Giỏi"), strict=True)
)
"""Level of the year → the title a primary pupil may be given for it (TT27, Art. 13)."""


def class_named(titles: Iterable[str], sheet_name: str) -> str:
    """The class that titles name ("LỚP 5A – NĂM HỌC …"), or the sheet's own name; "" for none."""
    found = next((found for text in titles if (found := _CLASS.search(text))), None) or _SHEET.fullmatch(
        sheet_name.strip()
    )
    return " ".join(found[1].split()) if found else ""


def tables_of(sheet: Sheet, known: Callable[[str], bool]) -> list[Sheet]:
    """A sheet with several tables one below the other, each with titles and heads of its own, as so many sheets."""
    starts = [_title_above(sheet, number) for number in heads_at(sheet, known)[1:]]
    if not starts:
        return [sheet]
    edges = [0, *starts, max(sheet.rows) + 1]
    parts = []
    for first, after in pairwise(edges):
        parts.append(
            replace(
                sheet,
                rows={number: cells for number, cells in sheet.rows.items() if first <= number < after},
                merged=[span for span in sheet.merged if first <= span[0] < after],
                problems=[problem for problem in sheet.problems if first <= problem.row < after],
                notes=sheet.notes if not first else [],
            )
        )
    return parts


def second_beside(sheet: Sheet, head: int, known: Callable[[str], bool]) -> str:
    """The column where another table begins beside the first one, its heads in the same row; "" for none."""
    heads = sorted((column_place(letter), head_key(text)) for letter, text in sheet.rows[head].items() if known(text))
    edges = [place for place, key in heads if key == heads[0][1]]
    each = [sum(first <= place < after for place, _ in heads) for first, after in pairwise([*edges, MAX_COLUMNS])]
    return column_name(edges[1]) if len(edges) > 1 and min(each) > 1 else ""


def _title_above(sheet: Sheet, number: int) -> int:
    while number - 1 in sheet.rows and len(sheet.rows[number - 1]) < _FEW:
        number -= 1
    return number


def pupil_rows(sheet: Sheet, last_head: int, targets: Mapping[str, str]) -> list[int]:
    """The rows that are about pupils: with a code, or a name that stands among them. Totals and signatures below are none.

    Args:
        targets: column letter → what it means.
    """
    by_target: dict[str, str] = {}
    for letter, target in targets.items():
        by_target.setdefault(target, letter)
    code, name, birth = (by_target.get(target, "") for target in (CODE, NAME, BIRTH))
    values = [letter for letter, target in targets.items() if not target.startswith("pupil/")]
    broken = {problem.row for problem in sheet.problems if problem.column and problem.column == code}
    for number in broken:  # a row of nothing but errors is a row all the same
        sheet.rows.setdefault(number, {})
    below = sorted(number for number in sheet.rows if number > last_head)
    named = {number for number in below if name and not _NUMBER.fullmatch(sheet.rows[number].get(name, "0"))}
    sure = {number for number in below if code in sheet.rows[number] or number in broken}
    for number in named:
        cells = sheet.rows[number]
        counted = any(
            _NUMBER.fullmatch(text) for letter, text in cells.items() if column_place(letter) < column_place(name)
        )
        dated = _is_day(cells.get(birth, ""))
        if counted or dated or (not birth and not code and any(letter in cells for letter in values)):
            sure.add(number)
    last = max(sure, default=0)
    return [number for number in below if number in sure or (number in named and number < last)]


def _is_day(text: str) -> bool:
    try:
        return bool(text) and bool(day(text))
    except ValueError:
        return bool(re.fullmatch(r"[0-9/.-]{6,10}", text))


def merged_cells(sheet: Sheet, numbers: Sequence[int], columns: Iterable[str] | Mapping[str, str]) -> list[CellProblem]:
    """Cells merged over several pupils: whose value it is nobody can tell; a class is everybody's and is filled in.

    Args:
        numbers: rows that are about pupils.
        columns: letters that are read; as a mapping with what they mean.
    """
    rows, found = set(numbers), []
    meant = columns if isinstance(columns, Mapping) else dict.fromkeys(columns, "")
    for top, left, bottom, _ in sheet.merged:
        letter = column_name(left)
        covered = [number for number in range(top, min(bottom, max(rows, default=0)) + 1) if number in rows]
        if letter not in meant or len(covered) < 2 or letter not in sheet.rows[covered[0]]:
            continue
        if meant[letter].endswith("class_code"):
            for number in covered[1:]:
                sheet.rows[number].setdefault(letter, sheet.rows[covered[0]][letter])
            continue
        reason = f"ô gộp nhiều dòng ({letter}{top}:{letter}{bottom}); hãy bỏ gộp và ghi cho từng học sinh"
        found += [CellProblem(sheet.name, number, letter, reason, "merged_cells") for number in covered]
    return found


def settle_praise(entry: Entry, rows: Rows) -> None:
    """A tick under "Khen thưởng" stands for the title of the year's level; titles among the words of praise are the title."""
    values, place = entry.values, entry.place
    praise = values.get("awards")
    if praise is None:
        return
    titles = [line for line in praise if head_key(line) in {head_key(name) for name in TITLES}]
    if titles and values.get("title", titles[0]) == titles[0]:
        values["title"] = titles[0]
        place.columns.setdefault("title", place.columns["awards"])
        values["awards"] = praise = [line for line in praise if line not in titles] or None
    if praise:
        return
    del values["awards"]
    if praise is not None and "title" not in values:
        if (named := _TITLE_OF.get(str(values.get("learning.year")))) is None:
            reason = "chỉ có dấu chọn; hãy ghi nội dung khen thưởng (hoặc danh hiệu)"
            rows.problems.append(place.problem("awards", reason, "award_unnamed"))
            return
        values["title"] = named
        place.columns.setdefault("title", place.columns["awards"])
        reason = "dấu chọn ở cột Khen thưởng được ghi thành danh hiệu theo mức cuối năm (TT27, Điều 13); hãy xem trước rồi mới nhập"
        note = CellProblem(place.sheet, 0, place.columns["awards"], reason, "title_by_level")
        if note not in rows.notes:
            rows.notes.append(note)
