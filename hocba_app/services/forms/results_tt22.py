"""Year results under Circular 22/2021/TT-BGDĐT: lower and upper secondary, two A4 pages (more where texts need it)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hocba_app.domain.snapshot import Results, Snapshot
from hocba_app.services.forms.flow import Block, draw_blocks, paginate
from hocba_app.services.forms.form_blocks import approval_section, gap, homeroom_section, labelled, paragraph
from hocba_app.services.forms.page import MM, Page
from hocba_app.services.forms.page_furniture import BODY_BOTTOM, BODY_TOP, foot, running_head
from hocba_app.services.forms.signature_places import row_signing
from hocba_app.services.forms.subject_table import Column, table_blocks
from hocba_app.services.forms.summary_table import SummaryColumn, summary_block
from hocba_app.services.forms.typefaces import BOLD, ITALIC, REGULAR, Face
from hocba_app.services.forms.wording import BLANK, PROMOTIONS, programme_finished, school_year

_AVERAGE = "Điểm trung bình môn học hoặc mức đánh giá"
COLUMNS = (
    Column("name", "Môn học / Hoạt động giáo dục", 28, "name"),
    Column("term1", "Học kỳ I", 14.5, "mark", _AVERAGE),
    Column("term2", "Học kỳ II", 14.5, "mark", _AVERAGE),
    Column("year", "Cả năm", 14.5, "mark", _AVERAGE),
    Column("reassessed", "ĐTB môn học hoặc mức đánh giá sau đánh giá lại (nếu có)", 20, "mark"),
    Column(
        "comment",
        "Nhận xét sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu (nếu có) và chữ ký của giáo viên môn học",
        88.5, "remark",
    ),
)
HEAD_HEIGHT = 18 * MM

_LEVELS = "Mức đánh giá"
_AFTER = "Sau đánh giá lại, rèn luyện trong hè"
SUMMARY_COLUMNS = (
    SummaryColumn("period", "Học kỳ", 26),
    SummaryColumn("training", "Kết quả rèn luyện", 30, _LEVELS),
    SummaryColumn("learning", "Kết quả học tập", 30, _LEVELS),
    SummaryColumn("absences", "Số buổi nghỉ học", 26),
    SummaryColumn("training_after", "Kết quả rèn luyện", 34, _AFTER),
    SummaryColumn("learning_after", "Kết quả học tập", 34, _AFTER),
)
_PERIODS: tuple[tuple[Literal["term1", "term2", "year"], str], ...] = (("term1", "Học kỳ I"), ("term2", "Học kỳ II"), ("year", "Cả năm"))

COMPLETION_LAW = (
    "Xác nhận của Hiệu trưởng tại đây thay cho bằng tốt nghiệp trung học cơ sở kể từ ngày 01/01/2026."
)


def draw_results(snapshot: Snapshot) -> list[Page]:
    """The pages of one school year's results.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    results = snapshot["results"]
    room = BODY_TOP - BODY_BOTTOM
    subjects = _subjects(snapshot, results)
    # The official form begins the summary on its second page; a table that needs that page itself shares it.
    opens_page = sum(block.height for block in subjects) <= room
    blocks = [*subjects, *_summary(snapshot, results, opens_page)]
    laid_out = paginate(blocks, room)
    title = f"Kết quả học tập · Năm học {school_year(snapshot['school_year'])}"
    pages = []
    for number, page_blocks in enumerate(laid_out, 1):
        page = Page()
        running_head(page, snapshot)
        draw_blocks(page, page_blocks, BODY_TOP)
        foot(page, snapshot["verification"], title, number, len(laid_out))
        pages.append(page)
    return pages


def _subjects(snapshot: Snapshot, results: Results) -> list[Block]:
    signing = row_signing(snapshot["slots"], results["subjects"])
    table = table_blocks(COLUMNS, results["subjects"], signing, HEAD_HEIGHT)
    # The snapshot is what was submitted; a change gives a new version, so the table itself never has corrections.
    after = [
        gap(2 * MM),
        paragraph(
            "sửa chữa", "Trong bảng này có sửa chữa ở: 0 chỗ, thuộc các môn học, hoạt động giáo dục: không.", size=10
        ),
    ]
    return [*table, *after]


def _summary(snapshot: Snapshot, results: Results, opens_page: bool) -> list[Block]:
    rows = [
        {
            "period": name,
            "training": results["training"][key],
            "learning": results["learning"][key],
            "absences": _count(results["absences"].get(key)),
            "training_after": results["training"]["reassessed"] if key == "year" else None,
            "learning_after": results["learning"]["reassessed"] if key == "year" else None,
        }
        for key, name in _PERIODS
    ]
    return [
        *([] if opens_page else [gap(3 * MM)]),
        replace(summary_block(SUMMARY_COLUMNS, rows), starts_page=opens_page),
        gap(4 * MM),
        *_facts(results, snapshot["school"]["level"]),
        gap(2 * MM),
        homeroom_section(_homeroom_comments(results)),
        gap(4 * MM),
        approval_section("PHÊ DUYỆT CỦA HIỆU TRƯỞNG", snapshot["place"], _statements(snapshot, results)),
    ]


def _count(value: int | None) -> str | None:
    return None if value is None else str(value)


def _facts(results: Results, level: str) -> list[Block]:
    awards = "; ".join(filter(None, [results["title"], *results["awards"]])) or BLANK
    facts = [
        labelled("Đánh giá cuối năm học:", _promotion(results, level), face=BOLD),
        labelled("Chứng chỉ (nếu có):", results["certificates"] or BLANK),
        labelled("Danh hiệu, khen thưởng, kết quả các cuộc thi (nếu có):", awards),
    ]
    if results["departure"]:
        facts.append(labelled("Thay đổi trong năm học:", results["departure"], face=BOLD))
    return facts


def _promotion(results: Results, level: str) -> str:
    words = PROMOTIONS.get(results["promotion"] or "", BLANK)
    if results["promotion"] == "promoted" and results["programme_completed"]:
        words = programme_finished(level)
    return f"{words} ({results['promotion_note']})" if results["promotion_note"] else words


def _homeroom_comments(results: Results) -> list[tuple[str, str]]:
    comments = [("Sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu (nếu có):", results["homeroom_comment"] or BLANK)]
    if results["homeroom_comment_after_summer"]:
        comments.append(
            ("Nhận xét sau khi đánh giá lại, rèn luyện trong kỳ nghỉ hè:", results["homeroom_comment_after_summer"])
        )
    return comments


def _statements(snapshot: Snapshot, results: Results) -> list[tuple[str, Face]]:
    level = snapshot["school"]["level"]
    if results["programme_completed"] is None:
        return [("Xác nhận kết quả học tập và rèn luyện nêu trên.", REGULAR)]
    if not results["programme_completed"]:
        return [(f"Chưa {programme_finished(level)[0].lower()}{programme_finished(level)[1:]}.", BOLD)]
    statements: list[tuple[str, Face]] = [(f"{programme_finished(level)}.", BOLD)]
    if level == "lower_secondary":
        statements.append((COMPLETION_LAW, ITALIC))
    return statements
