"""index of the attached records whose check is under way: the night asks for them, and read every one there ever was"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    only = sa.text("state = 'checking'")
    op.create_index(
        "ix_attached_checking", "attached_record", ["school_id", "state"], sqlite_where=only, postgresql_where=only
    )


def downgrade() -> None:
    op.drop_index("ix_attached_checking", "attached_record")
