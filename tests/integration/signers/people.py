"""Short ways to the small school's people."""

from __future__ import annotations

from hocba_app.models import Staff
from tests.school import SmallSchool


def add_staff(
    small: SmallSchool, code: str, position: str = "teacher", id_number: str | None = "079100000099", name: str = ""
) -> str:
    """One more member of staff; his id."""
    with small.db.write(small.school_id) as session:
        row = Staff(
            source_id=code, code=code, full_name=name or f"Trần Văn {code}", id_number=id_number, position=position
        )
        session.add(row)
    return row.id


def staff_id(small: SmallSchool, part: str) -> str:
    """The staff id behind a part of the small school."""
    return small.people[part].staff_id or ""
