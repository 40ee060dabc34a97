"""indexes by year, class and what is still to be done: what is asked every day does not read the past"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_NEW = (
    ("ix_document_class", "document", ["school_id", "class_id"], ""),
    ("ix_document_year", "document", ["school_id", "school_year"], ""),
    ("ix_document_changed", "document", ["school_id", "school_year"], "out_of_date is not null"),
    ("ix_document_look", "document", ["school_id", "state", "archive_look_at"], ""),
    ("ix_document_failed", "document", ["school_id", "state", "archive_look_at"], "archive_failures > 0"),
    ("ix_document_unsealed", "document", ["school_id", "state", "school_year"], "state <> 'sealed'"),
    ("ix_school_class_year", "school_class", ["school_id", "school_year"], ""),
    ("ix_enrolment_year", "enrolment", ["school_id", "school_year"], ""),
    ("ix_batch_account", "batch", ["school_id", "account_id", "created_at"], ""),
    ("ix_job_live", "job", ["school_id", "kind"], "ended_at is null"),
    ("ix_job_failed", "job", ["school_id", "ended_at"], "state = 'failed'"),
    ("ix_staff_of_code", "staff", ["school_id", "code"], ""),
    ("ix_student_of_code", "student", ["school_id", "code"], ""),
    ("ix_student_result_year", "student_result", ["school_id", "school_year"], ""),
    ("ix_signature_image_of_owner", "signature_image", ["school_id", "owner"], ""),
)
_OF_ALL_SCHOOLS = (
    ("ix_school_class_school_year", "school_class", "school_year"),
    ("ix_staff_code", "staff", "code"),
    ("ix_student_code", "student", "code"),
    ("ix_signature_image_owner", "signature_image", "owner"),
)
"""A sort by one of them read every school's rows."""


def upgrade() -> None:
    for name, table, columns, only in _NEW:
        where = sa.text(only) if only else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
    for name, table, _ in _OF_ALL_SCHOOLS:
        op.drop_index(name, table)


def downgrade() -> None:
    for name, table, column in _OF_ALL_SCHOOLS:
        op.create_index(name, table, [column])
    for name, table, _, _ in _NEW:
        op.drop_index(name, table)
