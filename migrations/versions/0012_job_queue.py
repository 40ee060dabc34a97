"""jobs: priority, whether it computes, an index for each question of the queue"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_WAITS = ("batch", "archive", "reminder_mail", "sync", "sync_daily")
_LATER = ("archive", "packet_end", "reminder_mail", "reset_letter")
_NIGHTLY = ("anchor", "integrity", "packet_sweep", "recheck_daily", "renewal", "sync_daily")
_PARTIAL = {
    "ix_job_due": (["computes", "priority", "wake_at", "school_id"], "state = 'queued'"),
    "ix_job_held": (["heartbeat_at"], "state = 'running'"),
    "ix_job_over": (["ended_at"], "ended_at is not null"),
}


def upgrade() -> None:
    with op.batch_alter_table("job") as table:
        table.add_column(sa.Column("priority", sa.SmallInteger(), nullable=False, server_default="0"))
        table.add_column(sa.Column("computes", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.drop_index("ix_job_live")
    job = sa.table(
        "job",
        *(sa.column(name) for name in ("kind", "priority", "wake_at", "created_at")),
        sa.column("computes", sa.Boolean()),
    )
    op.execute(job.update().where(job.c.kind.in_(_WAITS)).values(computes=False))
    for priority, kinds in ((2, _LATER), (3, _NIGHTLY)):
        op.execute(job.update().where(job.c.kind.in_(kinds)).values(priority=priority))
    op.execute(job.update().where(job.c.wake_at.is_(None)).values(wake_at=job.c.created_at))
    with op.batch_alter_table("job") as table:
        table.alter_column("priority", server_default=None)
        table.alter_column("computes", server_default=None)
        table.alter_column("wake_at", existing_type=sa.DateTime(timezone=True), nullable=False)
    for name, (columns, where) in _PARTIAL.items():
        op.create_index(name, "job", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def downgrade() -> None:
    for name in _PARTIAL:
        op.drop_index(name, "job")
    with op.batch_alter_table("job") as table:
        table.alter_column("wake_at", existing_type=sa.DateTime(timezone=True), nullable=True)
        table.drop_column("computes")
        table.drop_column("priority")
    op.create_index("ix_job_live", "job", ["state", "heartbeat_at"])
