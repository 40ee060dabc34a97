"""A submitted year against the rules: what SMAS computed is computed again, and each difference kept with its rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocba_app.domain.assessment.record import TERMS, Marks, SubjectYear, SubmittedYear
from hocba_app.domain.assessment.regimes import regime

SubjectKinds = Mapping[str, str]
"""Subject code → "marked" or "comment"."""


def mismatches(payload: Mapping[str, Any], kinds: SubjectKinds) -> list[dict[str, Any]]:
    """Where a result is not what the rules give; none for a regime that has no rules here.

    Args:
        payload: the stored form of a result, subjects by ``subject_code``.
    """
    rules = regime(payload["regime"])
    if rules is None:
        return []
    return [found.as_json() for found in rules.check(submitted_year(payload, kinds))]


def submitted_year(payload: Mapping[str, Any], kinds: SubjectKinds) -> SubmittedYear:
    """The rules' view of a stored result."""
    return SubmittedYear(
        subjects=tuple(_subject(entry, kinds) for entry in payload["subjects"]),
        learning=payload["learning"], training=payload["training"], absences=payload["absences"].get("year"),
        promotion=payload["promotion"], promotion_note=payload["promotion_note"], title=payload["title"],
        averages=payload.get("averages") or {},
        traits=tuple(
            (trait["name"], trait["level"])
            for group in ("qualities", "general_competencies", "specific_competencies") for trait in payload.get(group) or ()
        ),
    )  # fmt: skip


def _subject(entry: Mapping[str, Any], kinds: SubjectKinds) -> SubjectYear:
    code = entry["subject_code"]
    given = entry.get("marks") or {}
    marks = {
        term: Marks(tuple(found["regular"]), found["midterm"], found["final"]) for term in TERMS if (found := given.get(term)) is not None
    }
    return SubjectYear(
        code, kinds.get(code) == "comment", entry["term1"], entry["term2"], entry["year"], entry["reassessed"], marks,
        entry.get("test"), entry.get("reassessed_test"),
    )
