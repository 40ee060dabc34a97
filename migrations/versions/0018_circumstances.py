"""what the law excepts a pupil from in a school year, as the source flags it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("enrolment") as table:
        table.add_column(sa.Column("circumstances", _JSON, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("enrolment") as table:
        table.drop_column("circumstances")
