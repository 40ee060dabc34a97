"""codes, names, tax codes and levels of a school are dated facts, proposed and confirmed"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from hocba_app.models.base import Json

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "school_change",
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("effective", sa.String(10), nullable=False),
        sa.Column("decision", sa.String(120), nullable=False),
        sa.Column("proposed_by", sa.String(26), nullable=False),
        sa.Column("proposed_at", _TIME, nullable=False),
        sa.Column("decided_by", sa.String(26)),
        sa.Column("decided_at", _TIME),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("school_id", "id"),
    )
    waits = sa.text("state = 'open'")
    op.create_index(
        "uq_school_change_open",
        "school_change",
        ["school_id"],
        unique=True,
        sqlite_where=waits,
        postgresql_where=waits,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table school_change enable row level security")
        op.execute("alter table school_change force row level security")
        op.execute(
            "create policy own_school on school_change using (current_setting('hocba.school_id', true) in (school_id, '*'))"
        )


def downgrade() -> None:
    op.drop_index("uq_school_change_open", "school_change")
    op.drop_table("school_change")
