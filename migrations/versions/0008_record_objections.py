"""what signers report as wrong on a record"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "record_objection",
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("document_id", sa.String(26), nullable=False),
        sa.Column("version_id", sa.String(26), nullable=False),
        sa.Column("subject_code", sa.String(40), nullable=False),
        sa.Column("fact", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("raised_by", sa.String(26), nullable=False),
        sa.Column("raised_at", _TIME, nullable=False),
        sa.Column("answer", sa.String(500), nullable=False),
        sa.Column("closed_by", sa.String(26), nullable=False),
        sa.Column("closed_at", _TIME),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["school_id", "document_id"], ["document.school_id", "document.id"]),
        sa.ForeignKeyConstraint(["school_id", "version_id"], ["document_version.school_id", "document_version.id"]),
        sa.ForeignKeyConstraint(["school_id", "raised_by"], ["account.school_id", "account.id"]),
        sa.PrimaryKeyConstraint("school_id", "id"),
    )
    op.create_index("ix_record_objection_state", "record_objection", ["school_id", "state"])
    op.create_index("ix_record_objection_document", "record_objection", ["school_id", "document_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table record_objection enable row level security")
        op.execute("alter table record_objection force row level security")
        op.execute(
            "create policy own_school on record_objection using (current_setting('hocba.school_id', true) in (school_id, '*'))"
        )


def downgrade() -> None:
    op.drop_table("record_objection")
