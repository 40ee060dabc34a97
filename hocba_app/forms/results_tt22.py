"""Year results under Circular 22/2021/TT-BGDĐT: lower and upper secondary, two A4 pages (more where texts need it)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from hocba_app.domain.snapshot import Results, Snapshot
from hocba_app.forms.fonts import BOLD
from hocba_app.forms.form_blocks import approval_section, gap, homeroom_section, labelled
from hocba_app.forms.header_footer import ROOM
from hocba_app.forms.page import MM, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.results_pages import (
    approval_statements,
    circumstance_facts,
    corrections_note,
    count,
    departure_fact,
    homeroom_comments,
    promotion,
    results_pages,
)
from hocba_app.forms.signature_layout import row_signing
from hocba_app.forms.subject_table import Column, table_blocks
from hocba_app.forms.summary_table import SummaryColumn, summary_block
from hocba_app.forms.wording import BLANK, office_of_head

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
        88.5,
        "remark",
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
PERIODS: tuple[tuple[Literal["term1", "term2", "year"], str], ...] = (
    ("term1", "Học kỳ I"),
    ("term2", "Học kỳ II"),
    ("year", "Cả năm"),
)
_CAPTION = "Sự tiến bộ, ưu điểm nổi bật, hạn chế chủ yếu (nếu có):"


def draw_results(snapshot: Snapshot) -> list[Page]:
    """The pages of one school year's results.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    results = snapshot["results"]
    signing = row_signing(snapshot["slots"], results["subjects"])
    subjects = [*table_blocks(COLUMNS, results["subjects"], signing, HEAD_HEIGHT), gap(2 * MM), corrections_note()]
    # The official form begins the summary on its second page; a table that needs that page itself shares it.
    opens_page = sum(block.height for block in subjects) <= ROOM
    return results_pages(
        snapshot,
        [
            *subjects,
            *([] if opens_page else [gap(3 * MM)]),
            replace(summary_block(SUMMARY_COLUMNS, summary_rows(results)), starts_page=opens_page),
            gap(4 * MM),
            *_facts(results, snapshot["school"]["level"]),
            *circumstance_facts(snapshot),
            gap(2 * MM),
            homeroom_section(homeroom_comments(results, _CAPTION)),
            gap(4 * MM),
            approval_section(
                f"PHÊ DUYỆT CỦA {office_of_head(snapshot).upper()}", snapshot, approval_statements(snapshot)
            ),
        ],
    )


def summary_rows(results: Results) -> list[dict[str, str | None]]:
    """Levels and absences by period, as the summary table of the secondary regimes shows them."""
    return [
        {
            "period": name,
            "training": results["training"][key],
            "learning": results["learning"][key],
            "absences": count(results["absences"].get(key)),
            "training_after": results["training"]["reassessed"] if key == "year" else None,
            "learning_after": results["learning"]["reassessed"] if key == "year" else None,
        }
        for key, name in PERIODS
    ]


def _facts(results: Results, level: str) -> list[Block]:
    awards = "; ".join(filter(None, [results["title"], *results["awards"]])) or BLANK
    return [
        labelled("Đánh giá cuối năm học:", promotion(results, level), face=BOLD),
        labelled("Chứng chỉ (nếu có):", results["certificates"] or BLANK),
        labelled("Danh hiệu, khen thưởng, kết quả các cuộc thi (nếu có):", awards),
        *departure_fact(results),
    ]
