"""The table of subjects: columns from a regime's declaration, rows that grow with their texts and signatures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from hocba_app.domain.snapshot import SubjectRow
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR
from hocba_app.forms.form_version import Column, Form
from hocba_app.forms.header_footer import LEFT, RIGHT
from hocba_app.forms.page import INK, MM, SOFT_INK, TINT, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.signature_layout import SUBJECT_HEIGHT, RowSigning
from hocba_app.forms.text_fitting import Fitted, fit
from hocba_app.forms.wording import mark

PAD = 1.3 * MM
GAP = 1 * MM
LEAST_ROW = SUBJECT_HEIGHT + 1.6 * MM
PLAIN_ROW = 8.5 * MM
"""A row nobody signs."""
MAX_STRETCH = 2.5 * MM


def table_blocks(form: Form, rows: list[SubjectRow], signing: dict[str, RowSigning]) -> list[Block]:
    """The head and one block a row; the head comes again where the table goes on over the page.

    Args:
        rows: the pupil's subjects in order.
        signing: who signs each row, by subject code.
    """
    head = Block("đầu bảng", form.data["head_height_mm"] * MM, partial(_draw_head, form.columns))
    return [head, *(_row_block(form, row, signing[row["code"]], head) for row in rows)]


def _spans(columns: tuple[Column, ...]) -> list[tuple[Column, float, float]]:
    """Each column with its left and right edge."""
    spans, left = [], LEFT
    for column in columns:
        right = left + column.width * MM
        spans.append((column, left, right))
        left = right
    return spans


def _draw_head(columns: tuple[Column, ...], page: Page, top: float, height: float) -> None:
    bottom, middle = top - height, top - height * 0.46
    page.box(Box(LEFT, bottom, RIGHT, top), fill=TINT, width=0.7)
    drawn: set[str] = set()
    spans = _spans(columns)
    for column, left, right in spans:
        if left > LEFT:
            inner = column.group is not None and column.group in drawn
            page.line(left, middle if inner else top, left, bottom)
        upper = middle if column.group else top
        if column.group and column.group not in drawn:
            drawn.add(column.group)
            end = max(r for other, _, r in spans if other.group == column.group)
            _head_cell(page, column.group, Box(left, middle, end, top))
            page.line(left, middle, end, middle)
        _head_cell(page, column.title, Box(left, bottom, right, upper))


def _head_cell(page: Page, title: str, box: Box) -> None:
    inner = box.inset(0.7 * MM, 0.6 * MM)
    page.fitted(fit(title, BOLD, inner.width, inner.height, 8.5, 6), inner, align="centre")


@dataclass(frozen=True, slots=True)
class _Remark:
    """Comment, note and signatures of one row, measured."""

    form: Form
    comment: Fitted
    note: Fitted
    signing: RowSigning
    beside: bool
    """Signatures to the right of the comment; else under it."""

    @property
    def text_height(self) -> float:
        return self.comment.height + self.note.height

    @property
    def signing_height(self) -> float:
        count = len(self.signing.fields) + len(self.signing.signed_at)
        lines = -(-count // self.form.data["signatures_in_a_line"])
        return lines * SUBJECT_HEIGHT + max(lines - 1, 0) * GAP

    @property
    def height(self) -> float:
        if self.beside:
            return max(self.text_height + 2 * PAD, self.signing_height + 2 * PAD * 0.6)
        return self.text_height + self.signing_height + 3 * PAD


def _row_block(form: Form, row: SubjectRow, signing: RowSigning, head: Block) -> Block:
    spans = _spans(form.columns)
    least = LEAST_ROW if signing.fields or signing.signed_at else PLAIN_ROW
    names = {
        c.key: fit(row["name"], REGULAR, r - le - 2 * PAD, LEAST_ROW - 2 * PAD, 10.5, 8)
        for c, le, r in spans
        if c.kind == "name"
    }
    remarks = {c.key: _remark(form, row, signing, r - le - 2 * PAD) for c, le, r in spans if c.kind == "remark"}
    height = max(least, *(f.height + 2 * PAD for f in names.values()), *(r.height for r in remarks.values()))

    def draw(page: Page, top: float, given: float) -> None:
        bottom = top - given
        page.line(LEFT, bottom, RIGHT, bottom)
        for column, left, right in spans:
            page.line(left, bottom, left, top, width=0.7 if left == LEFT else 0.5)
            inner = Box(left, bottom, right, top).inset(PAD, 0)
            if column.kind == "name":
                page.fitted(names[column.key], inner)
            elif column.kind == "remark":
                _draw_remark(page, remarks[column.key], inner)
            else:
                value = mark(row.get(column.key))  # type: ignore[arg-type] # a key of the row by its column
                face = BOLD if column.key == "year" else REGULAR
                page.fitted(fit(value, face, inner.width, inner.height, 10.5, 7), inner, align="centre")
        page.line(RIGHT, bottom, RIGHT, top, width=0.7)

    return Block(f"nhận xét môn {row['name']}", height, draw, repeated_head=head, stretch=MAX_STRETCH)


def _remark(form: Form, row: SubjectRow, signing: RowSigning, width: float) -> _Remark:
    """The arrangement that makes the lower row; signatures beside the comment when both do."""
    count = len(signing.fields) + len(signing.signed_at)
    under = _arranged(form, row, signing, width, beside=False)
    if count > 2:
        return under
    beside = _arranged(form, row, signing, width - count * (_field_width(form) + GAP), beside=True)
    return beside if beside.height <= max(under.height, LEAST_ROW) else under


def _field_width(form: Form) -> float:
    return float(form.data["subject_field_mm"]) * MM


def _arranged(form: Form, row: SubjectRow, signing: RowSigning, width: float, *, beside: bool) -> _Remark:
    note = fit(form.word("row_note", note=row["note"]) if row["note"] else "", ITALIC, width, 0, 7.5, 7.5)
    room = LEAST_ROW - 2 * PAD - note.height
    return _Remark(form, fit(row["comment"], REGULAR, width, room, 10.5, 8), note, signing, beside)


def _draw_remark(page: Page, remark: _Remark, box: Box) -> None:
    signing_width = _signing_width(remark)
    if remark.beside:
        text = Box(box.left, box.bottom, box.right - signing_width, box.top)
        top = text.top - max((text.height - remark.text_height) / 2, 0)
        signing_top = (box.top + box.bottom + remark.signing_height) / 2
    else:
        text = box
        top = box.top - PAD
        signing_top = box.bottom + PAD + remark.signing_height
    page.fitted(remark.comment, Box(text.left, 0, text.right, top), middle=False, colour=INK)
    under = top - remark.comment.height
    page.fitted(remark.note, Box(text.left, 0, text.right, under), middle=False, colour=SOFT_INK)
    _draw_signing(page, remark, box.right - signing_width + GAP, signing_top)


def _signing_width(remark: _Remark) -> float:
    signing = remark.signing
    count = min(len(signing.fields) + len(signing.signed_at), remark.form.data["signatures_in_a_line"])
    return float(count * (_field_width(remark.form) + GAP))


def _draw_signing(page: Page, remark: _Remark, left: float, top: float) -> None:
    """Fields first, then a note on signatures that are in another row."""
    form, signing = remark.form, remark.signing
    for number in range(len(signing.fields) + len(signing.signed_at)):
        line, place = divmod(number, form.data["signatures_in_a_line"])
        x = left + place * (_field_width(form) + GAP)
        y = top - line * (SUBJECT_HEIGHT + GAP)
        box = Box(x, y - SUBJECT_HEIGHT, x + _field_width(form), y)
        if number < len(signing.fields):
            page.sign_here(signing.fields[number], box)
        else:
            name = signing.signed_at[number - len(signing.fields)]
            fitted = fit(form.word("signed_elsewhere", row=name), ITALIC, box.width, box.height, 8, 6)
            page.fitted(fitted, box, align="centre", colour=SOFT_INK)
