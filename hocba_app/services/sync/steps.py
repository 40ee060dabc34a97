"""A data set written in steps: many short transactions, each complete in itself, so that nobody else waits for a whole import.

What follows from a chunk – the report's counts, documents that became out of date – is written with it. Work that concerns
the whole school, after a subject or the school itself changed, is noted in the job's report first and then done class by
class: a run that is killed anywhere goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

from sqlmodel import Session

from hocba_app.models import Database, Job, StudentResult, Subject
from hocba_app.models.repositories import find
from hocba_app.models.repositories.membership import in_cancelled_classes
from hocba_app.models.repositories.records import circumstances_of, results_of
from hocba_app.models.repositories.school_years import classes_at_work
from hocba_app.services.accounts.activation import ensure_staff_accounts
from hocba_app.services.audit.log import notify_narrow
from hocba_app.services.records.out_of_date import refresh_out_of_date
from hocba_app.services.sync.apply import Applier
from hocba_app.services.sync.apply_report import Applied
from hocba_app.services.sync.fetch import Collected, Incoming
from hocba_app.services.sync.mapping import RECOMPUTED, Known, Refused, result_payload
from hocba_app.services.sync.recompute import mismatches
from hocba_app.services.sync.schemas import SHAPES

RESOURCES = tuple(SHAPES)
OUTCOMES = ("new", "changed", "gone", "rejected", "conflict")
STEP_SECONDS = 0.1
"""What one transaction should take: the chunks grow and shrink towards it, whatever the machine."""
BREATH_SECONDS = 0.01
"""Between two steps, so that whoever waits to write has his turn."""
_MIN_CHUNK, _FIRST_CHUNK, _MAX_CHUNK = 5, 25, 250


class Cancelled(Exception):
    """Somebody asked the run to stop."""


Write = Callable[[], AbstractContextManager[Session]]
"""A write transaction of the school that commits only while this run is the job's."""
Item = TypeVar("Item")


class Steps:
    """Writes what a run brings, one short transaction after another.

    Args:
        db: database of the school.
        school_id: whose run it is.
        job_id: the run; its report takes the counts.
        write: begins a transaction.
        actor: account id of who asked for the run.
    """

    def __init__(self, db: Database, school_id: str, job_id: str, write: Write, *, actor: str) -> None:
        self._db, self._school_id, self._job_id, self._write, self._actor = db, school_id, job_id, write, actor
        self._size = _FIRST_CHUNK
        self._year = ""

    def data_set(
        self, found: Collected, school_year: str, *, seen: Callable[[int], None] = lambda _: None, **options: Any
    ) -> Applier:
        """Write one data set; its cursor and the audit event are left to the caller.

        Args:
            seen: called after each step with how many records are behind it; what it raises ends the run there.
            options: as for :class:`Applier`.

        Raises:
            ClaimLost: another worker goes on with the run.
        """
        self._year = school_year
        self._size = min(self._size, _FIRST_CHUNK)  # a pupil's results take longer than his place in a class
        with self._db.read(self._school_id) as session:
            applier = Applier(session, self._job_id, found, school_year, actor=self._actor, **options)
        with self.step() as session:
            _begin_counting(session, self._job_id, found.resource)
            applier.begin(session)
        for _ in self._each(applier, applier.report_refused, list(found.refused.values())):
            pass
        # Who is put on another list is never on none in between: his record would be called out of date for a moment.
        last = found.resource == "enrolments"
        if not last:
            for _ in self._each(applier, applier.cancel, list(found.gone)):
                pass
        count = 0
        for chunk in found.chunks():
            for part in self._each(applier, applier.write, chunk):
                count += part
                seen(count)
        if last:
            for _ in self._each(applier, applier.cancel, list(found.gone)):
                pass
            with self.step() as session:
                self.note(session, Applied(student_ids=in_cancelled_classes(session)), found.resource)
        if found.resource == "staff":
            with self.step() as session:
                ensure_staff_accounts(session, actor=self._actor)
        self.catch_up()
        return applier

    def catch_up(self) -> None:
        """Do what a change of the whole school left to do, class by class; also what a killed run left."""
        more = True
        while more:
            with self.step() as session:
                more = self._one_class(session)

    def note(self, session: Session, applied: Applied, resource: str) -> None:
        """Put what a step brought into the job's report, and note there what is to be done for the whole school."""
        stale = 0
        if resource == "enrolments" and applied.student_ids:  # an exception of the law came, or went
            _recompute(session, self._year, list(results_of(session, sorted(applied.student_ids), self._year).values()))
        if resource not in ("school", "subjects", "classes") and applied.student_ids:
            stale = refresh_out_of_date(session, applied.student_ids)
        job = _job(session, self._job_id)
        job.report = _with_counts(job.report, resource, dict(applied.counts), stale)
        if applied.changed_ids and resource in ("school", "subjects", "classes"):
            job.report = job.report | {
                "refresh": _refresh_of(session, resource, applied, job.report.get("refresh") or {}, self._year)
            }
        session.add(job)
        notify_narrow(session)

    def parts(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """The items in pieces of the size that suits this machine now."""
        at = 0
        while at < len(items):
            part = items[at : at + self._size]
            yield part
            at += len(part)

    @contextmanager
    def step(self) -> Iterator[Session]:
        """One transaction, its time taken; then a breath for the others."""
        with self._write() as session:
            begun = time.monotonic()
            yield session
        took = time.monotonic() - begun
        if took > STEP_SECONDS:
            self._size = max(_MIN_CHUNK, self._size // 2)
        elif took < STEP_SECONDS / 2:
            self._size = min(_MAX_CHUNK, self._size * 3 // 2)
        time.sleep(BREATH_SECONDS)

    def _each(
        self, applier: Applier, write: Callable[[Session, Sequence[Any]], None], items: Sequence[Any]
    ) -> Iterator[int]:
        """Write in steps; yields after each how many records it wrote."""
        for part in self.parts(items):
            with self.step() as session:
                write(session, part)
                self.note(session, applier.taken(), applier.resource)
            yield len(part)

    def _one_class(self, session: Session) -> bool:
        job = _job(session, self._job_id)
        waiting: dict[str, Any] = job.report.get("refresh") or {}
        if not (classes := waiting.get("classes")):
            return False
        if waiting["recompute"]:
            _recompute_class(session, classes[0])
        stale = refresh_out_of_date(session, class_ids=classes[:1], kinds=waiting["kinds"])
        left = waiting | {"classes": classes[1:]} if classes[1:] else None
        job.report = job.report | {"refresh": left, "out_of_date": job.report.get("out_of_date", 0) + stale}
        session.add(job)
        notify_narrow(session)
        return left is not None


def subject_kinds(session: Session) -> dict[str, str]:
    """Subject code → marked or comment, for the recomputation."""
    return dict(find.columns_of(session, Subject.code, Subject.kind))


def recomputation(session: Session, names: Known) -> Callable[[list[Incoming]], None]:
    """Work on results before they are written: what the rules say, beside what was submitted."""
    kinds, flags = subject_kinds(session), circumstances_of(session, names.school_year)

    def recompute(records: list[Incoming]) -> None:
        for item in records:
            if item.data is None:
                continue
            try:
                pupil, _ = names.students.get(item.data["student_id"], ("", ""))
                item.data[RECOMPUTED] = mismatches(
                    result_payload(item.data, names), kinds, item.data["school_year"], flags.get(pupil, ())
                )
            except Refused:
                continue  # refused again, with the reason, when it is written

    return recompute


def _job(session: Session, job_id: str) -> Job:
    return session.get_one(Job, (session.info["school_id"], job_id))


def _begin_counting(session: Session, job_id: str, resource: str) -> None:
    """A run that goes on after a kill adds to what it brought before, but reports what it refuses anew."""
    job = _job(session, job_id)
    resources = job.report.get("resources", {})
    counted = dict.fromkeys(OUTCOMES, 0) | resources.get(resource, {}) | {"rejected": 0, "conflict": 0}
    job.report = job.report | {
        "resources": resources | {resource: counted},
        "out_of_date": job.report.get("out_of_date", 0),
    }
    session.add(job)


def _with_counts(report: dict[str, Any], resource: str, counts: dict[str, int], stale: int) -> dict[str, Any]:
    resources = report.get("resources", {})
    before = resources.get(resource, {})
    counted = {outcome: before.get(outcome, 0) + counts.get(outcome, 0) for outcome in OUTCOMES}
    return report | {"resources": resources | {resource: counted}, "out_of_date": report.get("out_of_date", 0) + stale}


def _refresh_of(
    session: Session, resource: str, applied: Applied, before: dict[str, Any], school_year: str
) -> dict[str, Any]:
    """What is to be looked at again, beside what waits already: documents of which classes, and of which kinds (None: all)."""
    classes = applied.changed_ids if resource == "classes" else classes_at_work(session, school_year)
    kinds: list[str] | None = ["results"] if resource == "subjects" and before.get("kinds", []) is not None else None
    return {
        "classes": sorted({*classes, *before.get("classes", ())}),
        "kinds": kinds,
        "recompute": resource == "subjects" or before.get("recompute", False),
    }


def _recompute_class(session: Session, class_id: str) -> None:
    """Judge the stored results of a class anew: a subject that is now marked, or now commented, changes what the rules give."""
    rows = find.all_of(session, StudentResult, class_id=class_id)
    for year in {row.school_year for row in rows}:
        _recompute(session, year, [row for row in rows if row.school_year == year])


def _recompute(session: Session, school_year: str, rows: Sequence[StudentResult]) -> None:
    kinds, flags = subject_kinds(session), circumstances_of(session, school_year, [row.student_id for row in rows])
    for row in rows:
        found = mismatches(row.payload, kinds, row.school_year, flags.get(row.student_id, ()))
        if found != row.mismatches:
            row.mismatches = found
            session.add(row)
    session.flush()
