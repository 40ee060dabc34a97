"""row-level policies in words that leave the planner its estimates

``current_setting(…) in (school_id, '*')`` is taken to leave one row of a school (a two-thousandth of a two-thousandth): every join
became a loop over everything the school has. The planner sees nothing in a ``coalesce`` and takes half of the rows. What passes is the
same: a missing setting is no school, before as after.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_BEFORE = "current_setting('hocba.school_id', true) in (school_id, '*')"
_AFTER = f"coalesce({_BEFORE}, false)"


def upgrade() -> None:
    _all_say(_AFTER)


def downgrade() -> None:
    _all_say(_BEFORE)


def _all_say(criterion: str) -> None:
    """Every policy of ours there is."""
    if op.get_bind().dialect.name != "postgresql":
        return
    ours = sa.text("select tablename from pg_policies where policyname = 'own_school' and schemaname = current_schema() order by 1")
    for table in op.get_bind().execute(ours).scalars().all():
        op.execute(f'alter policy own_school on "{table}" using ({criterion})')
