"""duties found from state: archives in document, sync time in school, failures in job"""

from __future__ import annotations

import json

import sqlalchemy as sa
import sqlmodel
from alembic import op

import hocba_app.models.base

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = hocba_app.models.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("school") as table:
        table.add_column(sa.Column("daily_sync_at", sqlmodel.sql.sqltypes.AutoString(length=5), nullable=False, server_default=""))
        table.add_column(sa.Column("daily_sync_since", _TIME, nullable=True))
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("well_at", _TIME, nullable=True))
    with op.batch_alter_table("document") as table:
        table.add_column(sa.Column("archived_at", _TIME, nullable=True))
        table.add_column(sa.Column("archive_look_at", _TIME, nullable=True))
        table.add_column(sa.Column("archive_failures", sa.Integer(), nullable=False, server_default="0"))
        table.create_index("ix_document_archive", ["school_id", "state", "archived_at"])
    for name, column in (("school", "daily_sync_at"), ("job", "failures"), ("document", "archive_failures")):
        with op.batch_alter_table(name) as table:
            table.alter_column(column, server_default=None)
    op.execute(
        "update document set archived_at = (select max(revision.created_at) from revision where revision.school_id = document.school_id "
        "and revision.version_id = document.version_id and revision.kind = 'archive') where state = 'sealed'"
    )
    _keep_sync_times()


def _keep_sync_times() -> None:
    """The time lived in the newest row of the daily job, a dead one too."""
    connection = op.get_bind()
    job = sa.table("job", sa.column("school_id"), sa.column("kind"), sa.column("created_at"), sa.column("arguments", sa.Text()))
    school = sa.table("school", sa.column("id"), sa.column("daily_sync_at"), sa.column("daily_sync_since", _TIME))
    rows = connection.execute(
        sa.select(job.c.school_id, sa.cast(job.c.arguments, sa.Text())).where(job.c.kind == "sync_daily").order_by(job.c.created_at)
    ).all()
    for school_id, text in rows:
        arguments = json.loads(text or "{}")
        at, since = arguments.get("at") or "", arguments.get("since")
        connection.execute(
            school.update().where(school.c.id == school_id).values(
                daily_sync_at=at, daily_sync_since=hocba_app.models.base.datetime.fromisoformat(since) if since else None
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("document") as table:
        table.drop_index("ix_document_archive")
        for column in ("archive_failures", "archive_look_at", "archived_at"):
            table.drop_column(column)
    with op.batch_alter_table("job") as table:
        table.drop_column("well_at")
        table.drop_column("failures")
    with op.batch_alter_table("school") as table:
        table.drop_column("daily_sync_since")
        table.drop_column("daily_sync_at")
