"""Chốt: freeze a snapshot, lay out its file with every signature field, and open it for signing.

A few pupils at a time: laid out without a transaction, then checked against the data once more and opened together in
a short one. Idempotent pupil by pupil: a job that was killed goes on where it was, a pupil locked already is passed
over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hocba_app.domain.document_lifecycle import KINDS
from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.models import Job, SchoolClass
from hocba_app.models.repositories import records as rows
from hocba_app.services.audit.log import notify_all
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done
from hocba_app.services.records.freezing import freeze, open_versions
from hocba_app.services.records.lock_request import start_lock
from hocba_app.services.records.precheck import Candidate, ClassList, class_list

__all__ = ["KINDS", "start_lock"]
_TOGETHER = 25
"""Pupils opened in one transaction: about a tenth of a second on SQLite, which holds up other writers so long."""
_PASSES = 3
"""How often a pupil whose data change while he is laid out is tried."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """What a lock job was asked to do."""

    kind: str
    leave_out: frozenset[str]
    include: frozenset[str]
    only: tuple[str, ...] | None
    accepted: Mapping[str, str]
    """By pupil the digest of the mismatches that are locked all the same."""
    reasons: Mapping[str, str]
    """By these pupils why."""

    def passed_over(self, candidate: Candidate) -> dict[str, str] | None:
        """The outcome of a pupil who is not laid out; None for one who is."""
        student_id = candidate.student.id
        if candidate.elsewhere:
            return {"outcome": "left_out", "reason": candidate.elsewhere}
        if candidate.locked:
            return {"outcome": "locked_before"}
        if student_id in self.leave_out:
            return {"outcome": "left_out"}
        if candidate.left_out and self.only is None and student_id not in self.include:
            return {"outcome": "left_out", "reason": candidate.left_out}
        return None if candidate.can_lock else {"outcome": "blocked", "reason": " ".join(candidate.blocking)}


@job("lock")
def lock_class(work: Work) -> Done:
    """Lock every pupil of the classes who can be locked and is not left out. Killed, it goes on after the last pupils opened."""
    asked = work.arguments
    choice = _Choice(
        kind=asked["kind"],
        leave_out=frozenset(asked["leave_out"]),
        include=frozenset(asked["include"]),
        only=None if asked["student_ids"] is None else tuple(asked["student_ids"]),
        accepted=asked.get("accepted", {}),
        reasons=asked.get("reasons", {}),
    )
    with work.db.read(work.school_id) as session:
        before: list[dict[str, str]] = session.get_one(Job, (work.school_id, work.job_id)).report.get("students", [])
        classes = [session.get_one(SchoolClass, (work.school_id, class_id)) for class_id in asked["class_ids"]]
        sizes = [len(rows.pupils_of_class(session, school_class.id, choice.only)) for school_class in classes]
    # What an earlier attempt of this job locked is not "locked before".
    outcomes = {row["student"]: row for row in before if row["outcome"] == "locked"}
    for number, school_class in enumerate(classes):
        if not _lock_one_class(work, choice, school_class, outcomes, sum(sizes[:number]), sum(sizes)):
            break
    _report_missing(work, choice, outcomes)
    return Done()


def _report_missing(work: Work, choice: _Choice, outcomes: dict[str, dict[str, str]]) -> None:
    """Who was asked for by name and is on no list of these classes is reported as refused."""
    missing = [student_id for student_id in choice.only or () if student_id not in outcomes]
    with work.db.read(work.school_id) as session:
        missing = rows.own_students(session, missing)
    if missing and not work.cancelled():
        reason = "Không có trong danh sách lớp theo dữ liệu mới nhất từ SMAS."
        with work.write() as session:
            row = session.get_one(Job, (work.school_id, work.job_id))
            row.report = {
                "students": [
                    *outcomes.values(),
                    *({"student": each, "outcome": "left_out", "reason": reason} for each in missing),
                ]
            }
            session.add(row)
            notify_all(session)


def _lock_one_class(
    work: Work, choice: _Choice, school_class: SchoolClass, outcomes: dict[str, dict[str, str]], done: int, total: int
) -> bool:
    """One class, a few pupils at a time; False when the job was asked to stop."""
    with work.db.read(work.school_id) as session:
        listed = class_list(session, choice.kind, school_class, accepted=choice.accepted, student_ids=choice.only)
    for first in range(0, len(listed.candidates), _TOGETHER):
        if work.cancelled():
            return False
        part = listed.candidates[first : first + _TOGETHER]
        found = _lock_chunk(work, choice, school_class, ClassList(listed.sources, listed.staff, part))
        for student_id, outcome in found.items():
            if outcomes.get(student_id, {}).get("outcome") != "locked":
                outcomes[student_id] = {"student": student_id, **outcome}
        _report_progress(work, outcomes, done + first + len(part), total, school_class.name)
    return True


def _lock_chunk(work: Work, choice: _Choice, school_class: SchoolClass, listed: ClassList) -> dict[str, dict[str, str]]:
    """Lay out and open a few pupils; those whose data changed meanwhile again, from the new data."""
    outcomes: dict[str, dict[str, str]] = {}
    for _ in range(_PASSES):
        frozen = []
        for candidate in listed.candidates:
            passed = choice.passed_over(candidate)
            if passed is None:
                try:
                    frozen.append(freeze(listed, choice.kind, candidate))
                    continue
                except HocbaError as error:
                    passed = {"outcome": "failed", "reason": error.sentence, "code": error.code.value}
            outcomes[candidate.student.id] = passed
        if not frozen:
            break
        with work.write() as session:
            opened = open_versions(
                session, choice.kind, school_class.id, frozen, work.actor,
                accepted=choice.accepted, reasons=choice.reasons,
            )  # fmt: skip
        outcomes |= {item.student_id: {"outcome": "locked"} for item in frozen if item.student_id in opened}
        again = [item.student_id for item in frozen if item.student_id not in opened]
        if not again:
            break
        for student_id in again:
            outcomes[student_id] = {
                "outcome": "failed",
                "reason": SENTENCES[ErrorCode.DATA_MOVING],
                "code": ErrorCode.DATA_MOVING.value,
            }
        with work.db.read(work.school_id) as session:
            fresh = session.get_one(SchoolClass, (work.school_id, school_class.id))
            listed = class_list(session, choice.kind, fresh, accepted=choice.accepted, student_ids=again)
    return outcomes


def _report_progress(work: Work, outcomes: dict[str, dict[str, str]], done: int, total: int, class_name: str) -> None:
    with work.write() as session:
        row = session.get_one(Job, (work.school_id, work.job_id))
        row.progress, row.total, row.stage = done, total, f"Chốt {class_name}"
        row.report = {"students": list(outcomes.values())}
        session.add(row)
        notify_all(session)
