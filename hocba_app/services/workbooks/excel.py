"""Excel out: the empty form, and a school year in the form that can be imported."""

from __future__ import annotations

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import is_school_year, school_year_of, today
from hocba_app.models import Database, School
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.audit.log import record
from hocba_app.services.workbooks.excel_columns import SHEETS
from hocba_app.services.workbooks.excel_export import export_tables
from hocba_app.services.workbooks.excel_writing import write_workbook


def template(who: Identity) -> bytes:
    """An empty workbook with every sheet and header; required columns carry a star.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SYNC)
    headers = (
        (spec.title, [f"{entry.header} *" if entry.required else entry.header for entry in spec.fields])
        for spec in SHEETS
    )
    return write_workbook([(title, header, ()) for title, header in headers])


def export_workbook(db: Database, who: Identity, *, school_year: str | None = None) -> bytes:
    """What is here of a school year, in the form that can be imported.

    Args:
        school_year: by default the school's current one.

    Raises:
        HocbaError: FORBIDDEN, INVALID_INPUT.
    """
    require(who, Right.SYNC)
    if school_year is not None and not is_school_year(school_year):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="năm học phải có dạng 2025-2026")
    with db.write(who.school_id) as session:
        school = session.get_one(School, who.school_id)
        year = school_year or school.current_year or school_year_of(today())
        record(
            session,
            actor=who.account_id,
            action=Action.SYNC_EXPORTED,
            subject=f"school:{school.id}",
            data={"school_year": year},
        )
    with db.read(who.school_id) as session:
        return write_workbook(export_tables(session, year))
