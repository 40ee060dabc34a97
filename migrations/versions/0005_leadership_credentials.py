"""leadership posts are proposals, one principal at a time, who knows an account's credentials

A school whose data name several principals keeps the one with the lowest code, who was taken until now; the others stay in
the leadership as vice-principals, and what their list says becomes a proposal for somebody to answer.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from hocba_app.models.base import new_id

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STAFF = sa.table("staff", *(sa.column(name) for name in ("school_id", "id", "code", "position", "active")))


def upgrade() -> None:
    """Columns and table first, then the second principals, then the index that keeps there from being one."""
    for column in (
        sa.Column("credentials_by", sa.String(26), nullable=False, server_default=""),
        sa.Column("credentials_open", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("credentials_at", _TIME),
        sa.Column("owner_code_hash", sa.String(64)),
        sa.Column("email_since", _TIME),
    ):
        op.add_column("account", column)
    with op.batch_alter_table("account") as batch:
        batch.alter_column("credentials_by", existing_type=sa.String(26), existing_nullable=False, server_default=None)
        batch.alter_column("credentials_open", existing_type=sa.Boolean(), existing_nullable=False, server_default=None)
    proposals = _proposals()
    for row in _second_principals():
        op.execute(_STAFF.update().where(_STAFF.c.school_id == row.school_id, _STAFF.c.id == row.id).values(position="vice_principal"))
        op.execute(
            proposals.insert().values(
                school_id=row.school_id, id=new_id(), staff_id=row.id, before="vice_principal", proposed="principal", proposed_by="",
                proposed_at=datetime.now(UTC), state="open", reason="",
            )
        )
    now = sa.text("position = 'principal' and active")
    op.create_index("uq_staff_principal", "staff", ["school_id"], unique=True, sqlite_where=now, postgresql_where=now)


def downgrade() -> None:
    """Take everything back; second principals stay vice-principals."""
    op.drop_index("uq_staff_principal", "staff")
    op.drop_table("leadership_proposal")
    with op.batch_alter_table("account") as batch:
        for name in ("credentials_by", "credentials_open", "credentials_at", "owner_code_hash", "email_since"):
            batch.drop_column(name)


def _proposals() -> sa.Table:
    table = op.create_table(
        "leadership_proposal",
        sa.Column("school_id", sa.String(26), nullable=False),
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("staff_id", sa.String(26), nullable=False),
        sa.Column("before", sa.String(20), nullable=False),
        sa.Column("proposed", sa.String(20), nullable=False),
        sa.Column("proposed_by", sa.String(26), nullable=False),
        sa.Column("proposed_at", _TIME, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("decided_by", sa.String(26)),
        sa.Column("decided_at", _TIME),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.id"]),
        sa.ForeignKeyConstraint(["school_id", "staff_id"], ["staff.school_id", "staff.id"]),
        sa.PrimaryKeyConstraint("school_id", "id"),
    )
    waits = sa.text("state = 'open'")
    op.create_index(
        "uq_leadership_proposal_open", "leadership_proposal", ["school_id", "staff_id"], unique=True, sqlite_where=waits, postgresql_where=waits
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table leadership_proposal enable row level security")
        op.execute("alter table leadership_proposal force row level security")
        op.execute("create policy own_school on leadership_proposal using (current_setting('hocba.school_id', true) in (school_id, '*'))")
    return table


def _second_principals() -> list[sa.Row]:
    found = op.get_bind().execute(
        sa.select(_STAFF.c.school_id, _STAFF.c.id)
        .where(_STAFF.c.position == "principal", _STAFF.c.active == sa.true())
        .order_by(_STAFF.c.school_id, _STAFF.c.code, _STAFF.c.id)
    ).all()
    return [row for number, row in enumerate(found) if number and found[number - 1].school_id == row.school_id]
