"""Several schools that play their year at the same time, on one database and the same workers."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from hocba_app.rehearsal.plan import Plan
from hocba_app.rehearsal.records import write_report
from hocba_app.rehearsal.school import PlayedSchool
from hocba_app.rehearsal.timings import Stages
from hocba_app.rehearsal.years import play


class _Stopped(RuntimeError):
    """Another school's year has stopped; this one would be played for nothing."""


def checked_together(check: Callable[[], None]) -> Callable[[], None]:
    """A check of the children that several threads may call: one looks at a time."""
    lock = threading.Lock()

    def look() -> None:
        with lock:
            check()

    return look


def play_side_by_side(
    plan: Plan, schools: Sequence[PlayedSchool], stages: Stages, check: Callable[[], None]
) -> dict[str, Any]:
    """Play every school's years at once.

    Args:
        schools: of the simulators; where there are several, one for each plan of :attr:`Plan.side_by_side`, in any order.
        check: raises when the rehearsal cannot go on.

    Returns:
        The report; of several schools their sums, ``schools`` with a report each, and as ``seconds`` of a stage those of
        the school that took longest.
    """
    if plan.schools == 1:
        return play(plan, schools, stages, check)
    stopped = threading.Event()

    def look() -> None:
        if stopped.is_set():
            raise _Stopped
        check()

    def one(half: Plan, school: PlayedSchool) -> dict[str, Any]:
        school.check = look
        half.out.mkdir(parents=True, exist_ok=True)
        try:
            return {"code": school.entry["code"]} | play(half, [school], replace(stages, parts={}), look)
        except BaseException:
            stopped.set()
            raise

    plans = plan.side_by_side
    with ThreadPoolExecutor(len(plans), thread_name_prefix="school") as pool:
        running = [
            pool.submit(one, half, school)
            for half, school in zip(plans, sorted(schools, key=lambda each: each.entry["code"]), strict=True)
        ]
    failures = [error for each in running if (error := each.exception()) is not None]
    for error in failures:
        if not isinstance(error, _Stopped):
            raise error
    report = _summed([each.result() for each in running], stages)
    write_report(plan.out.resolve(), report)
    return report


def _summed(reports: Sequence[dict[str, Any]], stages: Stages) -> dict[str, Any]:
    parts: dict[str, dict[str, Any]] = {}
    for report in reports:
        for name, stage in report["stages"].items():
            part = parts.setdefault(name, {"count": 0, "seconds": 0.0, "rate": 0.0})
            part["count"] += stage["count"]
            part["seconds"] = max(part["seconds"], stage["seconds"])
    for part in parts.values():
        part["rate"] = round(part["count"] / part["seconds"], 2) if part["seconds"] else 0.0
    return {
        **{name: sum(report[name] for report in reports) for name in ("students", "documents", "signatures")},
        "seconds": round(stages.seconds, 2),
        "stages": parts,
        "failures": [{"school": report["code"], **failure} for report in reports for failure in report["failures"]],
        "schools": list(reports),
    }
