"""audit_head.anchors, audit_head.anchor_sha256: how many anchors there are, and which is the newest"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """0: anchors made until now are counted when the next one is made."""
    with op.batch_alter_table("audit_head") as batch:
        batch.add_column(sa.Column("anchors", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("anchor_sha256", sa.String(64), nullable=False, server_default=""))
    with op.batch_alter_table("audit_head") as batch:
        batch.alter_column("anchors", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        batch.alter_column("anchor_sha256", existing_type=sa.String(64), existing_nullable=False, server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("audit_head") as batch:
        batch.drop_column("anchor_sha256")
        batch.drop_column("anchors")
