"""What a slot demands of its certificate is frozen beside it; the principal's word for a certificate under another name.

Both are empty for what is there: versions locked before keep manifest format 1 and its one hash (`slot.signer_hash`).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the two columns."""
    op.add_column("slot", sa.Column("demand", _JSON, nullable=True))
    op.add_column("signing_key", sa.Column("accepted_name", _JSON, nullable=True))


def downgrade() -> None:
    """Drop them; what format 2 froze is lost, so its open records could not be signed any more."""
    with op.batch_alter_table("signing_key") as batch_op:
        batch_op.drop_column("accepted_name")
    with op.batch_alter_table("slot") as batch_op:
        batch_op.drop_column("demand")
