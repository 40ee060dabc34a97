"""a school may have gone into another"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_COLUMNS = (("merged_into", 26), ("ended_on", 10))


def upgrade() -> None:
    with op.batch_alter_table("school") as table:
        for name, length in _COLUMNS:
            table.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
    with op.batch_alter_table("school") as table:
        for name, length in _COLUMNS:
            table.alter_column(name, existing_type=sa.String(length), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("school") as table:
        for name, _ in _COLUMNS:
            table.drop_column(name)
