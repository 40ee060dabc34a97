"""Dates as the school lives them: Vietnam's clock, whatever the server's."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def today() -> date:
    """The present date in Vietnam."""
    return datetime.now(UTC).astimezone(VIETNAM).date()


def school_year_of(day: date) -> str:
    """The school year a day belongs to, ``2025-2026``; a new one is prepared from the first of August."""
    first = day.year if day.month >= 8 else day.year - 1
    return f"{first}-{first + 1}"


def local_text(instant: datetime) -> str:
    """An aware instant as people read it: ``24/05/2026 14:05``."""
    return instant.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M")


def is_school_year(text: str) -> bool:
    """Whether it is a school year as written here: "2025-2026"."""
    return re.fullmatch(r"20[0-9]{2}-20[0-9]{2}", text) is not None and int(text[5:]) == int(text[:4]) + 1
