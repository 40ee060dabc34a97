"""``hocba rehearse --years``: a school goes on; what it signed before stays as it was, and its pupils keep one record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from sqlmodel import select

from hocba_app.models import Database, Document, DocumentVersion, School, Staff, Student
from tests.integration.rehearsal.test_year import rehearse

YEARS = ("2025-2026", "2026-2027")


@pytest.mark.timeout(600)
def test_two_years_of_a_school_with_two_levels_end_sealed(tmp_path: Path) -> None:
    """Grades 5, 6 and 9 go on: a second record for who comes into grade 6, grade 9 leaves, grade 1 comes, a teacher changes, somebody
    moves in and out, keys are renewed."""
    out = tmp_path / "years"
    code, report, _ = rehearse(out, "--students", "6", "--years", "2", level="th-thcs")
    assert (code, report["failures"], report["students"]) == (0, [], 6)
    first, second = report["years"]
    assert (first["school_year"], second["school_year"]) == YEARS
    assert (second["carried"], second["graduated"], second["admitted"]) == (4, 2, 2)
    assert (second["new_teachers"], second["renewed"], second["moved_in"], second["moved_out"]) == (1, 3, 1, 1)
    assert report["documents"] == 6 * 3 + 4 * 2 + 2 + 3 * 3, "carried-over pupils have one cover a level"
    db = Database(f"sqlite:///{out}/hocba.db")
    try:
        with db.installation() as session:
            school = session.exec(select(School)).one()
        assert school.current_year == YEARS[1]
        with db.read(school.id) as session:
            rows = session.exec(
                select(Document, DocumentVersion, Student.code)
                .join(DocumentVersion, DocumentVersion.id == Document.version_id)
                .join(Student, Student.id == Document.student_id)
            ).all()
            assert Counter(session.exec(select(Staff.active)).all())[False] == 1
    finally:
        db.dispose()
    assert {document.state for document, _, _ in rows} == {"sealed"}
    assert {document.version_number for document, _, _ in rows} == {1}, "nothing was opened again"
    histories: dict[str, list[list[str]]] = {}
    for document, version, pupil in rows:
        if document.kind == "history":
            histories.setdefault(pupil, []).append([row["school_year"] for row in version.snapshot["history"]])
    carried = [{rows[-1]: rows for rows in found} for found in histories.values() if len(found) == 2]
    assert len(carried) == 4
    second_records = 0
    for found in carried:
        before, after = found[YEARS[0]], found[YEARS[1]]
        assert after in ([*before, YEARS[1]], [YEARS[1]]), "it grows by a year, or begins anew with the next level"
        second_records += after == [YEARS[1]]
    assert second_records == 2, "grade 5 went on to grade 6"
    for pupil, found in histories.items():
        names = {path.name for path in (out / "records" / pupil).iterdir()}
        assert names >= {"cover.pdf"} and len([name for name in names if name.startswith("results-")]) == len(found)
