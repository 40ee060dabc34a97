"""Year after year of one school, each on what the one before has left; or of schools that become one after their first year."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from hocba_app.domain.levels import LEVELS, SEPARATOR
from hocba_app.models import SEAL
from hocba_app.rehearsal.later_year import LaterYear
from hocba_app.rehearsal.plan import Plan
from hocba_app.rehearsal.records import write_report
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.rehearsal.special_year import SpecialYear
from hocba_app.rehearsal.timings import Stages
from hocba_app.rehearsal.year import Year
from hocba_app.services.accounts import school_merger, school_split
from hocba_app.services.accounts.schools import operator
from hocba_app.services.overview.school_years import close_year

DECISION = "2606/QĐ-UBND"


def by_level(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Schools of the simulators, the lowest level first."""
    return sorted(entries, key=lambda entry: LEVELS.index(entry["level"].split("+")[0]))


def play(plan: Plan, schools: Sequence[PlayedSchool], stages: Stages, check: Callable[[], None]) -> dict[str, Any]:
    """Play every year.

    Args:
        schools: those of :attr:`Plan.halves`; the first one stays.

    Returns:
        The report, with a line a year and school where there are several.
    """
    reports: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    report: dict[str, Any] = {}
    for half, school in zip(plan.halves, schools, strict=True):
        first = SpecialYear if plan.special else Year
        report = _one(first(half, school, stages, check), reports, failures)
    stays = schools[0]
    for other in schools[1:]:
        _merge(stays, other)
    parts = _part(plan, stays, check) if plan.parted else [(plan, stays)]
    for _ in range(1, plan.years):
        for number, (part, school) in enumerate(parts):
            year = LaterYear(part, school, stages, check)
            report = _one(year, reports, failures)
            parts[number] = (year.plan, school)
    for _, school in parts[1:]:
        school.close()
    if plan.years > 1:
        report |= {"failures": failures, "years": reports}
        write_report(plan.out.resolve(), report)
    return report


def _one(year: Year, reports: list[dict[str, Any]], failures: list[dict[str, str]]) -> dict[str, Any]:
    """One year of one school, closed behind it where another follows."""
    try:
        year.september()
        year.december()
        year.may()
        year.august()
        report = year.finish()
    finally:
        year.close()
    failures += report["failures"]
    school, plan = year.school, year.plan
    if plan.years > 1 and not report["failures"]:
        close_year(school.db, school.people[school.principal().id], plan.year)
    more = year.figures if isinstance(year, LaterYear) else {"school_year": plan.year}
    reports.append(
        {"code": school.entry["code"]} | more | {key: report[key] for key in ("students", "documents", "signatures")}
    )
    return report


def _part(plan: Plan, school: PlayedSchool, check: Callable[[], None]) -> list[tuple[Plan, PlayedSchool]]:
    """The highest level becomes a school of its own, in SMAS and here, as with ``hocba school split``; it gets its own seal."""
    level = plan.level.split(SEPARATOR)[-1]
    old = school.entry["code"]
    goes, entry = school.smas.part(level, f"{old[:2]}9{old[3:]}")
    new = PlayedSchool(school.db, school.outside, entry, school.password, check)
    new.found()
    told = school_split.split(
        school.db, operator(new.school_id), school.school_id, goes["classes"],
        going=goes["staff"], staying=goes["stay"], decision=DECISION,
    )  # fmt: skip
    new.read_staff()
    new.upload_images()
    new.connect_keys({SEAL})
    left = replace(plan, level=goes["left"], students=plan.students - told.students)
    return [(left, school), (replace(plan, level=level, students=told.students), new)]


def _merge(stays: PlayedSchool, other: PlayedSchool) -> None:
    """In SMAS and here, as with ``hocba school merge``; everybody logs in again under the school that stays."""
    stays.smas.take_in(other.entry["code"])
    school_merger.merge(stays.db, operator(stays.school_id), other.school_id, decision=DECISION)
