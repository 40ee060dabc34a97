"""school.sector_year: the newest school year the sector database has submissions of"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is known yet: the next look at the sector database tells."""
    with op.batch_alter_table("school") as batch:
        batch.add_column(sa.Column("sector_year", sa.String(9), nullable=False, server_default=""))
    with op.batch_alter_table("school") as batch:
        batch.alter_column("sector_year", existing_type=sa.String(9), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("school") as batch:
        batch.drop_column("sector_year")
