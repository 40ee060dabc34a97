"""The school year a page shows: from its address, or the school's current one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocba_app.domain.school_calendar import is_school_year
from hocba_app.models import database
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.record_list import years_for
from hocba_app.state.shared.select_option import SelectOption


def year_in(query: Mapping[str, Any]) -> str:
    """``?year=`` of an address; "" for none, or for what is no school year."""
    year = str(query.get("year", ""))
    return year if is_school_year(year) else ""


def year_options(who: Identity, shown: str) -> list[SelectOption]:
    """The years there are classes of, the one shown among them, newest first."""
    years = sorted({*years_for(database(), who), shown} - {""}, reverse=True)
    return [SelectOption(year, year) for year in years]
