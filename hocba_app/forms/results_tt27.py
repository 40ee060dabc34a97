"""Year results of primary pupils under Circular 27/2020/TT-BGDĐT: subjects, qualities, competencies, the year's level."""

from __future__ import annotations

from dataclasses import replace

from hocba_app.domain.snapshot import Results, Snapshot, SubjectRow, Trait
from hocba_app.forms.fonts import BOLD, ITALIC
from hocba_app.forms.form_blocks import (
    facts_line,
    gap,
    labelled,
    paragraph,
    signing_pair,
    together,
    under_heading,
)
from hocba_app.forms.header_footer import ROOM
from hocba_app.forms.page import MM, Page
from hocba_app.forms.pagination import Block
from hocba_app.forms.results_pages import circumstance_facts, departure_fact, results_pages
from hocba_app.forms.signature_layout import RowSigning, row_signing
from hocba_app.forms.subject_table import Column, table_blocks
from hocba_app.forms.traits_table import TraitColumns, traits_block
from hocba_app.forms.wording import BLANK, PROMOTIONS, primary_completion

COLUMNS = (
    Column("name", "Môn học và hoạt động giáo dục", 38, "name"),
    Column("year", "Mức đạt được", 16, "mark"),
    Column("test", "Điểm KTĐK", 16, "mark"),
    Column("comment", "Nhận xét và chữ ký của giáo viên", 110, "remark"),
)
HEAD_HEIGHT = 11 * MM
_SUBJECT_KEY = "T: Hoàn thành tốt · H: Hoàn thành · C: Chưa hoàn thành · KTĐK: kiểm tra định kỳ cuối năm học"
_HOMEROOM_ROWS = "Môn học không có chữ ký riêng do giáo viên chủ nhiệm dạy, ký ở cuối bản này."
_TRAIT_KEY = "T: Tốt · Đ: Đạt · C: Cần cố gắng"
_QUALITIES = TraitColumns("Phẩm chất")
_COMPETENCIES = TraitColumns("Năng lực")


def draw_results(snapshot: Snapshot) -> list[Page]:
    """The pages of one school year's results.

    Raises:
        HocbaError: FORM_SLOT_MISMATCH, FORM_TEXT_UNSUPPORTED, FORM_TEXT_TOO_LONG.
    """
    results = snapshot["results"]
    signing = row_signing(snapshot["slots"], results["subjects"])
    head, *rows = table_blocks(COLUMNS, [_with_summer(row) for row in results["subjects"]], signing, HEAD_HEIGHT)
    subjects = [
        _measurements(results),
        under_heading("1. Các môn học và hoạt động giáo dục", head),
        *rows,
        gap(1 * MM),
        paragraph("ghi chú mức đạt được", _SUBJECT_KEY, face=ITALIC, size=9),
        *([paragraph("ghi chú chữ ký", _HOMEROOM_ROWS, face=ITALIC, size=9)] if _unsigned(signing) else []),
    ]
    qualities = _traits(
        "2. Những phẩm chất chủ yếu", _QUALITIES, results.get("qualities"), results.get("qualities_comment")
    )
    competencies = [
        *_traits(
            "3. Những năng lực cốt lõi – 3.1. Năng lực chung",
            _COMPETENCIES,
            results.get("general_competencies"),
            results.get("general_comment"),
        ),
        *_traits(
            "3.2. Năng lực đặc thù",
            _COMPETENCIES,
            results.get("specific_competencies"),
            results.get("specific_comment"),
        ),
        paragraph("ghi chú mức đạt được", _TRAIT_KEY, face=ITALIC, size=9),
        gap(1.5 * MM),
        *_facts(results),
        together("xác nhận của Hiệu trưởng", [*_conclusion(snapshot, results), gap(2 * MM), signing_pair(snapshot)]),
    ]
    return results_pages(snapshot, _on_two_pages(subjects, qualities, competencies))


def _on_two_pages(subjects: list[Block], qualities: list[Block], competencies: list[Block]) -> list[Block]:
    """The second page begins with a section, the third or as on the official form the second, where two pages are enough."""
    for first, second in (([*subjects, *qualities], competencies), (subjects, [*qualities, *competencies])):
        if all(sum(block.height for block in page) <= ROOM for page in (first, second)):
            return [*first, replace(second[0], starts_page=True), *second[1:]]
    return [*subjects, *qualities, *competencies]


def _unsigned(signing: dict[str, RowSigning]) -> bool:
    """Whether some row is signed by the homeroom teacher's one signature only."""
    return any(not row.fields and not row.signed_at for row in signing.values())


def _with_summer(row: SubjectRow) -> SubjectRow:
    """The official form has no column for what was assessed again: it is added as a note, the original stays."""
    again = [f"mức {row['reassessed']}"] if row["reassessed"] else []
    again += [f"điểm {row['reassessed_test']}"] if row.get("reassessed_test") else []
    if not again:
        return row
    note = f"Sau rèn luyện trong hè: {', '.join(again)}"
    return row | {"note": f"{row['note']}. {note}" if row["note"] else note}


def _measurements(results: Results) -> Block:
    """Height, weight and absences on one line."""
    absences = results["absences"]
    days = f"có phép {_days(absences.get('excused'))}, không phép {_days(absences.get('unexcused'))}"
    facts = [
        (f"Chiều cao: {_amount(results.get('height_cm'), 'cm')}", 0.25),
        (f"Cân nặng: {_amount(results.get('weight_kg'), 'kg')}", 0.25),
        (f"Số ngày nghỉ: {days}", 0.5),
    ]
    return facts_line("chiều cao, cân nặng, số ngày nghỉ", facts)


def _amount(value: str | None, unit: str) -> str:
    return f"{value.replace('.', ',')} {unit}" if value else BLANK


def _days(value: int | None) -> str:
    return BLANK if value is None else str(value)


def _traits(title: str, columns: TraitColumns, traits: list[Trait] | None, comment: str | None) -> list[Block]:
    if not traits:
        return []
    table = traits_block(title.split(". ", 1)[1].lower(), columns, traits, comment)
    return [under_heading(title, table), gap(1 * MM)]


def _facts(results: Results) -> list[Block]:
    awards = "; ".join(filter(None, [results["title"], *results["awards"]])) or BLANK
    facts = [
        labelled("4. Đánh giá kết quả giáo dục:", results["learning"]["year"] or BLANK, face=BOLD, label_face=BOLD),
        labelled("5. Khen thưởng:", awards, label_face=BOLD),
    ]
    if results["homeroom_comment"]:
        facts.append(labelled("Nhận xét của giáo viên chủ nhiệm:", results["homeroom_comment"], label_face=BOLD))
    return facts


def _conclusion(snapshot: Snapshot, results: Results) -> list[Block]:
    completion = labelled("6. Hoàn thành chương trình:", _completion(snapshot, results), face=BOLD, label_face=BOLD)
    return [*departure_fact(results), *circumstance_facts(snapshot), completion]


def _completion(snapshot: Snapshot, results: Results) -> str:
    """The class completed or the programme completed, with the decision's note."""
    if results["promotion"] == "promoted":
        words = primary_completion(snapshot["grade"], finished=bool(results["programme_completed"]))
    else:
        words = PROMOTIONS.get(results["promotion"] or "", BLANK)
    return f"{words} ({results['promotion_note']})" if results["promotion_note"] else words
