"""QTHT, the learning history: one row a school year; the last row is the one this document confirms."""

from __future__ import annotations

from dataclasses import dataclass

from hocba_app.domain.snapshot import HistoryRow, Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR, Face
from hocba_app.forms.form_blocks import gap, paragraph
from hocba_app.forms.header_footer import LEFT, RIGHT, numbered_pages
from hocba_app.forms.page import INK, MM, SOFT_INK, TINT, Box, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.signature_layout import APPROVAL_WIDTH, SEAL_SIZE, place_approval
from hocba_app.forms.text_fitting import Fitted, fit
from hocba_app.forms.wording import by_decision, day, history_outcome, office_of_head, school_year


@dataclass(frozen=True, slots=True)
class _Column:
    key: str
    title: str
    width: float
    """Millimetres; together 180."""


COLUMNS = (
    _Column("school_year", "Năm học", 22),
    _Column("class_name", "Lớp", 14),
    _Column("school", "Tên trường, xã (phường), tỉnh (thành phố)", 39),
    _Column("outcome", "Kết quả, chuyển đi, chuyển đến", 29),
    _Column("confirmation", "Xác nhận của Hiệu trưởng (ký, ghi rõ họ tên và đóng dấu)", 76),
)
HEAD_HEIGHT = 11 * MM
LEAST_ROW = 17 * MM
SIGNED_ROW = SEAL_SIZE + 12 * MM
PAD = 1.3 * MM
_NOTE = (
    "Dòng cuối được Hiệu trưởng xác nhận bằng chữ ký số trên chính tệp này; mỗi năm học trước được xác nhận trong hồ sơ "
    "của năm học đó."
)


def draw_history(snapshot: Snapshot) -> list[Page]:
    """The pages: usually one.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    office = office_of_head(snapshot)
    head = Block("đầu bảng", HEAD_HEIGHT, lambda page, top, given: _draw_head(page, top, given, office))
    rows = snapshot["history"]
    blocks = [
        _title(),
        *_admission(snapshot),
        gap(3 * MM),
        head,
        *(_row(snapshot, row, head, signed=row is rows[-1]) for row in rows),
        gap(2 * MM),
        paragraph("ghi chú", _NOTE.replace("Hiệu trưởng", office) + by_decision(snapshot), face=ITALIC, size=10),
    ]
    return numbered_pages(snapshot, blocks, f"Quá trình học tập đến năm học {school_year(snapshot['school_year'])}")


def _title() -> Block:
    def draw(page: Page, top: float, given: float) -> None:
        page.text("QUÁ TRÌNH HỌC TẬP", (LEFT + RIGHT) / 2, top - 9 * MM, BOLD, 16, align="centre")

    return Block("tiêu đề", 14 * MM, draw)


def _admission(snapshot: Snapshot) -> list[Block]:
    """Register number and admission, where the record of the level carries them."""
    student = snapshot["student"]
    facts = [f"Mã học sinh: {student['code']}", f"Ngày sinh: {day(student['birth_date'])}"]
    if number := student.get("register_number"):
        facts.append(f"Số đăng bộ: {number}")
    if admitted := student.get("admission_date"):
        facts.append(f"Ngày nhập học: {day(admitted)}")
    return [paragraph("số đăng bộ", " · ".join(facts), size=11)]


def _edges() -> list[float]:
    edges = [LEFT]
    for column in COLUMNS:
        edges.append(edges[-1] + column.width * MM)
    return edges


def _draw_head(page: Page, top: float, given: float, office: str) -> None:
    page.box(Box(LEFT, top - given, RIGHT, top), fill=TINT, width=0.7)
    edges = _edges()
    for column, left, right in zip(COLUMNS, edges, edges[1:], strict=False):
        if left > LEFT:
            page.line(left, top, left, top - given)
        inner = Box(left, top - given, right, top).inset(1 * MM, 0.5 * MM)
        page.fitted(
            fit(column.title.replace("Hiệu trưởng", office), BOLD, inner.width, inner.height, 9.5, 7),
            inner,
            align="centre",
        )


def _row(snapshot: Snapshot, row: HistoryRow, head: Block, *, signed: bool) -> Block:
    cells = _cells(snapshot, row, signed=signed)
    height = max(SIGNED_ROW if signed else LEAST_ROW, *(cell.height + 2 * PAD for cell in cells))

    def draw(page: Page, top: float, given: float) -> None:
        page.box(Box(LEFT, top - given, RIGHT, top), width=0.7)
        edges = _edges()
        for number, (cell, left, right) in enumerate(zip(cells, edges, edges[1:], strict=False)):
            if left > LEFT:
                page.line(left, top, left, top - given)
            inner = Box(left, top - given, right, top).inset(PAD, 0)
            colour = SOFT_INK if cell.face is ITALIC else INK
            page.fitted(cell, inner, align="left" if COLUMNS[number].key == "school" else "centre", colour=colour)
        if signed:
            spare = (edges[-1] - edges[-2] - APPROVAL_WIDTH) / 2
            right = RIGHT - spare
            line = fit(f"{snapshot['place']}, ngày ghi tại chữ ký số", ITALIC, APPROVAL_WIDTH, 13, 9.5, 7)
            page.fitted(line, Box(right - APPROVAL_WIDTH, 0, right, top - 2 * MM), align="right", middle=False)
            place_approval(page, right, top - given + SEAL_SIZE + 2 * MM)

    return Block(f"quá trình học tập năm học {row['school_year']}", height, draw, repeated_head=head)


def _cells(snapshot: Snapshot, row: HistoryRow, *, signed: bool) -> list[Fitted]:
    outcome = history_outcome(row["outcome"], snapshot["school"]["level"], snapshot["grade"] if signed else None)
    where = ", ".join(filter(None, [row["school_name"], row["commune"], row["province"]]))
    texts: list[tuple[str, Face]] = [
        (school_year(row["school_year"]), BOLD if signed else REGULAR),
        (row["class_name"], BOLD if signed else REGULAR),
        (where, REGULAR),
        ("\n".join(filter(None, [outcome, row["note"]])), REGULAR),
        ("" if signed else f"Theo hồ sơ năm học {school_year(row['school_year'])}", ITALIC),
    ]
    room = LEAST_ROW - 2 * PAD
    return [
        fit(text, face, column.width * MM - 2 * PAD, room, 10.5, 9)
        for (text, face), column in zip(texts, COLUMNS, strict=True)
    ]
