"""school years can be closed, and opened again with a reason"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import hocba_app.models.base

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIME = hocba_app.models.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "year_closing",
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("closed_at", _TIME, nullable=False),
        sa.Column("closed_by", sa.String(26), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("left_open", hocba_app.models.base.Json, nullable=False),
        sa.Column("reopened_at", _TIME),
        sa.Column("reopened_by", sa.String(26)),
        sa.Column("reopen_reason", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("school_id", "id"),
    )
    now = sa.text("reopened_at is null")
    op.create_index(
        "uq_year_closing",
        "year_closing",
        ["school_id", "school_year"],
        unique=True,
        sqlite_where=now,
        postgresql_where=now,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table year_closing enable row level security")
        op.execute("alter table year_closing force row level security")
        op.execute(
            "create policy own_school on year_closing using (current_setting('hocba.school_id', true) in (school_id, '*'))"
        )


def downgrade() -> None:
    op.drop_index("uq_year_closing", "year_closing")
    op.drop_table("year_closing")
