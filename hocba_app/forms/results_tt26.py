"""Year results of the years before TT22, under Circular 58/2011 as amended by 26/2020/TT-BGDĐT. Historic records only."""

from __future__ import annotations

from dataclasses import replace

from hocba_app.domain.snapshot import Results, Snapshot, SubjectRow
from hocba_app.forms.fonts import BOLD
from hocba_app.forms.form_blocks import approval_section, gap, homeroom_section, labelled
from hocba_app.forms.header_footer import ROOM
from hocba_app.forms.page import MM, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.results_pages import (
    approval_statements,
    circumstance_facts,
    corrections_note,
    departure_fact,
    homeroom_comments,
    promotion,
    results_pages,
)
from hocba_app.forms.results_tt22 import summary_rows
from hocba_app.forms.signature_layout import RowSigning, row_signing
from hocba_app.forms.subject_table import Column, table_blocks
from hocba_app.forms.summary_table import SummaryColumn, summary_block
from hocba_app.forms.wording import BLANK, office_of_head

_AVERAGE = "Điểm trung bình hoặc xếp loại các môn"
COLUMNS = (
    Column("name", "Môn học / Hoạt động giáo dục", 34, "name"),
    Column("term1", "Học kỳ I", 16, "mark", _AVERAGE),
    Column("term2", "Học kỳ II", 16, "mark", _AVERAGE),
    Column("year", "Cả năm", 16, "mark", _AVERAGE),
    Column("reassessed", "Điểm hoặc xếp loại sau kiểm tra lại (nếu có)", 22, "mark"),
    Column("comment", "Giáo viên bộ môn xác nhận (nhận xét nếu có, ký, ghi rõ họ tên)", 76, "remark"),
)
HEAD_HEIGHT = 16 * MM
AVERAGES = "AVERAGES"
"""Stands for the row "ĐTB các môn", which no teacher signs."""

_GRADES = "Xếp loại"
_AFTER = "Sau kiểm tra lại, rèn luyện trong hè"
SUMMARY_COLUMNS = (
    SummaryColumn("period", "Học kỳ", 26),
    SummaryColumn("training", "Hạnh kiểm", 30, _GRADES),
    SummaryColumn("learning", "Học lực", 30, _GRADES),
    SummaryColumn("absences", "Tổng số buổi nghỉ học", 26),
    SummaryColumn("training_after", "Hạnh kiểm", 34, _AFTER),
    SummaryColumn("learning_after", "Học lực", 34, _AFTER),
)


def draw_results(snapshot: Snapshot) -> list[Page]:
    """The pages of one school year's results.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    results = snapshot["results"]
    signing = row_signing(snapshot["slots"], results["subjects"])
    rows = [*results["subjects"], *_averages(results)]
    table = table_blocks(COLUMNS, rows, signing | {AVERAGES: RowSigning()}, HEAD_HEIGHT)
    subjects = [*table, gap(2 * MM), corrections_note()]
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
            homeroom_section(homeroom_comments(results, "")),
            gap(4 * MM),
            approval_section(
                f"PHÊ DUYỆT CỦA {office_of_head(snapshot).upper()}", snapshot, approval_statements(snapshot)
            ),
        ],
    )


def _averages(results: Results) -> list[SubjectRow]:
    means = results.get("averages")
    if means is None:
        return []
    return [
        SubjectRow(
            code=AVERAGES,
            name="Điểm trung bình các môn",
            kind="marked",
            term1=means["term1"],
            term2=means["term2"],
            year=means["year"],
            reassessed=means.get("reassessed"),
            comment=None,
            note=None,
        )
    ]


def _facts(results: Results, level: str) -> list[Block]:
    return [
        labelled("Kết quả cuối năm học:", promotion(results, level), face=BOLD),
        labelled("Danh hiệu thi đua:", results["title"] or BLANK),
        labelled("Chứng chỉ, chứng nhận nghề phổ thông (nếu có):", results["certificates"] or BLANK),
        labelled("Giải thưởng, khen thưởng đặc biệt khác:", "; ".join(results["awards"]) or BLANK),
        *departure_fact(results),
    ]
