"""repair: what 0001 gained while it was still rewritten in place

Before it was frozen, 0001 landed in six shapes (docs/decisions/migrations.md). A database made by an older one says it is at
0001 and lacks what came later. Here everything that may be missing is added where it is missing; on a database made by the
last shape nothing happens.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Add each missing table, column and index; rows that are there keep their values."""
    tables = set(sa.inspect(op.get_bind()).get_table_names())
    for name, make in {
        "hand_out_link": _hand_out_link, "hand_out": _hand_out, "reminder": _reminder, "attached_record": _attached_record,
    }.items():
        if name not in tables:
            make()
    _column("sync_cursor", "pending", _JSON, "[]")
    _column("hand_out", "attached_ids", _JSON, "[]")
    _column("change_counter", "wide", sa.BigInteger(), "0")
    indexes = {index["name"] for index in sa.inspect(op.get_bind()).get_indexes("enrolment")}
    if "ix_enrolment_class_id" in indexes:
        op.drop_index("ix_enrolment_class_id", "enrolment")
    if "ix_enrolment_class" not in indexes:
        op.create_index("ix_enrolment_class", "enrolment", ["school_id", "class_id"])


def downgrade() -> None:
    """Nothing: 0001 makes all of it today."""


def _column(table: str, name: str, kind: sa.types.TypeEngine, value: str) -> None:
    """Add a column that must have a value; rows that are there get ``value``, new ones get theirs from the product."""
    if name in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}:
        return
    with op.batch_alter_table(table) as batch:
        batch.add_column(sa.Column(name, kind, nullable=False, server_default=sa.text(f"'{value}'")))
    with op.batch_alter_table(table) as batch:
        batch.alter_column(name, existing_type=kind, existing_nullable=False, server_default=None)


def _of_school(*columns: sa.schema.SchemaItem) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("school_id", sa.String(26), nullable=False), sa.Column("id", sa.String(26), nullable=False), *columns,
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]), sa.PrimaryKeyConstraint("school_id", "id"),
    ]


def _belongs_to(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["school_id", column], [f"{table}.school_id", f"{table}.id"])


def _keep_schools_apart(table: str) -> None:
    """The policy 0001 gives to every table of a school."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy own_school on {table} using (current_setting('hocba.school_id', true) in (school_id, '*'))")


def _hand_out_link() -> None:
    op.create_table(
        "hand_out_link",
        sa.Column("token_sha256", sa.String(64), nullable=False),
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("hand_out_id", sa.String(26), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.PrimaryKeyConstraint("token_sha256"),
    )


def _hand_out() -> None:
    op.create_table(
        "hand_out",
        *_of_school(
            sa.Column("student_id", sa.String(26), nullable=False),
            sa.Column("version_ids", _JSON, nullable=False),
            sa.Column("attached_ids", _JSON, nullable=False),
            sa.Column("recipient", sa.String(200), nullable=False),
            sa.Column("pin_hash", sa.String(200), nullable=False),
            sa.Column("failures", sa.Integer(), nullable=False),
            sa.Column("downloads", sa.Integer(), nullable=False),
            sa.Column("last_download_at", _TIME),
            sa.Column("expires_at", _TIME, nullable=False),
            sa.Column("created_at", _TIME, nullable=False),
            sa.Column("created_by", sa.String(26), nullable=False),
            sa.Column("closed_at", _TIME),
            sa.Column("closed_by", sa.String(26)),
            _belongs_to("student_id", "student"),
        ),
    )
    op.create_index("ix_hand_out_student", "hand_out", ["school_id", "student_id"])
    _keep_schools_apart("hand_out")


def _reminder() -> None:
    op.create_table(
        "reminder",
        *_of_school(
            sa.Column("from_account", sa.String(26), nullable=False),
            sa.Column("to_staff", sa.String(26), nullable=False),
            sa.Column("class_id", sa.String(26), nullable=False),
            sa.Column("day", sa.String(10), nullable=False),
            sa.Column("created_at", _TIME, nullable=False),
            sa.Column("seen_at", _TIME),
            _belongs_to("class_id", "school_class"), _belongs_to("from_account", "account"), _belongs_to("to_staff", "staff"),
            sa.UniqueConstraint("school_id", "to_staff", "class_id", "day"),
        ),
    )
    _keep_schools_apart("reminder")


def _attached_record() -> None:
    op.create_table(
        "attached_record",
        *_of_school(
            sa.Column("student_id", sa.String(26), nullable=False),
            sa.Column("file_name", sa.String(200), nullable=False),
            sa.Column("package", sa.String(200), nullable=False),
            sa.Column("blob_sha256", sa.String(64), nullable=False),
            sa.Column("length", sa.Integer(), nullable=False),
            sa.Column("state", sa.String(10), nullable=False),
            sa.Column("verdict", sa.String(14), nullable=False),
            sa.Column("report", _JSON, nullable=False),
            sa.Column("doubts", _JSON, nullable=False),
            sa.Column("uploaded_at", _TIME, nullable=False),
            sa.Column("uploaded_by", sa.String(26), nullable=False),
            sa.Column("checked_at", _TIME),
            sa.Column("accept_reason", sa.String(500), nullable=False),
            sa.Column("ended_at", _TIME),
            sa.Column("ended_by", sa.String(26)),
            sa.Column("end_reason", sa.String(500), nullable=False),
            _belongs_to("student_id", "student"),
        ),
    )
    live = sa.text("state in ('checking', 'asking', 'attached')")
    op.create_index("ix_attached_record_student", "attached_record", ["school_id", "student_id"])
    op.create_index(
        "uq_attached_record_live", "attached_record", ["school_id", "student_id", "blob_sha256"], unique=True,
        sqlite_where=live, postgresql_where=live,
    )
    _keep_schools_apart("attached_record")
