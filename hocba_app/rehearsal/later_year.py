"""The years after the first: classes go up, a level is finished, people come and go, certificates are renewed."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlmodel import col, select

from hocba_app.domain.school_calendar import year_after
from hocba_app.models import SEAL, Staff
from hocba_app.rehearsal.year import Year

_LEAVES = ("TOAN", "GDTC")
"""One teacher of the first of these subjects leaves each summer; a newcomer takes his rows."""


class LaterYear(Year):
    """A year a school goes on with.

    Args:
        given: as :class:`Year` takes them; the plan's year is the one before this one.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.figures: dict[str, Any] = {}
        """What the turn of the year brought, for the report."""
        self._new_teacher = ""

    def september(self) -> None:
        """Carried on in SMAS, submitted, synced; newcomers get what they need; the covers of the new records are signed."""
        school = self.school
        with self.stages.part("turn_of_year", 1):
            self._turn()
            reorganised = self.plan.reorganised and "reorganised" not in self.school.entry
            if reorganised:
                self.school.smas.strike("school_reorganised")
                self.school.entry["reorganised"] = True
        self._submit_and_sync("september", "beginning_of_year", None)
        before = set(school.staff)
        school.read_staff()
        newcomers = set(school.staff) - before
        with ThreadPoolExecutor(1) as pool:
            locking = pool.submit(self._lock, "cover")
            school.activate_everybody()
            school.welcome(newcomers)
            if reorganised:
                school.connect_keys({SEAL})
            school.renew_keys({SEAL, school.principal().id, self._some_teacher(newcomers)})
            locking.result()
        school.people = {key: who for key, who in school.people.items() if key in school.staff}
        school.appoint_seal_operator()
        school.read_identities()
        self.figures |= {"new_teachers": len(newcomers), "renewed": 3}
        self._begin_covers()

    def december(self) -> None:
        """Term I; somebody leaves with his record."""
        super().december()
        self._hand_over_leavers()

    # --- what the school does in SMAS ------------------------------------------------------------------------------

    def _turn(self) -> None:
        smas, old = self.school.smas, self.plan.year
        rows = smas.records("teaching_assignments")
        year = year_after(old)
        answer = smas.declare(year)
        admitted = smas.admit(self.plan.students - answer["students"])
        self._change_teacher(rows)
        self.plan = self.plan.for_year(year)
        self.figures = {
            "school_year": year,
            "carried": answer["students"],
            "graduated": answer["graduated"],
            "admitted": len(admitted),
        }

    def _change_teacher(self, rows: dict[str, dict[str, Any]]) -> None:
        """He leaves in summer; who comes for him takes a class of his subject, and his homeroom."""
        smas = self.school.smas
        subjects = smas.records("subjects")
        codes = {data["code"]: key for key, data in subjects.items()}
        wanted = [codes[code] for code in _LEAVES if code in codes]
        # A school that was split off may have no teacher of its own in these subjects yet.
        subject = next(key for key in (*wanted, *sorted(subjects)) if _taught(rows, key))
        leaves = sorted(row["staff_id"] for row in rows.values() if row["subject_id"] == subject)[0]
        old = smas.records("staff")[leaves]
        # Not how many there are: of a school that was parted, some codes are at the other one.
        number = 1 + max(int(re.split(r"\D+", row["code"])[-1]) for row in smas.records("staff").values())
        self._new_teacher = smas.make(
            "staff", code=f"GV{number:03d}", full_name="Trần Thị Mới Đến", birth_date="1995-03-08", sex="Nữ",
            id_number=f"079195{number:06d}", position="teacher",
            email=f"moi{number}@{self.school.entry['code']}.example", phone="0900000002",
        )  # fmt: skip
        for key, data in smas.records("classes").items():
            if data["homeroom_staff_id"] == leaves:
                smas.change("classes", key, homeroom_staff_id=self._new_teacher)
        his = [key for key, row in smas.records("teaching_assignments").items() if row["staff_id"] == leaves]
        for key in his:
            smas.change("teaching_assignments", key, staff_id=self._new_teacher)
        if not his:
            place = next(
                key for key, data in smas.records("classes").items() if data["grade"] in subjects[subject]["grades"]
            )
            smas.make("teaching_assignments", class_id=place, subject_id=subject, staff_id=self._new_teacher)
        smas.change("staff", leaves, status="left")
        assert old["status"] == "working"

    def _enter(self, moment: str) -> None:
        smas = self.school.smas
        if moment == "term1":
            smas.practise("I")
            self.figures["moved_out"] = self._move_out()
        elif moment == "year_end":
            self.figures["moved_in"] = len(
                smas.admit(
                    self.figures["moved_out"], class_id=self._largest(), moved_in_on=f"{self.plan.year[5:]}-01-12"
                )
            )
            smas.practise("II")

    def _move_out(self) -> int:
        """One pupil leaves when term I is over, from a class that can spare him."""
        smas = self.school.smas
        key = sorted(key for key, row in smas.records("enrolments").items() if row["class_id"] == self._largest())[0]
        day = f"{self.plan.year[5:]}-01-09"
        smas.change("enrolments", key, status="moved_out", to_date=day, note="Chuyển đi giữa năm")
        return 1

    def _largest(self) -> str:
        """The class with most pupils."""
        sizes: dict[str, int] = {}
        for row in self.school.smas.records("enrolments").values():
            sizes[row["class_id"]] = sizes.get(row["class_id"], 0) + 1
        return max(sorted(sizes), key=lambda key: sizes[key])

    def _some_teacher(self, newcomers: set[str]) -> str:
        with self.school.db.read(self.school.school_id) as session:
            teachers = session.exec(
                select(col(Staff.id))
                .where(col(Staff.position) == "teacher", col(Staff.active).is_(True))
                .order_by(col(Staff.code))
            ).all()
        return next(key for key in teachers if key not in newcomers)


def _taught(rows: dict[str, dict[str, Any]], subject_id: str) -> bool:
    return any(row["subject_id"] == subject_id for row in rows.values())
