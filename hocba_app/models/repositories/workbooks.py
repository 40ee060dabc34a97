"""Queries about workbooks on their way in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete
from sqlmodel import Session, col, select

from hocba_app.models import Job, SyncRow, WorkbookHead, WorkbookImport
from hocba_app.models.base import utc_now
from hocba_app.models.repositories.records import chunks


def import_of(session: Session, import_id: str, *, lock: bool = False) -> WorkbookImport | None:
    """One workbook that nobody has put aside; None where there is none."""
    query = select(WorkbookImport).where(WorkbookImport.id == import_id, col(WorkbookImport.dropped_at).is_(None))
    return session.exec(query.with_for_update() if lock else query).first()


def imports(session: Session, limit: int) -> list[WorkbookImport]:
    """The newest workbooks that nobody has put aside."""
    query = select(WorkbookImport).where(col(WorkbookImport.dropped_at).is_(None))
    return list(
        session.exec(
            query.order_by(col(WorkbookImport.created_at).desc(), col(WorkbookImport.id).desc()).limit(limit)
        ).all()
    )


def jobs_of(session: Session, rows: list[WorkbookImport]) -> dict[str, Job]:
    """The jobs of these workbooks, by id."""
    ids = [id for row in rows for id in (row.check_job_id, row.import_job_id) if id]
    return {job.id: job for job in session.exec(select(Job).where(col(Job.id).in_(ids))).all()}


def heads(session: Session) -> dict[str, str]:
    """What the school has said about heads: head → what it means."""
    return dict(session.exec(select(WorkbookHead.head, WorkbookHead.target)).all())


def remember(session: Session, meanings: Mapping[str, str], actor: str) -> None:
    """Keep what heads mean; a later word replaces an earlier one."""
    known = {
        row.head: row
        for row in session.exec(select(WorkbookHead).where(col(WorkbookHead.head).in_(list(meanings)))).all()
    }
    for head, target in meanings.items():
        row = known.get(head) or WorkbookHead(head=head, target=target)
        row.target, row.set_by, row.set_at = target, actor, utc_now()
        session.add(row)


def forget_report(session: Session, job_id: str, most: int) -> int:
    """Delete some rows of a check that a newer one replaces; how many there were."""
    ids = session.exec(select(SyncRow.id).where(SyncRow.job_id == job_id).limit(most)).all()
    for part in chunks(ids):
        session.execute(
            delete(SyncRow).where(col(SyncRow.id).in_(part)), execution_options={"synchronize_session": False}
        )
    return len(ids)
