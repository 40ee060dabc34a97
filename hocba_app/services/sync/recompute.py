"""A submitted year against the rules: what SMAS computed is computed again, and each difference kept with its rule.

Only differences are kept: in the course of a year almost everything is a gap. What cannot be checked is looked at before
a lock (`services/records/precheck.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hocba_app.domain.assessment.stored_result import SubjectKinds, judge
from hocba_app.domain.circumstances import Circumstance


def mismatches(
    payload: Mapping[str, Any], kinds: SubjectKinds, school_year: str, flags: Sequence[Circumstance] = ()
) -> list[dict[str, Any]]:
    """Where a result is not what the rules give; none for a regime that has no rules here.

    Args:
        payload: the stored form of a result, subjects by ``subject_code``.
        school_year: "2025-2026".
        flags: the pupil's circumstances in that year.
    """
    return [found.as_json() for found in judge(payload, kinds, school_year, flags=flags).mismatches]
