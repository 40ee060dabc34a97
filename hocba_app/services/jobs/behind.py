"""What must be true for ever and is not yet: counted from state, for doctor, dashboard and metrics."""

from __future__ import annotations

from collections.abc import Iterator

from sqlmodel import Session

from hocba_app.models import Database, School
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import duties as rows
from hocba_app.models.repositories import find
from hocba_app.models.repositories.duties import Behind
from hocba_app.services.jobs.kinds import DAILY


def behind_by_school(db: Database) -> Iterator[tuple[str, Behind]]:
    """Code of each school, with what it owes."""
    with db.installation() as session:
        schools = [(school.id, school.code) for school in find.all_of(session, School, School.code)]
        found = rows.behind_everywhere(session, utc_now(), DAILY)
    for school_id, code in schools:
        yield code, found.get(school_id, Behind())


def behind_here(session: Session) -> Behind:
    """What the session's school owes."""
    return rows.behind(session, utc_now(), DAILY)


def behind_in_all(session: Session) -> Behind:
    """What the schools of the installation owe together."""
    found = rows.behind_everywhere(session, utc_now(), DAILY).values()
    return Behind(
        sum(each.archives for each in found), sum(each.renewals for each in found), sum(each.daily for each in found)
    )


def words_of(owed: Behind) -> list[str]:
    """What is owed, in words of the school."""
    counted = (
        (owed.archives, "hồ sơ đã đóng dấu chưa có dữ liệu lưu trữ lâu dài"),
        (owed.renewals, "hồ sơ chưa gia hạn được dấu thời gian lưu trữ"),
        (owed.daily, "việc hằng ngày chưa làm được"),
    )
    return [f"{count} {words}" for count, words in counted if count]
