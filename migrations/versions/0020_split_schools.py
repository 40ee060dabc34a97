"""a school may have been split off another"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("school") as table:
        table.add_column(sa.Column("split_from", sa.String(26), nullable=False, server_default=""))
    with op.batch_alter_table("school") as table:
        table.alter_column("split_from", existing_type=sa.String(26), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("school") as table:
        table.drop_column("split_from")
