"""A sheet with one row a pupil and many columns as rows of our own sheets: one of each subject, one of the year's summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hocba_app.services.workbooks.cell_values import heading
from hocba_app.services.workbooks.excel_columns import Field
from hocba_app.services.workbooks.excel_reading import CellProblem, Sheet
from hocba_app.services.workbooks.sheet_heads import Heads, heads_of
from hocba_app.services.workbooks.sheet_rows import Column, Entry, Rows, SourceRow, read_cell
from hocba_app.services.workbooks.wide_columns import (
    AWARDS,
    CODE,
    FAMILY_NAME,
    GIVEN_NAME,
    NAME,
    UNREAD,
    head_key,
    meaning_of,
    names_pupil,
    path_key,
    subject_of,
    term_of,
)
from hocba_app.services.workbooks.wide_pupils import class_named, merged_cells, pupil_rows, second_beside, settle_praise
from hocba_app.services.workbooks.wide_values import NOTHING, field_of, known_target

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the school knows beyond the forms themselves."""

    heads: Mapping[str, str] = field(default_factory=dict)
    """:func:`wide_columns.path_key` of a column's heads → what it means, as somebody said once."""
    subjects: Mapping[str, str] | None = None
    """The school's subjects, :func:`wide_columns.head_key` of name or code → code; None where there is no school."""

    @property
    def parts(self) -> frozenset[str]:
        """Heads that somebody has said to name a pupil, one by one."""
        return frozenset(
            part for path, target in self.heads.items() if target.startswith("pupil/") for part in path.split(" > ")
        )

    def names_pupil(self, text: str) -> bool:
        """Whether a head names a pupil, by itself or because somebody said so."""
        return names_pupil(text) or head_key(text) in self.parts


@dataclass(slots=True)
class Wide:
    """A wide sheet whose columns are understood as far as they can be."""

    sheet: Sheet
    heads: Heads
    columns: list[Column]
    midterm: bool = False
    class_name: str = ""
    """Of the class that its titles or its own name may name."""
    beside: str = ""
    """Where another table begins beside it."""

    @property
    def targets(self) -> dict[str, str]:
        """Column letter → what it means, of columns that are read."""
        return {column.letter: column.target for column in self.columns if column.target not in ("", UNREAD)}

    @property
    def sure(self) -> bool:
        """Whether it says something about pupils whom it names: by code, or by name where no column may still hold a code."""
        targets = self.targets.values()
        named = CODE in targets or (
            NAME in targets and not any(not column.target and column.examples for column in self.columns)
        )
        return named and any(not target.startswith("pupil/") for target in targets)

    def letter(self, target: str) -> str:
        """The first column of a meaning; "" for none."""
        return next((letter for letter, each in self.targets.items() if each == target), "")

    @property
    def form(self) -> str:
        targets = list(self.targets.values())
        if any(target.startswith("traits/") or target.endswith("/test") for target in targets):
            return "primary_results"
        return (
            "secondary_results"
            if any(not target.startswith(("pupil/", "students/")) for target in targets)
            else "pupils"
        )


def wide_of(sheet: Sheet, known: Knowledge) -> Wide | None:
    """The sheet as a wide one; None where no head names a pupil."""
    heads = heads_of(sheet, known.names_pupil)
    if heads is None:
        return None
    said = [text for number, cells in sheet.rows.items() if number < heads.first for text in cells.values()]
    terms = [term for text in (*said, sheet.name) if (term := term_of(text)) is not None]
    term = next((term for term in ("term1", "term2", "year") if term in terms), "year")
    if "term1" in terms and ("term2" in terms or "year" in terms):
        term = "year"
    subject = subject_of((*said, sheet.name), known.subjects)
    columns = []
    for letter, path in heads.paths.items():
        remembered = known.heads.get(path_key(path), "")
        target = remembered if known_target(remembered) else meaning_of(path, term, known.subjects, subject)
        columns.append(
            Column(
                sheet.name,
                letter,
                " ▸ ".join(path),
                target,
                _examples(sheet, heads.last, letter),
                bool(remembered),
                True,
            )
        )
    return Wide(
        sheet,
        heads,
        _with_split_names(columns),
        "midterm" in terms,
        class_named(said, sheet.name),
        second_beside(sheet, heads.anchor, known.names_pupil),
    )


def _with_split_names(columns: list[Column]) -> list[Column]:
    """A name in two columns: "Họ | Tên", "Họ và tên đệm | Tên"."""
    found = list(columns)
    for place in range(1, len(found)):
        before, column = found[place - 1], found[place]
        if column.target or head_key(column.head) not in GIVEN_NAME:
            continue
        if not before.target and head_key(before.head) in FAMILY_NAME:
            found[place - 1] = before = replace(before, target=NAME)
        if before.target == NAME:
            found[place] = replace(column, target=NAME)
    return found


def _examples(sheet: Sheet, last: int, letter: str) -> tuple[str, ...]:
    found: list[str] = []
    for number, cells in sheet.rows.items():
        if number > last and letter in cells and cells[letter] not in found:
            found.append(cells[letter][:60])
            if len(found) == _EXAMPLES:
                break
    return tuple(found)


def read_wide(wide: Wide, rows: Rows) -> None:
    """Add what a wide sheet says: an empty cell says nothing and erases nothing."""
    sheet, targets = wide.sheet, wide.targets
    rows.forms.add(wide.form)
    rows.columns += wide.columns
    rows.notes += sheet.notes
    rows.notes += unread_columns(sheet, wide.heads.last, wide.columns)
    if wide.midterm:
        rows.problems.append(
            CellProblem(
                sheet.name,
                0,
                "",
                "đây là kết quả giữa kì, học bạ không có mục này; hãy dùng tệp cuối kì hoặc cả năm",
                "midterm",
            )
        )
        return
    if wide.beside:
        reason = f"một bảng khác bắt đầu ở cột {wide.beside} cạnh bảng này; hãy chuyển nó xuống dưới hoặc sang trang tính khác"
        rows.problems.append(CellProblem(sheet.name, wide.heads.first, wide.beside, reason, "tables_beside"))
        return
    numbers = pupil_rows(sheet, wide.heads.last, targets)
    mine = [problem for problem in sheet.problems if problem.row in numbers and problem.column in targets]
    rows.problems += [*mine, *_twice(wide), *merged_cells(sheet, numbers, targets)]
    wrong = {(problem.row, problem.column) for problem in rows.problems if problem.sheet == sheet.name}
    code, unnamed = wide.letter(CODE), 0
    for number in numbers:
        unnamed += code not in sheet.rows[number] and (number, code) not in wrong
        _read_row(wide, number, {letter for row, letter in wrong if row == number}, rows)
    if unnamed:
        reason = f"{unnamed} dòng không có mã học sinh: khi nhập được khớp theo họ tên, ngày sinh và lớp"
        rows.notes.append(CellProblem(sheet.name, 0, "", reason, "matched_by_name"))


def _twice(wide: Wide) -> list[CellProblem]:
    """Two columns that would be the same value; a name in two columns is one name."""
    seen: dict[str, str] = {}
    found = []
    for letter, target in wide.targets.items():
        if target not in (NAME, AWARDS) and target in seen:
            reason = f"cột này trùng nghĩa với cột {seen[target]}"
            found.append(CellProblem(wide.sheet.name, wide.heads.last, letter, reason, "column_twice"))
        seen[target] = letter
    return found


def _read_row(wide: Wide, number: int, wrong: set[str], rows: Rows) -> None:
    sheet, name = wide.sheet, wide.sheet.name
    cells, kinds = sheet.rows[number], sheet.kinds.get(number, {})
    pupil = Entry(SourceRow(name, number, {}), {})
    entries: dict[str, Entry] = {}
    for letter, target in wide.targets.items():
        text = cells.get(letter)
        if text is None or letter in wrong:
            continue
        kind, _, rest = target.partition("/")
        wanted = field_of(target)
        if kind == "pupil":
            if target == NAME and wanted.key in pupil.values:
                pupil.values[wanted.key] = f"{pupil.values[wanted.key]} {wanted.read(text)}"
                continue
            pupil.place.columns[wanted.key] = letter
            read_cell(wanted, text, kinds.get(letter, ""), pupil, rows.problems)
            continue
        if text.casefold() in NOTHING:
            continue
        key = rest.rpartition("/")[0] if kind == "subject_results" else ""
        entry = entries.setdefault(
            f"{'results' if kind == 'traits' else kind}/{key}", Entry(SourceRow(name, number, {}), {})
        )
        _read_value(entry, letter, text, kinds.get(letter, ""), (target, wanted), rows.problems)
    if "student_code" not in pupil.values:
        if wide.letter(CODE) in cells.keys() | wrong or not pupil.values.get("full_name"):
            return  # a code that is wrong in itself
        pupil.values["student_code"] = None
        pupil.place.columns["student_code"] = pupil.place.columns["full_name"]
    if wide.class_name:
        pupil.values["named_class"] = wide.class_name
    rows.pupils.append(pupil)
    for key, entry in entries.items():
        _add(rows, key, entry, pupil)


def _read_value(
    entry: Entry, letter: str, text: str, kind: str, meant: tuple[str, Field], problems: list[CellProblem]
) -> None:
    target, wanted = meant
    if target.startswith("traits/"):
        level = Entry(SourceRow(entry.place.sheet, entry.place.row, {wanted.key: letter}), {})
        read_cell(wanted, text, kind, level, problems)
        entry.place.columns.setdefault(wanted.key, letter)
        if wanted.key in level.values:
            entry.values.setdefault(wanted.key, []).append({"name": wanted.header, "level": level.values[wanted.key]})
        return
    if target == AWARDS and "awards" in entry.values:  # several columns of praise
        more = Entry(SourceRow(entry.place.sheet, entry.place.row, {wanted.key: letter}), {})
        read_cell(wanted, text, kind, more, problems)
        entry.values["awards"] = [*entry.values["awards"], *(more.values.get("awards") or ())]
        return
    word = target.partition("=")[2]
    at = entry.place.columns.setdefault(wanted.key, letter)
    if not word:
        read_cell(wanted, text, kind, entry, problems)
        if entry.values.get(wanted.key, "") is None:
            del entry.values[wanted.key]
        return
    tick = Entry(SourceRow(entry.place.sheet, entry.place.row, {wanted.key: letter}), {})
    read_cell(wanted, text, kind, tick, problems)
    if tick.values.get(wanted.key) is True:
        value = field_of(target.partition("=")[0]).read(word)
        if entry.values.get(wanted.key, value) != value:
            problems.append(tick.place.problem(wanted.key, f"hàng này đã có dấu chọn khác ở cột {at}", "ticked_twice"))
        entry.values[wanted.key] = value
        entry.place.columns[wanted.key] = letter


def _add(rows: Rows, key: str, entry: Entry, pupil: Entry) -> None:
    kind, _, subject = key.partition("/")
    code = pupil.values["student_code"]
    if kind == "results":
        settle_praise(entry, rows)
    if not entry.values and kind != "students":
        return
    columns = entry.place.columns
    columns.setdefault("student_code", pupil.place.columns["student_code"])
    if kind == "subject_results":
        columns["subject_code"] = next(letter for name, letter in columns.items() if name != "student_code")
        entry.values = {"student_code": code, "subject_code": subject} | entry.values
    elif kind == "results":
        entry.values = {"student_code": code} | entry.values
    else:
        columns |= {"code": columns["student_code"]} | pupil.place.columns
        own = {name: value for name, value in pupil.values.items() if name not in ("student_code", "named_class")}
        entry.values = {"code": code} | own | entry.values
    rows.of.setdefault(kind, []).append(entry)


def unread_columns(sheet: Sheet, row: int, columns: Sequence[Column]) -> list[CellProblem]:
    """Columns with values that are not read, by name: nothing is left out silently."""
    return [
        CellProblem(sheet.name, row, column.letter, f"cột “{column.head}” không được đọc", "unread_column")
        for column in columns
        if column.examples and column.target == UNREAD and not names_pupil(column.head)
    ]


def own_columns(sheet: Sheet, key: str, header: int, columns: Mapping[str, str]) -> list[Column]:
    """The columns of a sheet of our own form; those it does not know are not read."""
    by_letter = {letter: name for name, letter in columns.items()}
    return [
        Column(
            sheet.name,
            letter,
            text,
            f"{key}/{by_letter[letter]}" if letter in by_letter else UNREAD,
            _examples(sheet, header, letter),
        )
        for letter, text in sheet.rows.get(header, {}).items()
        if heading(text)
    ]
