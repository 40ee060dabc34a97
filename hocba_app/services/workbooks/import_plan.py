"""What an import would do: read, corrected, understood, compared with what is here – and nothing written."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlmodel import Session

from hocba_app.models import Database, SchoolClass, Student, Subject, WorkbookImport
from hocba_app.models.repositories import find
from hocba_app.models.repositories import workbooks as stored
from hocba_app.models.repositories.membership import memberships_of_year
from hocba_app.services.storage import blobs
from hocba_app.services.workbooks import old_fonts
from hocba_app.services.workbooks.excel_check import Outcomes, outcomes_of
from hocba_app.services.workbooks.excel_reading import CellProblem, Sheet, read_workbook
from hocba_app.services.workbooks.excel_records import RecordMaker
from hocba_app.services.workbooks.excel_rows import read_rows
from hocba_app.services.workbooks.sheet_rows import Rows
from hocba_app.services.workbooks.wide_columns import head_key
from hocba_app.services.workbooks.wide_rows import Knowledge
from hocba_app.services.workbooks.workbook_records import Records

_CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
ABSENT = "absent"
"""Outcome of a pupil who is in a class of the workbook but not in the workbook: reported, not changed."""


@dataclass(slots=True)
class Plan:
    """An import before it is one."""

    rows: Rows
    records: Records
    outcomes: Outcomes
    absent: list[tuple[str, str]] = field(default_factory=list)
    """Source id and name of pupils who are here and not in the workbook."""
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    """Sheet and cell → its content, of cells that are refused."""

    @property
    def problems(self) -> list[CellProblem]:
        """Everything that has to be put right first. While cells are wrong in themselves nothing else is said: most of it would
        only follow from them."""
        return self.rows.problems or [*self.records.problems, *self.outcomes.problems]

    @property
    def digest(self) -> str:
        """Of all that would be written: another one means that the school's data are no longer what they were."""
        text = json.dumps(self.outcomes.planned, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def plan_of(db: Database, school_id: str, row: WorkbookImport) -> Plan:
    """Read a workbook in a child and compare it with what is here, in one read.

    Raises:
        HocbaError: STORED_FILE_DAMAGED, FILE_TYPE, FILE_TOO_COMPLEX, BUSY.
    """
    sheets = read_workbook(blobs.get(row.workbook))
    turned = old_fonts.turn(sheets, old_fonts.kept(row.answers))
    put_right(sheets, row.corrections, row.left_out)
    with db.read(school_id) as session:
        rows = read_rows(sheets, knowledge_of(session))
        records = RecordMaker(session, rows, row.school_year, row.answers).make()
        records.questions += old_fonts.questions(turned, row.answers)
        outcomes = outcomes_of(session, records, row.school_year)
        plan = Plan(rows, records, outcomes, _absent(session, rows, row.school_year))
    texts = {sheet.name: sheet.rows for sheet in sheets}
    plan.cells = {
        (problem.sheet, problem.cell): texts.get(problem.sheet, {}).get(problem.row, {}).get(problem.column, "")
        for problem in plan.problems
    }
    return plan


def knowledge_of(session: Session) -> Knowledge:
    """What this school has said about heads, and its subjects by name and code."""
    found: dict[str, str] = {}
    for subject in find.all_of(session, Subject, Subject.active, Subject.id):  # the active one counts
        found |= {head_key(subject.name): subject.code, head_key(subject.code): subject.code}
    return Knowledge(stored.heads(session), found)


def put_right(
    sheets: list[Sheet], corrections: Mapping[str, Mapping[str, str]], left_out: Mapping[str, list[int]]
) -> None:
    """Lay over a workbook what somebody typed in place of its cells, and take out rows he does not want."""
    for sheet in sheets:
        for cell, text in corrections.get(sheet.name, {}).items():
            found = _CELL.fullmatch(cell)
            if found is None:
                continue
            letter, number = found[1], int(found[2])
            sheet.problems = [problem for problem in sheet.problems if problem.cell != cell]
            sheet.kinds.get(number, {}).pop(letter, None)
            if text.strip():
                sheet.rows.setdefault(number, {})[letter] = text.strip()
            else:
                sheet.rows.get(number, {}).pop(letter, None)
        for number in left_out.get(sheet.name, ()):
            sheet.rows.pop(number, None)
            sheet.problems = [problem for problem in sheet.problems if problem.row != number]
        sheet.rows = dict(sorted(sheet.rows.items()))


def _absent(session: Session, rows: Rows, school_year: str) -> list[tuple[str, str]]:
    """Pupils of the classes a workbook is about whom it does not name."""
    named = {
        entry.values.get("student_code") or entry.values.get("code")
        for entries in (
            rows.pupils,
            rows.of.get("students", []),
            rows.of.get("subject_results", []),
            rows.of.get("results", []),
        )
        for entry in entries
    }
    pupils = {row.id: row for row in find.all_of(session, Student, active=True)}
    places = memberships_of_year(session, school_year)
    classes = {places[id].class_id for id, row in pupils.items() if row.code in named and id in places}
    names = dict(find.columns_of(session, SchoolClass.id, SchoolClass.name))
    return [
        (row.source_id, f"{row.full_name} ({row.code}) – {names.get(places[id].class_id, '')}")
        for id, row in sorted(pupils.items(), key=lambda item: item[1].sort_name)
        if id in places and places[id].class_id in classes and row.code not in named
    ]
