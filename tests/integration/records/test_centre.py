"""A record of a centre of continuing education: TT43/2021, a director, the table of TT22."""

from __future__ import annotations

from sqlmodel import select

from hocba_app.models import School, SchoolClass
from tests.integration.records.conftest import change_result, lock, pupils
from tests.integration.records.test_circumstances import looked_at, snapshot, texts
from tests.school import SmallSchool


def test_a_centres_record_is_locked_with_its_directors_title(small: SmallSchool) -> None:
    pupil = pupils(small)[0]
    with small.db.write(small.school_id) as session:
        of, school = session.exec(select(SchoolClass)).one(), session.get_one(School, small.school_id)
        of.regime, of.grade, of.name, school.head_office = "TT43", 10, "10A1", "director"
        session.add_all([of, school])
    change_result(small, pupil, regime="TT43")
    found = looked_at(small, pupil)
    assert found.can_lock, found.blocking
    assert "số môn làm căn cứ xếp mức" in texts(found), "what could not be confirmed is told"
    lock(small, student_ids=[pupil])
    locked, page = snapshot(small, pupil)
    assert locked["results"]["regime"] == "TT43" and "GIÁM ĐỐC" in page and "HIỆU TRƯỞNG" not in page
