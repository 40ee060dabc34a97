"""An import as a job: written in steps, stopped between two of them, gone on with after a kill."""

from __future__ import annotations

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.wording import RESOURCE
from hocba_app.models import Job, School
from hocba_app.models.repositories import workbooks as stored
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.registry import Work
from hocba_app.services.sync.fetch import Collected
from hocba_app.services.sync.mapping import known
from hocba_app.services.sync.steps import RESOURCES, Cancelled, Steps, recomputation
from hocba_app.services.sync.sync_job import OTHER_SOURCES
from hocba_app.services.workbooks.import_plan import plan_of
from hocba_app.services.workbooks.workbook_records import Records

SOURCE = "excel"
"""The ``source`` of a sync job that writes a workbook."""


def go_on(work: Work) -> None:
    """Write a workbook that somebody has looked at, or go on with it: what is in is passed over.

    Raises:
        HocbaError: STORED_FILE_DAMAGED; PREVIEW_OLD when it would write something else than was shown.
        Cancelled: somebody asked it to stop.
    """
    work.progress(0, 0, "Đọc tệp")
    with work.db.read(work.school_id) as session:
        row = stored.import_of(session, work.arguments["import"])
        begun = "resources" in session.get_one(Job, (work.school_id, work.job_id)).report
    if row is None:
        raise HocbaError(ErrorCode.NOT_FOUND, what="tệp Excel đã tải lên")
    plan = plan_of(work.db, work.school_id, row)
    # A run that was killed has written some of it already: only the first one is held against what was shown.
    if not begun and (plan.problems or plan.records.questions or plan.digest != work.arguments["digest"]):
        raise HocbaError(ErrorCode.PREVIEW_OLD)
    write_records(work, plan.records)


OTHER_SOURCES[SOURCE] = go_on


def write_records(work: Work, records: Records) -> dict[str, int]:
    """Everything, in steps that hold nobody up; run again after a kill it passes over what is in.

    Returns:
        How many rows each outcome had.

    Raises:
        Cancelled: somebody asked it to stop; what is in stays in.
        ClaimLost: another worker goes on with it.
    """
    year, steps = (
        work.arguments["school_year"],
        Steps(work.db, work.school_id, work.job_id, work.write, actor=work.actor),
    )
    steps.catch_up()
    present = [name for name in RESOURCES if name in records.of]
    total, done = sum(len(records.of[name]) for name in present), 0
    for resource in present:
        with Collected(resource) as found:
            prepare = None
            if resource == "results":
                with work.db.read(work.school_id) as session:
                    prepare = recomputation(session, known(session, resource, year))
            for part in steps.parts(records.of[resource]):
                found.add(part, prepare)
                _pause_point(work, done, total, resource)

            def seen(count: int, resource: str = resource, before: int = done) -> None:
                _pause_point(work, before + count, total, resource)

            steps.data_set(found, year, borrowed=True, apart=records.apart, seen=seen)
        done += len(records.of[resource])
    sums: dict[str, int] = {}
    with work.write() as session:
        job = session.get_one(Job, (work.school_id, work.job_id))
        for counts in job.report.get("resources", {}).values():
            for outcome, count in counts.items():
                sums[outcome] = sums.get(outcome, 0) + count
        job.report, job.progress, job.total = job.report | {"source": SOURCE}, total, total
        session.add(job)
        school = session.get_one(School, work.school_id)
        if year > school.current_year:
            school.current_year = year  # as when a newer year comes from the sector
            session.add(school)
        shown = {outcome: count for outcome, count in sums.items() if count}
        record(
            session,
            actor=work.actor,
            action=Action.SYNC_IMPORTED,
            subject=f"job:{work.job_id}",
            data={"school_year": year, "workbook": job.arguments["workbook"], **shown},
        )
    return shown


def _pause_point(work: Work, done: int, total: int, resource: str) -> None:
    if work.cancelled():
        raise Cancelled
    work.progress(done, total, RESOURCE[resource])  # says as well that this process lives
