"""QTHT, the learning history: one row a school year; the last row is the one this document confirms."""

from __future__ import annotations

from hocba_app.domain.levels import LAST_GRADES
from hocba_app.domain.snapshot import HistoryRow, Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR, Face
from hocba_app.forms.form_blocks import approval, gap, paragraph, word_of_office
from hocba_app.forms.form_version import Form, form_of
from hocba_app.forms.header_footer import LEFT, RIGHT, numbered_pages
from hocba_app.forms.page import INK, MM, SOFT_INK, TINT, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.signature_layout import APPROVAL_WIDTH, SEAL_SIZE, approval_height, place_approval
from hocba_app.forms.text_fitting import Fitted, fit
from hocba_app.forms.wording import BLANK, day, ground_of_head, office_of_head, school_year

HEAD_HEIGHT = 11 * MM
LEAST_ROW = 17 * MM
PAD = 1.3 * MM


def draw_history(snapshot: Snapshot) -> list[Page]:
    """The pages: usually one.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    form = form_of(snapshot)
    head = Block("đầu bảng", HEAD_HEIGHT, lambda page, top, given: _draw_head(page, top, given, snapshot))
    rows = snapshot["history"]
    ground = ground_of_head(snapshot)
    note = word_of_office(form, "note", snapshot) + (form.word("note_ground", ground=ground) if ground else "")
    blocks = [
        _title(form),
        *_admission(form, snapshot),
        gap(3 * MM),
        head,
        *(_row(snapshot, row, head, signed=row is rows[-1]) for row in rows),
        gap(2 * MM),
        *([] if _is_signed_in_table(form) else [_signed_below(snapshot), gap(2 * MM)]),
        paragraph("ghi chú", note, face=ITALIC, size=10),
    ]
    return numbered_pages(snapshot, blocks, f"Quá trình học tập đến năm học {school_year(snapshot['school_year'])}")


def _is_signed_in_table(form: Form) -> bool:
    """Whether the last row has the place to sign; else it stands under the table."""
    return any(column.key == "confirmation" for column in form.columns)


def _signed_below(snapshot: Snapshot) -> Block:
    return Block(
        "xác nhận của Hiệu trưởng",
        approval_height(form_of(snapshot)),
        lambda page, top, given: approval(page, RIGHT - 3 * MM, top, snapshot),
    )


def _title(form: Form) -> Block:
    def draw(page: Page, top: float, given: float) -> None:
        page.text(form.word("title"), (LEFT + RIGHT) / 2, top - 9 * MM, BOLD, 16, align="centre")

    return Block("tiêu đề", 14 * MM, draw)


def _admission(form: Form, snapshot: Snapshot) -> list[Block]:
    """Who the pupil is; register number and admission, where the record of the level carries them and the table has no columns."""
    student = snapshot["student"]
    facts = [form.word("code", code=student["code"]), form.word("birth_date", date=day(student["birth_date"]))]
    in_table = {column.key for column in form.columns}
    if (number := student.get("register_number")) and "register_number" not in in_table:
        facts.append(form.word("register_number", number=number))
    if (admitted := student.get("admission_date")) and "admission_date" not in in_table:
        facts.append(form.word("admission_date", date=day(admitted)))
    return [paragraph("số đăng bộ", " · ".join(facts), size=11)]


def _edges(form: Form) -> list[float]:
    edges = [LEFT]
    for column in form.columns:
        edges.append(edges[-1] + column.width * MM)
    return edges


def _draw_head(page: Page, top: float, given: float, snapshot: Snapshot) -> None:
    page.box(Box(LEFT, top - given, RIGHT, top), fill=TINT, width=0.7)
    form, office = form_of(snapshot), office_of_head(snapshot)
    edges = _edges(form)
    for column, left, right in zip(form.columns, edges, edges[1:], strict=False):
        if left > LEFT:
            page.line(left, top, left, top - given)
        inner = Box(left, top - given, right, top).inset(1 * MM, 0.5 * MM)
        title = fit(column.title.format(office=office), BOLD, inner.width, inner.height, 9.5, 7)
        page.fitted(title, inner, align="centre")


def _row(snapshot: Snapshot, row: HistoryRow, head: Block, *, signed: bool) -> Block:
    form = form_of(snapshot)
    cells = _cells(form, snapshot, row, signed=signed)
    signed = signed and _is_signed_in_table(form)
    least = _signed_height(form) if signed else LEAST_ROW
    height = max(least, *(cell.height + 2 * PAD for cell in cells))

    def draw(page: Page, top: float, given: float) -> None:
        page.box(Box(LEFT, top - given, RIGHT, top), width=0.7)
        edges = _edges(form)
        for column, cell, left, right in zip(form.columns, cells, edges, edges[1:], strict=False):
            if left > LEFT:
                page.line(left, top, left, top - given)
            inner = Box(left, top - given, right, top).inset(PAD, 0)
            colour = SOFT_INK if cell.face is ITALIC else INK
            page.fitted(cell, inner, align="left" if column.key == "school" else "centre", colour=colour)
        if signed:
            _sign(page, snapshot, form, edges[-2], top, given)

    return Block(f"quá trình học tập năm học {row['school_year']}", height, draw, repeated_head=head)


def _signed_height(form: Form) -> float:
    return approval_height(form) + 2 * MM if form.dated else SEAL_SIZE + 12 * MM


def _sign(page: Page, snapshot: Snapshot, form: Form, left: float, top: float, given: float) -> None:
    """The place to sign in the last row's last cell; the first version had no office there."""
    right = RIGHT - (RIGHT - left - APPROVAL_WIDTH) / 2
    if form.dated:
        approval(page, right, top - (given - approval_height(form)) / 2, snapshot)
        return
    line = fit(form.word("date_line", place=snapshot["place"]), ITALIC, APPROVAL_WIDTH, 13, 9.5, 7)
    page.fitted(line, Box(right - APPROVAL_WIDTH, 0, right, top - 2 * MM), align="right", middle=False)
    place_approval(page, right, top - given + SEAL_SIZE + 17 * MM, form)


def _cells(form: Form, snapshot: Snapshot, row: HistoryRow, *, signed: bool) -> list[Fitted]:
    """What the row says under each of the form's columns."""
    student, is_first = snapshot["student"], row is snapshot["history"][0]
    year, face = school_year(row["school_year"]), BOLD if signed else REGULAR
    outcome = _outcome(form, row, snapshot, is_last=signed)
    values: dict[str, tuple[str, Face]] = {
        "school_year": (year, face),
        "class_name": (row["class_name"], face),
        "school": (", ".join(filter(None, [row["school_name"], row["commune"], row["province"]])), REGULAR),
        "outcome": ("\n".join(filter(None, [outcome, row["note"]])), REGULAR),
        "confirmation": ("" if signed else form.word("earlier", year=year), ITALIC),
        "register_number": (student.get("register_number") or BLANK, REGULAR),
        "admission_date": ((day(student.get("admission_date")) if is_first else None) or BLANK, REGULAR),
    }
    room = LEAST_ROW - 2 * PAD
    return [
        fit(values[column.key][0], values[column.key][1], column.width * MM - 2 * PAD, room, 10.5, 9)
        for column in form.columns
    ]


def _outcome(form: Form, row: HistoryRow, snapshot: Snapshot, *, is_last: bool) -> str:
    """The outcome of a year; who is promoted out of the last grade has completed the level."""
    level, outcome = snapshot["school"]["level"], row["outcome"]
    if outcome == "promoted" and is_last and snapshot["grade"] == LAST_GRADES.get(level):
        return form.word(f"programme_{level}")
    return form.word(f"outcome_{outcome}") if outcome and form.has(f"outcome_{outcome}") else outcome or ""
