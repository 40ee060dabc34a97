"""The sync job: data set by data set, each read to its end and then written in steps, with all that follows from each step.

Killed at any instant it may be run again: what is in is passed over, and a data set's cursor moves when all of it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import spoken
from hocba_app.domain.school_calendar import school_year_of, today
from hocba_app.domain.school_facts import changed_facts, other_school
from hocba_app.domain.wording import RESOURCE
from hocba_app.models import Job, School, SchoolClass, SyncCursor, SyncRow
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import find
from hocba_app.models.repositories import sync as sync_rows
from hocba_app.models.repositories.school_changes import has_records
from hocba_app.models.repositories.sync import cursor_of, pupils_of_classes
from hocba_app.services.accounts.school_identity import facts_of, propose
from hocba_app.services.audit.log import notify_all, record
from hocba_app.services.credential_cipher import decrypt
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.sync.apply_report import Applied
from hocba_app.services.sync.client import SectorClient
from hocba_app.services.sync.fetch import Collected, Incoming, collect
from hocba_app.services.sync.mapping import TABLES, known
from hocba_app.services.sync.photos import fetch_photos
from hocba_app.services.sync.school_years import note_sector_year
from hocba_app.services.sync.steps import RESOURCES, Cancelled, Steps, recomputation
from hocba_app.settings import settings

_PAUSES = (15.0, 60.0, 180.0, 600.0)
"""Seconds until the job tries again by itself while the sector database does not answer; then it fails."""


_Waited = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Records that waited when a data set was read, and those that wait after it."""

OTHER_SOURCES: dict[str, Callable[[Work], None]] = {}
"""What brings in records besides the sector database, by the job's ``source``; registered by its own room (`services.workbooks`)."""


@job("sync")
def run_sync(work: Work) -> Result:
    """Bring in what is new; tries again later while the sector database cannot be reached."""
    try:
        if source := work.arguments.get("source"):
            OTHER_SOURCES[source](work)
            return Done()
        with sector_client(work.db, work.school_id) as client:
            _Run(work, client).all()
    except Cancelled:
        return Done()
    except HocbaError as error:
        tries = _tries(work)
        if error.code is not ErrorCode.SECTOR_UNREACHABLE or tries >= len(_PAUSES):
            raise
        work.report({"tries": tries + 1})
        return RetryAfter(max(_PAUSES[tries], min(float(str(error.params.get("seconds", 0))), 3600.0)))
    return Done()


def _tries(work: Work) -> int:
    with work.db.read(work.school_id) as session:
        return int(session.get_one(Job, (work.school_id, work.job_id)).report.get("tries", 0))


def sector_client(db: Any, school_id: str, **options: Any) -> SectorClient:
    """The school's access to the sector database.

    Raises:
        HocbaError: SECTOR_REFUSED when no address or account is set; SECRET_KEY_*.
    """
    with db.read(school_id) as session:
        school = session.get_one(School, school_id)
    if not settings().smas_url or not school.smas_client_id:
        raise HocbaError(ErrorCode.SECTOR_REFUSED, detail="chưa khai báo địa chỉ hoặc tài khoản kết nối")
    return SectorClient(settings().smas_url, school.smas_client_id, decrypt(school.smas_secret_encrypted), **options)


class _Run:
    def __init__(self, work: Work, client: SectorClient) -> None:
        self._work, self._client = work, client
        given = work.arguments
        with work.db.read(work.school_id) as session:
            school = session.get_one(School, work.school_id)
            self._year: str = given.get("school_year") or school.current_year or school_year_of(today())
            self._cursors = {row.resource: row for row in find.all_of(session, SyncCursor, school_year=self._year)}
        chosen = given.get("resources") or RESOURCES
        self._resources = [resource for resource in RESOURCES if resource in chosen]
        self._class_ids: list[str] = given.get("class_ids") or []
        self._done = 0
        self._steps = Steps(work.db, work.school_id, work.job_id, work.write, actor=work.actor)
        self._stale_before = 0

    def all(self) -> None:
        self._steps.catch_up()
        note_sector_year(self._work.db, self._work.school_id, self._client)
        newest = max((item["number"] for item in self._client.snapshots(self._year)), default=0)
        members = self._members() if self._class_ids else None
        for number, resource in enumerate(self._resources):
            self._done = number
            self._pause_point(0, resource)
            cursor = self._cursors.get(resource)
            known_already = cursor is not None and cursor.snapshot is not None and cursor.snapshot >= newest
            if known_already and not (cursor and cursor.pending) and members is None:
                continue  # snapshots never change: nothing to ask for
            self._one(resource, cursor, members)
        self._work.progress(len(self._resources), len(self._resources), "Xong")

    def _pause_point(self, count: int, resource: str) -> None:
        if self._work.cancelled():
            raise Cancelled
        if count or not self._done:
            counted = f": {count}" if count else ""
            self._work.progress(self._done, len(self._resources), f"{RESOURCE[resource]}{counted}")

    def _one(self, resource: str, cursor: SyncCursor | None, members: _Members | None) -> None:
        while not self._read_and_written(resource, cursor, members):
            cursor = self._cursors[resource]

    def _read_and_written(self, resource: str, cursor: SyncCursor | None, members: _Members | None) -> bool:
        """False when what waits, or what was decided on it, is not what was read any more: nothing was written."""
        waiting = cursor.pending if cursor is not None else []
        found = collect(
            self._client,
            resource,
            self._year,
            since=cursor.cursor if cursor else "",
            pending=waiting,
            prepare=self._preparation(resource),
            seen=lambda count: self._pause_point(count, resource),
        )
        with found:
            with self._work.db.read(self._work.school_id) as session:
                now = cursor_of(session, resource, self._year)
                only = members.of(session, resource, found) if members is not None else None
            if now is not None and now.pending != waiting:
                self._cursors[resource] = now
                return False
            if resource == "school":
                pending = self._school(found)
            else:
                pending = self._steps.data_set(found, self._year, only=only, decided=decided(waiting)).pending
            with self._work.write() as session:
                self._close(session, resource, found, (waiting, pending), whole=members is None)
        return True

    def _school(self, found: Collected) -> list[dict[str, Any]]:
        with self._steps.step() as session:
            applied, other = _apply_school(session, self._work.job_id, found, self._year, self._work.actor)
            self._steps.note(session, applied, "school")
        self._steps.catch_up()
        if other:  # another school, as far as anybody here has said: nothing of it comes in before somebody has
            raise HocbaError(
                ErrorCode.SECTOR_REFUSED,
                detail=f"tài khoản kết nối là của trường có mã {other}. Nếu trường đã đổi mã thì xác nhận ở trang {spoken().leaders} rồi đồng bộ lại",
            )
        return applied.pending

    def _preparation(self, resource: str) -> Callable[[list[Incoming]], None] | None:
        if resource == "students":
            return lambda records: fetch_photos(self._client, records)
        if resource == "results":
            with self._work.db.read(self._work.school_id) as session:
                return recomputation(session, known(session, "results", self._year))
        return None

    def _close(self, session: Session, resource: str, found: Collected, waited: _Waited, *, whole: bool) -> None:
        """The data set is in: its cursor, what waits for the next run, and the audit event together."""
        if whole:
            cursor = cursor_of(session, resource, self._year, lock=True) or SyncCursor(
                resource=resource, school_year=self._year
            )
            cursor.cursor, cursor.snapshot, cursor.updated_at = found.cursor or cursor.cursor, found.snapshot, utc_now()
            cursor.pending = still_waiting(*waited, cursor.pending)
            session.add(cursor)
        row = session.get_one(Job, (self._work.school_id, self._work.job_id))
        row.report = row.report | {"snapshot": found.snapshot}
        session.add(row)
        notify_all(session)
        counts = {outcome: number for outcome, number in row.report["resources"][resource].items() if number}
        if counts:
            record(
                session,
                actor=self._work.actor,
                action=Action.SYNC_APPLIED,
                subject=f"job:{self._work.job_id}",
                data={
                    "resource": resource,
                    "school_year": self._year,
                    "snapshot": found.snapshot,
                    "out_of_date": row.report["out_of_date"] - self._stale_before,
                    **counts,
                },
            )
        self._stale_before = row.report["out_of_date"]

    def _members(self) -> _Members:
        with self._work.db.read(self._work.school_id) as session:
            classes = {row.source_id for row in find.by_ids(session, SchoolClass, self._class_ids).values()}
            pupils = pupils_of_classes(session, self._class_ids)
        members = _Members(classes, pupils, self._class_ids)
        with collect(self._client, "enrolments", self._year, since="", pending=()) as found:
            for chunk in found.chunks():
                members.students |= {
                    item.data["student_id"] for item in chunk if item.data and item.data["class_id"] in classes
                }
        return members


class _Members:
    """What belongs to the chosen classes."""

    def __init__(self, classes: set[str], students: set[str], class_ids: Sequence[str]) -> None:
        self.classes, self.students, self._class_ids = classes, students, class_ids

    def of(self, session: Session, resource: str, found: Collected) -> set[str] | None:
        """Source ids to write; None for data sets that belong to no class. A record is the classes' by what it says now, or by
        what we have of it: one that is cancelled says nothing, one that moved away names another class."""
        if resource in ("school", "staff", "subjects"):
            return None
        ours = (
            sync_rows.of_classes(session, TABLES[resource].model, self._class_ids, self.students)
            | self.classes
            | self.students
        )
        kept = set(found.gone) & ours
        for chunk in found.chunks():
            kept |= {
                item.id for item in chunk if item.data and (item.id in ours or self._has(resource, item.id, item.data))
            }
        return kept

    def _has(self, resource: str, identity: str, data: dict[str, Any]) -> bool:
        if resource == "classes":
            return identity in self.classes
        if resource == "students":
            return identity in self.students
        return data["student_id"] in self.students if resource == "history" else data["class_id"] in self.classes


def decided(pending: Sequence[dict[str, Any]]) -> dict[tuple[str, int], str]:
    """What people chose about records that wait: (source id, version) → choice."""
    return {(row["id"], row["version"]): row["decision"] for row in pending if row.get("decision")}


def still_waiting(
    read: Sequence[dict[str, Any]], left: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """What waits after a run, with what people decided while it wrote: nobody's decision is written over.

    Args:
        read: what waited when the run read it.
        left: what waits by the run.
        now: what waits by the database.
    """
    known, choices = decided(read), decided(now)
    passed_over = {_key(row) for row in read} - {_key(row) for row in now}
    return [
        row | ({"decision": choices[_key(row)]} if _key(row) in choices and _key(row) not in known else {})
        for row in left
        if _key(row) not in passed_over
    ]


def _key(row: dict[str, Any]) -> tuple[Any, Any]:
    return row.get("id"), row.get("version")


_SCHOOL_FIELDS = ("name", "level", "commune", "province", "department", "tax_code")


def _apply_school(session: Session, job_id: str, found: Collected, school_year: str, actor: str) -> tuple[Applied, str]:
    """The school's own row. What others know it by (code, name, tax code, level) is a proposal once records were locked in its name.

    Returns:
        What came in, and the code of the school the record is of when neither code nor tax code is ours: then nothing came in but the
        proposal that ours has become that one.
    """
    other = ""
    school = session.get_one(School, session.info["school_id"])
    applied = Applied()
    for refusal in found.refused.values():
        applied.counts["rejected"] += 1
        applied.pending += [refusal.raw] if refusal.raw is not None else []
        session.add(
            SyncRow(
                job_id=job_id,
                resource="school",
                source_id=refusal.id,
                label=school.name,
                outcome="rejected",
                field=refusal.field,
                reason=refusal.reason,
            )
        )
    for chunk in found.chunks():
        for item in chunk:
            data = item.data or {}
            now = facts_of(school)
            foreign = other_school(now, data)
            held_back = changed_facts(now, data) if foreign or has_records(session) else {}
            if data["code"] != school.code:
                held_back |= {"code": data["code"]}
            before = {name: getattr(school, name) for name in _SCHOOL_FIELDS}
            for name in _SCHOOL_FIELDS:
                if name not in held_back and not foreign:
                    setattr(school, name, data[name])
            after = {name: getattr(school, name) for name in _SCHOOL_FIELDS}
            if propose(session, school, held_back, actor):
                session.add(
                    SyncRow(
                        job_id=job_id,
                        resource="school",
                        source_id=item.id,
                        label=school.name,
                        outcome="conflict",
                        field=next(iter(held_back)),
                        reason=f"Chờ {spoken().head} xác nhận: "
                        + "; ".join(f"{now[key] or '–'} → {new}" for key, new in held_back.items()),
                    )
                )
                applied.counts["conflict"] += 1
            if foreign:
                other = data["code"]
                continue
            school.current_year = max(school.current_year, school_year)
            session.add(school)
            if before != after:
                applied.counts["changed"] += 1
                applied.changed_ids.add(school.id)
                names = [name for name in _SCHOOL_FIELDS if before[name] != after[name]]
                reason = "; ".join(f"{before[name] or '–'} → {after[name] or '–'}" for name in names)[:500]
                session.add(
                    SyncRow(
                        job_id=job_id,
                        resource="school",
                        source_id=item.id,
                        label=school.name,
                        outcome="changed",
                        field=names[0],
                        reason=reason,
                    )
                )
    session.flush()
    return applied, other
