"""Dates as the school lives them: Vietnam's clock, whatever the server's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from hocba_app.domain.clock import utc_now

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def today() -> date:
    """The present date in Vietnam."""
    return utc_now().astimezone(VIETNAM).date()


def school_year_of(day: date) -> str:
    """The school year a day belongs to, ``2025-2026``; a new one is prepared from the first of August."""
    first = day.year if day.month >= 8 else day.year - 1
    return f"{first}-{first + 1}"


def first_day(day: date) -> date:
    """The first day of the school year that a day belongs to."""
    return date(int(school_year_of(day)[:4]), 8, 1)


def year_after(school_year: str) -> str:
    """The school year that follows: "2026-2027" after "2025-2026"."""
    first = int(school_year[:4]) + 1
    return f"{first}-{first + 1}"


def newest_year(current: str, at_sector: str) -> str:
    """The newest of the year a school works in, the newest the sector database has of it, and the calendar's; "" is none."""
    return max(current, at_sector, school_year_of(today()))


@dataclass(frozen=True, slots=True)
class ComingYear:
    """A school year that has begun, or was submitted, while a school still works in an older one."""

    school_year: str
    submitted: bool
    """Whether the sector database has submissions of it."""


def coming_year(current: str, at_sector: str) -> ComingYear | None:
    """The year to go on to; None while the current one is the newest there is. Arguments as in :func:`newest_year`."""
    newest = newest_year(current, at_sector)
    return ComingYear(newest, submitted=at_sector == newest) if newest > current else None


def local_text(instant: datetime) -> str:
    """An aware instant as people read it: ``24/05/2026 14:05``."""
    return instant.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def is_school_year(text: str) -> bool:
    """Whether it is a school year as written here: "2025-2026"."""
    return re.fullmatch(r"20[0-9]{2}-20[0-9]{2}", text) is not None and int(text[5:]) == int(text[:4]) + 1
