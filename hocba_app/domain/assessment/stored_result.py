"""A result as it is stored (docs/smas-contract.md, subjects by code) in the rules' view, and what they say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hocba_app.domain.assessment.record import (
    TERMS,
    Gap,
    Judgement,
    Marks,
    Mismatch,
    Relaxed,
    SubjectYear,
    SubmittedYear,
    Weight,
)
from hocba_app.domain.assessment.regimes import kind_of, regime, regime_in_force
from hocba_app.domain.assessment.subject_check import is_exempt
from hocba_app.domain.circumstances import Circumstance, Relief, relief

SubjectKinds = Mapping[str, str]
"""Subject code → "marked" or "comment"."""
_OF_PLAN = ("learning.", "training.", "promotion", "averages.")
_TRAITS = ("qualities", "general_competencies", "specific_competencies")


def judge(
    payload: Mapping[str, Any],
    kinds: SubjectKinds,
    school_year: str,
    *,
    grade: int | None = None,
    moved_in: bool = False,
    flags: Sequence[Circumstance] = (),
) -> Judgement:
    """Right, wrong or not checkable, value by value.

    Args:
        payload: the stored form of a result.
        school_year: "2025-2026".
        grade: of the class, to see that the regime is the one in force for it; None: not looked at.
        moved_in: the pupil came in the course of the year.
        flags: the pupil's circumstances in that year; what they relax is told with its article, not found wrong or missing.
    """
    first_year, name = int(school_year[:4]), payload["regime"]
    rules = regime(name, first_year)
    if rules is None:
        return Judgement(gaps=(Gap("regime", f"chưa có quy tắc của {name} cho năm học {school_year} để tính lại"),))
    relaxed = relief(flags, name, school_year)
    found = _relaxed(rules.judge(submitted_year(payload, kinds, moved_in=moved_in, relaxed=relaxed)), relaxed)
    due = regime_in_force(grade, first_year, kind_of(name)) if grade is not None else None
    if due in (None, name):
        return found
    other = Gap("regime", f"đã nộp theo {name}, trong khi lớp {grade} năm học {school_year} đánh giá theo {due}")
    return replace(found, gaps=(other, *found.gaps))


def _relaxed(found: Judgement, by: Relief) -> Judgement:
    """Without what the pupil's circumstances take from the checks: it is told with the article.

    Who is not assessed, or assessed by a plan of his own, may lack any result, and his levels are not those of the marks. A title
    without marks, and a mark that is none, stay what they are.
    """
    article = by.not_assessed or by.own_plan
    taken: list[Mismatch | Gap] = []
    if article:
        taken += [each for each in found.mismatches if each.field.startswith(_OF_PLAN)]
        taken += [gap for gap in found.gaps if gap.weight is not Weight.REPORTED and gap.field != "title"]
    of_plan = [Relaxed(each.field, article) for each in taken]
    exempt = [Relaxed(f"subjects.{code}", each) for code, each in by.exempt.items()]
    return Judgement(
        tuple(each for each in found.mismatches if each not in taken),
        tuple(gap for gap in found.gaps if gap not in taken),
        (*exempt, *of_plan),
    )


def submitted_year(
    payload: Mapping[str, Any], kinds: SubjectKinds, *, moved_in: bool = False, relaxed: Relief | None = None
) -> SubmittedYear:
    """The rules' view of a stored result; a subject the pupil is exempt from is none of his."""
    by = relaxed or Relief()
    return SubmittedYear(
        subjects=tuple(
            _subject(entry, kinds)
            for entry in payload["subjects"]
            if not (entry["subject_code"] in by.exempt and _nothing_assessed(entry))
        ),
        learning=payload["learning"], training=payload["training"], absences=payload["absences"].get("year"),
        promotion=payload["promotion"], promotion_note=payload["promotion_note"], title=payload["title"],
        averages=payload.get("averages") or {},
        traits=tuple((trait["name"], trait["level"]) for group in _TRAITS for trait in payload.get(group) or ()),
        traits_reassessed={trait["name"]: trait["level"] for trait in payload.get("traits_reassessed") or ()},
        moved_in=moved_in,
        relief=by,
    )  # fmt: skip


def _nothing_assessed(entry: Mapping[str, Any]) -> bool:
    """No value but "Miễn": a mark that is there counts, whatever a flag says."""
    return all(value is None or is_exempt(value) for value in map(entry.get, ("term1", "term2", "year", "reassessed")))


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
