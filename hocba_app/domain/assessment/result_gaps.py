"""What of a year's results is missing, or has no basis: the same in TT22 and TT26."""

from __future__ import annotations

from hocba_app.domain.assessment.record import TERMS, SubmittedYear, Weight
from hocba_app.domain.assessment.subject_check import SubjectCheck

_DISABILITY = "khuyết tật"


def principal_decides(year: SubmittedYear) -> bool:
    """Pupils with disabilities: the principal decides on moving up (TT22 Art. 12.4). A source that has no flags says so in the note."""
    return bool(year.relief.head_decides) or _DISABILITY in (year.promotion_note or "").casefold()


def note_result_gaps(check: SubjectCheck, *, learning: str, training: str, absences: str) -> None:
    """Note missing results of terms and year, and levels or a title with no subject below them.

    Args:
        learning: the article on the learning level; ``training``, ``absences`` likewise.
    """
    year = check.year
    # Who is assessed by a plan of his own may lack any of them: the office says why.
    blocks = Weight.NEEDS_REASON if principal_decides(year) else Weight.BLOCKS
    for name, values, article in (("learning", year.learning, learning), ("training", year.training, training)):
        for column in (*TERMS, "year"):
            if values.get(column) is not None:
                continue
            if column == "term1":
                if not year.moved_in:
                    check.gap(f"{name}.{column}", f"còn trống ({article})")
            else:
                check.gap(f"{name}.{column}", f"còn trống ({article})", blocks)
    if year.absences is None:
        check.gap("absences.year", f"còn trống ({absences})", blocks)
    for column in (*TERMS, "year"):
        filled = check.columns[column].marked or check.columns[column].comments
        if year.learning.get(column) is not None and not filled:
            check.gap(f"learning.{column}", f"có mức nhưng không có kết quả môn học nào ({learning})")
    if year.title is not None and not check.columns["year"].marked:
        check.gap("title", "có danh hiệu nhưng không có điểm cả năm của môn nào")
