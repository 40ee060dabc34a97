"""Numbers for the operator's monitoring: jobs and batches by state, sessions. No school, no person."""

from __future__ import annotations

from sqlalchemy import func
from sqlmodel import col, select

from hocba_app.models import Batch, Database, Job, LoginSession
from hocba_app.models.base import utc_now
from hocba_app.models.database import CROSS_SCHOOL
from hocba_app.services.jobs.behind import behind_in_all


def as_text(db: Database) -> str:
    """The exposition format of Prometheus."""
    lines: list[str] = []
    with db.installation() as session:
        for name, model in (("hocba_jobs", Job), ("hocba_batches", Batch)):
            lines.append(f"# TYPE {name} gauge")
            rows = session.execute(
                select(model.state, func.count()).group_by(model.state), execution_options=CROSS_SCHOOL
            ).all()
            lines += [f'{name}{{state="{state}"}} {count}' for state, count in rows]
        live = session.execute(
            select(func.count())
            .select_from(LoginSession)
            .where(col(LoginSession.revoked_at).is_(None), LoginSession.expires_at > utc_now())
        ).scalar_one()
        owed = behind_in_all(session)
        lines.append("# TYPE hocba_behind gauge")
        lines += [f'hocba_behind{{duty="{duty}"}} {getattr(owed, duty)}' for duty in ("archives", "renewals", "daily")]
    return "\n".join([*lines, "# TYPE hocba_sessions gauge", f"hocba_sessions {live}", ""])
