"""What the year results of every regime share: pages with head and foot, the closing sections, the words for an outcome."""

from __future__ import annotations

from hocba_app.domain.snapshot import Results, Snapshot
from hocba_app.forms.fonts import BOLD, ITALIC, REGULAR, Face
from hocba_app.forms.form_blocks import labelled, paragraph
from hocba_app.forms.header_footer import numbered_pages
from hocba_app.forms.page import Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.wording import BLANK, PROMOTIONS, circumstance_lines, programme_finished, school_year

COMPLETION_LAW = "Xác nhận của Hiệu trưởng tại đây thay cho bằng tốt nghiệp trung học cơ sở kể từ ngày 01/01/2026."
COMPLETION_LAW_YEAR = "2025-2026"
"""The first school year that ends under that law; "YYYY-YYYY" compares as text."""


def results_pages(snapshot: Snapshot, blocks: list[Block]) -> list[Page]:
    """The blocks on numbered pages with the pupil's name above and the code to check below.

    Raises:
        HocbaError: FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    return numbered_pages(snapshot, blocks, f"Kết quả học tập · Năm học {school_year(snapshot['school_year'])}")


def corrections_note() -> Block:
    """The official sentence about corrections.

    The snapshot is what was submitted; a change gives a new version, so the table itself never has corrections.
    """
    words = "Trong bảng này có sửa chữa ở: 0 chỗ, thuộc các môn học, hoạt động giáo dục: không."
    return paragraph("sửa chữa", words, size=10)


def departure_fact(results: Results) -> list[Block]:
    """When a pupil left in mid-year; nothing for the others."""
    return [labelled("Thay đổi trong năm học:", results["departure"], face=BOLD)] if results["departure"] else []


def circumstance_facts(snapshot: Snapshot) -> list[Block]:
    """By which exceptions of the law the pupil was assessed this year, each on a line; nothing for most pupils."""
    return [labelled("Trường hợp:", text, face=BOLD) for text in circumstance_lines(snapshot)]


def count(value: int | None) -> str | None:
    """A number of days as a cell shows it; None leaves the cell empty."""
    return None if value is None else str(value)


def promotion(results: Results, level: str) -> str:
    """The decision at the end of the year, with its note."""
    words = PROMOTIONS.get(results["promotion"] or "", BLANK)
    if results["promotion"] == "promoted" and results["programme_completed"]:
        words = programme_finished(level)
    return f"{words} ({results['promotion_note']})" if results["promotion_note"] else words


def homeroom_comments(results: Results, caption: str) -> list[tuple[str, str]]:
    """The homeroom teacher's comment under the regime's caption and, where there is one, the comment after summer."""
    comments = [(caption, results["homeroom_comment"] or BLANK)]
    if results["homeroom_comment_after_summer"]:
        comments.append(
            ("Nhận xét sau khi đánh giá lại, rèn luyện trong kỳ nghỉ hè:", results["homeroom_comment_after_summer"])
        )
    return comments


def approval_statements(snapshot: Snapshot) -> list[tuple[str, Face]]:
    """What the principal confirms: the year and, in the last grade, whether the level is completed."""
    level, results = snapshot["school"]["level"], snapshot["results"]
    if results["programme_completed"] is None:
        return [("Xác nhận kết quả học tập và rèn luyện nêu trên.", REGULAR)]
    finished = programme_finished(level)
    if not results["programme_completed"]:
        return [(f"Chưa {finished[0].lower()}{finished[1:]}.", BOLD)]
    statements: list[tuple[str, Face]] = [(f"{finished}.", BOLD)]
    if level == "lower_secondary" and (snapshot["school_year"] or "") >= COMPLETION_LAW_YEAR:
        statements.append((COMPLETION_LAW, ITALIC))
    return statements
