"""Sync as people use it: start it, stop it, see what came, what was refused and what is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import SENTENCES, ErrorCode, HocbaError
from hocba_app.domain.paging import page_within
from hocba_app.domain.school_calendar import is_school_year
from hocba_app.models import Database, Job, School, SchoolClass
from hocba_app.models.base import utc_now
from hocba_app.models.jobs import Priority
from hocba_app.models.repositories import find
from hocba_app.models.repositories import sync as rows
from hocba_app.models.repositories.school_years import require_open
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import notify_all, record
from hocba_app.services.jobs.enqueue import LIVE, ask_cancel, enqueue, live_job, look_again
from hocba_app.services.sync.report_file import REPORT_SORTS, ReportRow, label_order, report_csv, report_row
from hocba_app.services.sync.school_years import default_year, note_sector_year
from hocba_app.services.sync.steps import OUTCOMES, RESOURCES
from hocba_app.services.sync.sync_job import sector_client


@dataclass(frozen=True, slots=True)
class SyncRun:
    """One run: when, by whom, how far, what it brought."""

    id: str
    state: str
    """queued | running | done | failed | cancelled."""
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    school_year: str
    stage: str
    progress: int
    total: int
    counts: dict[str, int]
    """Rows per outcome, all data sets together."""
    resources: dict[str, dict[str, int]]
    out_of_date: int
    """Documents this run made out of date."""
    problem: str = ""
    """Why it failed, as a sentence."""
    waits_until: datetime | None = None
    """When it tries again, while the sector database cannot be reached."""
    chosen_resources: list[str] = field(default_factory=list)
    """The data sets asked for; empty for all."""
    chosen_classes: list[str] = field(default_factory=list)
    """Names of the classes asked for; empty for the whole school."""
    from_file: bool = False
    """Brought in from a workbook, not from the sector database."""


@dataclass(frozen=True, slots=True)
class SyncReportPage:
    """A page of a run's report."""

    run: SyncRun
    rows: list[ReportRow]
    total: int
    """Rows under the chosen outcome and resource, on all pages."""
    page: int
    size: int
    totals: dict[str, dict[str, int]]
    """Rows per resource and outcome, whatever is chosen."""


@dataclass(frozen=True, slots=True)
class SectorSnapshot:
    """One submission the sector database accepted."""

    number: int
    kind: str
    term: str | None
    accepted_at: str
    received: bool
    """Whether everything of it is here already."""


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How the school's data compare with the sector database."""

    school_year: str
    running: bool
    snapshots: list[SectorSnapshot] = field(default_factory=list)
    """Newest first. Those not received are what the next run brings."""
    sector_problem: str = ""
    """Why the sector database could not be asked, as a sentence."""
    refused: dict[str, int] = field(default_factory=dict)
    """Records still refused, per resource: mended in SMAS, submitted, synced."""
    out_of_date: dict[str, int] = field(default_factory=dict)
    """Locked documents with newer essential data, per kind."""


def start_sync(
    db: Database,
    who: Identity,
    *,
    school_year: str | None = None,
    resources: Sequence[str] | None = None,
    class_ids: Sequence[str] | None = None,
    session: Session | None = None,
    priority: Priority = Priority.PERSON,
) -> str:
    """Ask for a run. While one is under way it is that one; one that waits to try again does so now.

    Args:
        school_year: "2025-2026"; by default the school's current year.
        resources: data sets, of :data:`RESOURCES`; None for all.
        class_ids: only what belongs to these classes; None for the whole school.
        session: the caller's write transaction, where the run belongs to another act; None for one of its own.
        priority: who waits for it.

    Returns:
        Id of the job.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT, YEAR_CLOSED, NOT_FOUND for a class of nobody here.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    chosen = list(dict.fromkeys(resources or ()))
    if unknown := [name for name in chosen if name not in RESOURCES]:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"tập dữ liệu {', '.join(map(str, unknown))[:60]}")
    classes = list(dict.fromkeys(class_ids or ()))
    names: list[str] = []
    with nullcontext(session) if session is not None else db.write(who.school_id) as session:
        # The school's row is locked: two people who press the button at once get the same run.
        school = session.get_one(School, who.school_id, with_for_update={"key_share": True})
        require_open(session, school_year or school.current_year)
        if classes:
            found = find.by_ids(session, SchoolClass, classes)
            if len(found) != len(classes):
                raise HocbaError(ErrorCode.NOT_FOUND, what="lớp")
            names = [found[class_id].name for class_id in classes]
        job = live_job(session, "sync")
        if job is None:
            arguments = {"school_year": school_year, "resources": chosen, "class_ids": classes, "class_names": names}
            job = enqueue(
                session, "sync", arguments, actor=who.account_id, total=len(chosen or RESOURCES), priority=priority
            )
            record(session, actor=who.account_id, action=Action.SYNC_STARTED, subject=f"job:{job.id}", data=arguments)
        elif job.state == "queued" and job.wake_at > utc_now():
            look_again(session, "sync", [job.id], priority=priority)
            notify_all(session)
        return job.id


def cancel_sync(db: Database, who: Identity, job_id: str) -> None:
    """Stop a run between two pages. Data sets that are in stay in; a run that is over stays as it is.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.SYNC)
    with db.write(who.school_id) as session:
        job = _run_of(session, job_id)
        if job.state in LIVE and not job.cancel_asked:
            ask_cancel(session, job.id)
            record(session, actor=who.account_id, action=Action.SYNC_CANCELLED, subject=f"job:{job.id}")


def sync_runs(db: Database, who: Identity, limit: int = 20) -> list[SyncRun]:
    """The newest runs first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        return [_shown(job, name) for job, name in rows.runs(session, max(1, min(limit, 200)))]


def sync_report(
    db: Database,
    who: Identity,
    job_id: str,
    *,
    outcome: str | None = None,
    resource: str | None = None,
    sort: str = "order",
    page: int = 1,
    size: int = 50,
) -> SyncReportPage:
    """A page of what a run brought.

    Args:
        outcome: new | changed | gone | rejected | conflict; None for all.
        resource: of :data:`RESOURCES`; None for all.
        sort: "order" (as the run wrote them), "resource", "label" (people by given name), "outcome" or "field"; with a leading
            "-" from the end. Any other is "order".
        page: from 1; past the end it is the last.
        size: rows on a page, at most 500.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT.
    """
    require(who, Right.SYNC)
    if (outcome and outcome not in OUTCOMES) or (resource and resource not in RESOURCES):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="bộ lọc")
    size = max(1, min(size, 500))
    with db.read(who.school_id) as session:
        job = _run_of(session, job_id)
        total = rows.report_count(session, job_id, outcome=outcome, resource=resource)
        page = page_within(page, total, size)
        first, column, descending = (page - 1) * size, sort.removeprefix("-"), sort.startswith("-")
        if column == "label":
            labels = sorted(
                rows.report_labels(session, job_id, outcome=outcome, resource=resource),
                key=label_order,
                reverse=descending,
            )
            found = rows.report_rows_of(session, [id for id, _, _ in labels[first : first + size]])
        else:
            found = rows.report_rows(
                session,
                job_id,
                outcome=outcome,
                resource=resource,
                sort=column,
                descending=descending and column in REPORT_SORTS,
                offset=first,
                limit=size,
            )
        return SyncReportPage(
            _shown(job, None),
            [report_row(row) for row in found],
            total,
            page,
            size,
            rows.report_totals(session, job_id),
        )


def sync_status(db: Database, who: Identity, school_year: str | None = None) -> SyncStatus:
    """The sync's state. The sector database is asked with a short time-out: its silence is part of the answer.

    Args:
        school_year: whose submissions; by default the newest year that has data, here or at the sector.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    problem, found, year = "", [], school_year or ""
    try:
        with sector_client(db, who.school_id, attempts=1, timeout=4.0) as client:
            note_sector_year(db, who.school_id, client)
            year = year or default_year(db, who)
            found = client.snapshots(year)
    except HocbaError as error:
        problem = error.sentence
    year = year or default_year(db, who)
    with db.read(who.school_id) as session:
        newest = rows.runs(session, 1)
        have = rows.newest_known(session, year, RESOURCES)
        refused, stale = rows.waiting_rows(session, year), rows.out_of_date_documents(session)
    shown = [
        SectorSnapshot(
            item["number"],
            str(item.get("kind", ""))[:40],
            str(item["term"])[:10] if item.get("term") else None,
            str(item.get("accepted_at", ""))[:40],
            have is not None and item["number"] <= have,
        )
        for item in sorted(found, key=lambda item: item["number"], reverse=True)
    ]
    return SyncStatus(year, bool(newest) and newest[0][0].state in LIVE, shown, problem, refused, stale)


def _run_of(session: Session, job_id: str) -> Job:
    job = rows.run(session, job_id)
    if job is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="lần đồng bộ")
    return job


def _shown(job: Job, name: str | None) -> SyncRun:
    resources: dict[str, dict[str, int]] = job.report.get("resources", {})
    counts = {outcome: sum(found.get(outcome, 0) for found in resources.values()) for outcome in OUTCOMES}
    waits = job.wake_at if job.state == "queued" and job.wake_at > utc_now() else None
    return SyncRun(
        job.id,
        job.state,
        job.created_at,
        job.ended_at,
        name or "",
        job.arguments.get("school_year") or "",
        job.stage,
        job.progress,
        job.total,
        counts,
        resources,
        int(job.report.get("out_of_date", 0)),
        _problem(job),
        waits,
        job.arguments.get("resources") or [],
        job.arguments.get("class_names") or [],
        job.arguments.get("source") == "excel",
    )


def _problem(job: Job) -> str:
    if job.error_code is None:
        return ""
    try:
        return HocbaError(ErrorCode(job.error_code), **job.error_params).sentence
    except ValueError:
        return SENTENCES[ErrorCode.INTERNAL]


__all__ = [
    "RESOURCES",
    "SyncReportPage",
    "SyncRun",
    "SyncStatus",
    "cancel_sync",
    "report_csv",
    "start_sync",
    "sync_report",
    "sync_runs",
    "sync_status",
]
