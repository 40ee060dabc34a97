"""The year with everything that does not go by the rule: who leaves, who comes late, what is wrong, what is mended."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from hocba_app.models import Student, StudentResult
from hocba_app.rehearsal import records
from hocba_app.rehearsal.special_cases import Played, played
from hocba_app.rehearsal.year import Year


class SpecialYear(Year):
    """A year in which every special case is played, and each is looked at when it is over."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.corrected = 0
        """Results that were wrong, found by the check before locking and corrected in SMAS."""

    def december(self) -> None:
        """Term I; then whoever has left gets his record, alone."""
        super().december()
        self._meet_newcomers()
        self._hand_over_leavers()

    def may(self) -> None:
        """The results; what the check finds wrong is corrected in SMAS and comes again; then as in every year."""
        self._submit_and_sync("year_end", "results", "II")
        with self.stages.part("correct") as part:
            part.count = self.corrected = self._correct()
        super().may()

    def finish(self) -> dict[str, Any]:
        """The year's report, with what was played."""
        cases = played(self.school, self.plan.year, self.handed_over, self.corrected)
        self.problems += [{"reason": f"{row.case}: {row.seen}"} for row in cases if not row.ok]
        report = super().finish()
        report["special"] = [_row(row) for row in cases]
        records.write_report(self.plan.out.resolve(), report)
        return report

    def _correct(self) -> int:
        """Every result the rules contradict is opened in SMAS and computed again there; a list of them must match SMAS's own.

        Returns:
            How many pupils' results were wrong.
        """
        school = self.school
        with school.db.read(school.school_id) as session:
            rows = session.exec(
                select(StudentResult, Student.code)
                .join(
                    Student,
                    (col(Student.id) == StudentResult.student_id) & (col(Student.school_id) == StudentResult.school_id),
                )
                .where(StudentResult.school_year == self.plan.year)
            ).all()
        wrong = [(row, code) for row, code in rows if row.mismatches]
        found = {(code, mismatch["field"]) for row, code in wrong for mismatch in row.mismatches}
        known = {(error["student_code"], error["field"]) for error in school.smas.known_errors()}
        self.problems += [
            {"student": code, "reason": f"{field}: found is not what is wrong"} for code, field in sorted(found ^ known)
        ]
        for row, _ in wrong:
            school.smas.recompute(row.source_id, row.payload.get("awards") or [])
        return len(wrong)


def _row(row: Played) -> dict[str, Any]:
    return {"case": row.case, "count": row.count, "seen": row.seen, "ok": row.ok}
