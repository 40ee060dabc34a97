"""A result as it is stored (docs/smas-contract.md, subjects by code) in the rules' view, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocba_app.domain.assessment.record import TERMS, Gap, Judgement, Marks, SubjectYear, SubmittedYear
from hocba_app.domain.assessment.regimes import regime, regime_in_force

SubjectKinds = Mapping[str, str]
"""Subject code → "marked" or "comment"."""
_TRAITS = ("qualities", "general_competencies", "specific_competencies")


def judge(
    payload: Mapping[str, Any],
    kinds: SubjectKinds,
    school_year: str,
    *,
    grade: int | None = None,
    moved_in: bool = False,
) -> Judgement:
    """Right, wrong or not checkable, value by value.

    Args:
        payload: the stored form of a result.
        school_year: "2025-2026".
        grade: of the class, to see that the regime is the one in force for it; None: not looked at.
        moved_in: the pupil came in the course of the year.
    """
    first_year, name = int(school_year[:4]), payload["regime"]
    rules = regime(name, first_year)
    if rules is None:
        return Judgement(gaps=(Gap("regime", f"chưa có quy tắc của {name} cho năm học {school_year} để tính lại"),))
    found = rules.judge(submitted_year(payload, kinds, moved_in=moved_in))
    due = regime_in_force(grade, first_year) if grade is not None else None
    if due in (None, name):
        return found
    other = Gap("regime", f"đã nộp theo {name}, trong khi lớp {grade} năm học {school_year} đánh giá theo {due}")
    return Judgement(found.mismatches, (other, *found.gaps))


def submitted_year(payload: Mapping[str, Any], kinds: SubjectKinds, *, moved_in: bool = False) -> SubmittedYear:
    """The rules' view of a stored result."""
    return SubmittedYear(
        subjects=tuple(_subject(entry, kinds) for entry in payload["subjects"]),
        learning=payload["learning"], training=payload["training"], absences=payload["absences"].get("year"),
        promotion=payload["promotion"], promotion_note=payload["promotion_note"], title=payload["title"],
        averages=payload.get("averages") or {},
        traits=tuple((trait["name"], trait["level"]) for group in _TRAITS for trait in payload.get(group) or ()),
        traits_reassessed={trait["name"]: trait["level"] for trait in payload.get("traits_reassessed") or ()},
        moved_in=moved_in,
    )  # fmt: skip


def _subject(entry: Mapping[str, Any], kinds: SubjectKinds) -> SubjectYear:
    code = entry["subject_code"]
    given = entry.get("marks") or {}
    marks = {
        term: Marks(tuple(found["regular"]), found["midterm"], found["final"])
        for term in TERMS
        if (found := given.get(term)) is not None
    }
    return SubjectYear(
        code,
        kinds.get(code) == "comment",
        entry.get("term1"),
        entry.get("term2"),
        entry.get("year"),
        entry.get("reassessed"),
        marks,
        entry.get("test"),
        entry.get("reassessed_test"),
    )
