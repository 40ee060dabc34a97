"""the installation's mark, which its store of documents carries too"""

from __future__ import annotations

import sqlalchemy as sa
import sqlmodel
from alembic import op

from hocba_app.models.base import UtcDateTime, new_id

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sqlmodel.sql.sqltypes.AutoString(length=26), nullable=False),
        sa.Column("store_marked_at", UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.bulk_insert(made, [{"id": 1, "mark": new_id(), "store_marked_at": None}])


def downgrade() -> None:
    op.drop_table("installation")
