"""Where the day of signing stands in the line "…, ngày … tháng … năm …": known to the form that prints it and to the signature that fills it.

All in points: across from the right edge of line and field, down from their top. Part of writer version 3: nothing here may change.
"""

from __future__ import annotations

from datetime import datetime

from hocba_app.domain.school_calendar import VIETNAM

SIZE = 10.0
BASELINE = 9.3
WORDS = (104.0, 63.0, 28.0)
"""Right ends of "ngày", "tháng", "năm"."""
BLANKS = ((102.0, 87.0), (61.0, 46.0), (26.0, 0.0))
"""Left and right end of each blank."""
LINE_WIDTH = 126.0
"""Of the line without its place."""
HEAD = 43.0
"""Height kept free for the day and for the words under it that say whose signature this is."""


def digits(instant: datetime) -> tuple[str, str, str]:
    """Day, month and year in Vietnam; days below 10, January and February with a zero (Decree 30/2020/NĐ-CP, annex I)."""
    local = instant.astimezone(VIETNAM)
    return f"{local.day:02}", f"{local.month:02}" if local.month <= 2 else str(local.month), str(local.year)
