"""acting heads, deputies in charge, directors: the capacity of a decision, the office of the head"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = (("delegation", "capacity", "deputy"), ("school", "head_office", "principal"))


def upgrade() -> None:
    for name, column, value in _COLUMNS:
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column(column, sa.String(10), nullable=False, server_default=value))
        with op.batch_alter_table(name) as table:
            table.alter_column(column, existing_type=sa.String(10), existing_nullable=False, server_default=None)


def downgrade() -> None:
    for name, column, _ in _COLUMNS:
        with op.batch_alter_table(name) as table:
            table.drop_column(column)
