"""workbooks that wait for a person before they are imported, and what foreign heads mean"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import hocba_app.models.base

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TIME = hocba_app.models.base.UtcDateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "workbook_import",
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("file_name", sa.String(160), nullable=False),
        sa.Column("workbook", sa.String(64), nullable=False),
        sa.Column("school_year", sa.String(9), nullable=False),
        sa.Column("corrections", hocba_app.models.base.Json, nullable=False),
        sa.Column("left_out", hocba_app.models.base.Json, nullable=False),
        sa.Column("answers", hocba_app.models.base.Json, nullable=False),
        sa.Column("found", hocba_app.models.base.Json, nullable=False),
        sa.Column("check_job_id", sa.String(26)),
        sa.Column("import_job_id", sa.String(26)),
        sa.Column("created_by", sa.String(26), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("dropped_at", _TIME),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["school_id", "check_job_id"], ["job.school_id", "job.id"]),
        sa.ForeignKeyConstraint(["school_id", "import_job_id"], ["job.school_id", "job.id"]),
        sa.PrimaryKeyConstraint("school_id", "id"),
    )
    op.create_index("ix_workbook_import_created", "workbook_import", ["school_id", "created_at"])
    op.create_table(
        "workbook_head",
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("head", sa.String(300), nullable=False),
        sa.Column("target", sa.String(160), nullable=False),
        sa.Column("set_by", sa.String(26), nullable=False),
        sa.Column("set_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("school_id", "id"),
        sa.UniqueConstraint("school_id", "head"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in ("workbook_import", "workbook_head"):
            op.execute(f"alter table {table} enable row level security")
            op.execute(f"alter table {table} force row level security")
            op.execute(
                f"create policy own_school on {table} using (current_setting('hocba.school_id', true) in (school_id, '*'))"
            )


def downgrade() -> None:
    op.drop_table("workbook_head")
    op.drop_table("workbook_import")
