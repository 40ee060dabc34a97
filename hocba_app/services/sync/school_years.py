"""Which school years a school can bring in: its own, the calendar's, and the newest it has submitted to the sector."""

from __future__ import annotations

from sqlmodel import Session

from hocba_app.domain.school_calendar import newest_year, school_year_of, today, year_after
from hocba_app.models import Database, School
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import notify_all
from hocba_app.services.sync.client import SectorClient

_YEARS_BACK = 10


def sync_years(db: Database, who: Identity) -> list[str]:
    """The school years that can be asked for: the newest one, then back to ten before the current one.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        school = session.get_one(School, who.school_id)
    newest = newest_year(school.current_year, school.sector_year)
    last, current = int(newest[:4]), int((school.current_year or newest)[:4])
    return [f"{year}-{year + 1}" for year in range(last, current - _YEARS_BACK - 1, -1)]


def default_year(db: Database, who: Identity) -> str:
    """The year a page begins with: the newest that has data, here or at the sector.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    with db.read(who.school_id) as session:
        school = session.get_one(School, who.school_id)
    return max(school.current_year, school.sector_year) or school_year_of(today())


def note_sector_year(db: Database, school_id: str, client: SectorClient) -> None:
    """Ask the sector database for years newer than the school's own, and keep the newest that has submissions.

    It sends a year only when asked for it: asked for are the calendar's, and the one after.

    Raises:
        HocbaError: SECTOR_UNREACHABLE, SECTOR_REFUSED.
    """
    with db.read(school_id) as session:
        school = session.get_one(School, school_id)
    found = next((year for year in _newer_years(school) if _submitted(client, year)), "")
    if found > school.sector_year:
        with db.write(school_id) as session:
            _keep(session, found)


def _newer_years(school: School) -> list[str]:
    """From the year after the newest down to the one after the current."""
    year = max(school.current_year, school_year_of(today()))
    years = [year_after(year)]
    while year > (school.current_year or year):
        years.append(year)
        year = f"{int(year[:4]) - 1}-{year[:4]}"
    return years


def _submitted(client: SectorClient, year: str) -> bool:
    return any(item.get("school_year") == year for item in client.snapshots(year))


def _keep(session: Session, year: str) -> None:
    school = session.get_one(School, session.info["school_id"])
    school.sector_year = max(school.sector_year, year)
    session.add(school)
    notify_all(session)
