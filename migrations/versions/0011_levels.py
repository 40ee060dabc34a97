"""a level belongs to a grade: a school may have several, and a pupil a cover of each"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NAMES = {"uq": "uq_%(table_name)s_%(column_0_N_name)s"}
"""SQLite knows the first schema's constraint without a name."""
_OLD = ["school_id", "student_id", "kind", "school_year"]
_ON_SQLITE = "uq_document_school_id_student_id_kind_school_year"
_ON_POSTGRESQL = "document_school_id_student_id_kind_school_year_key"


def _old_name() -> str:
    return _ON_POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _ON_SQLITE


def upgrade() -> None:
    with op.batch_alter_table("school") as table:
        table.alter_column("level", existing_type=sa.String(20), type_=sa.String(60), existing_nullable=False)
    with op.batch_alter_table("document", naming_convention=_NAMES) as table:
        table.add_column(sa.Column("level", sa.String(20), nullable=False, server_default=""))
        table.drop_constraint(_old_name(), type_="unique")
        table.create_unique_constraint("uq_document_of_pupil", [*_OLD, "level"])
    with op.batch_alter_table("document") as table:
        table.alter_column("level", existing_type=sa.String(20), existing_nullable=False, server_default=None)
    op.execute(
        "update document set level = (select case when school_class.grade <= 5 then 'primary' "
        "when school_class.grade <= 9 then 'lower_secondary' else 'upper_secondary' end from school_class "
        "where school_class.school_id = document.school_id and school_class.id = document.class_id) where kind = 'cover'"
    )


def downgrade() -> None:
    """Possible while no pupil has covers of two levels."""
    with op.batch_alter_table("document") as table:
        table.drop_constraint("uq_document_of_pupil", type_="unique")
        table.create_unique_constraint(_old_name() if op.get_bind().dialect.name == "postgresql" else _ON_SQLITE, _OLD)
        table.drop_column("level")
    with op.batch_alter_table("school") as table:
        table.alter_column("level", existing_type=sa.String(60), type_=sa.String(20), existing_nullable=False)
