"""``python -m tests.crash.whole [--examples N] [--steps N] [--database URL]``: the two machines as one. A school signs, seals,
archives, unlocks; people leave, decisions end, the store fills up – while SMAS corrects, moves, merges, cancels and ends the year
(Hypothesis). Whatever the order: every sealed record is valid and archived or counted as behind, nothing current differs from the
source without being called out of date, every act of power has its row."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from sqlmodel import func, select

from hocba_app.models import (
    AuditEvent,
    Database,
    Document,
    Enrolment,
    School,
    SchoolClass,
    Staff,
    Student,
    StudentResult,
)
from hocba_app.services.accounts.schools import operator, set_credentials
from hocba_app.settings import settings as product_settings
from tests.crash.acts import SchoolWithPower
from tests.crash.machine import _CRASHING
from tests.crash.source import KINDS, SourceActs
from tests.crash.world import PARTS, Crashing
from tests.integration.simulators.running import running
from tests.integration.sync.conftest import Here
from tests.integration.sync.fake_sector import (
    SCHOOL,
    FakeSector,
    enrolment,
    pupil,
    result,
    room,
    subject,
    teacher,
)
from tests.school import SUBJECTS, SmallSchool

PUPILS = 3
TEACHERS = PARTS[:-1]


class WholeSchool(SourceActs, SchoolWithPower):
    """A fresh school for each example: a year that has ended cannot begin again."""

    sector: FakeSector
    number = 0

    def __init__(self) -> None:
        crashing = _CRASHING[0]
        self.number = WholeSchool.number = WholeSchool.number + 1
        code, db = f"7977{self.number:04d}", crashing.small.db
        crashing.begin_school(db, code, SCHOOL["name"], students=PUPILS, mark=f" {self.number}")
        crashing.connect_service()
        self.small = crashing.small
        _renamed(crashing.small)
        self.db, self.here = db, Here(db, crashing.small.school_id, operator(crashing.small.school_id))
        set_credentials(db, self.here.admin, smas_client_id="x", smas_secret="y")
        self.sector.__init__()  # type: ignore[misc]
        self.sector.by_year = True
        _mirror(self.sector, crashing.small, code)
        self.from_now(code)
        self.sync_before_locks()
        super().__init__()

    def sync_before_locks(self) -> None:
        """The mirror is true: the first sync finds people and pupils as they are."""
        with self.db.read(self.here.school_id) as session:
            before = {row.source_id: row.full_name for row in session.exec(select(Staff)).all()}
        self.sync()
        with self.db.read(self.here.school_id) as session:
            assert before == {row.source_id: row.full_name for row in session.exec(select(Staff)).all()}

    @rule(part=st.sampled_from(TEACHERS), gone=st.booleans())
    def smas_says_a_teacher_left(self, part: str, gone: bool) -> None:
        with self.db.read(self.here.school_id) as session:
            key = session.get_one(Staff, (self.here.school_id, self._staff(part))).source_id
        self.put("staff", key, (self.has("staff", key) or {}) | {"status": "left" if gone else "working"})

    @rule()
    def lock_again(self) -> None:
        self.lock("results")

    @rule(number=st.integers(1, PUPILS))
    def late_pupil(self, number: int) -> None:
        """Who comes back after he was cancelled is locked beside those who are being signed."""
        self.a_pupil_comes_back(number)
        self.an_enrolment_is_made(number, self.first_class)
        self.sync()
        for kind in KINDS:
            self.lock(kind)

    def others_signed(self) -> None:
        for kind in ("cover", "history"):
            self.lock(kind)
        self._sign("principal")

    def teardown(self) -> None:
        self.sync()
        SchoolWithPower.teardown(self)
        self.sync()


def _renamed(small: SmallSchool) -> None:
    """The small school's rows under the names that the acts of SMAS go by."""
    with small.db.write(small.school_id) as session:
        for table, first in ((Student, "P"), (Enrolment, "E"), (StudentResult, "R"), (SchoolClass, "L")):
            for row in session.exec(select(table)).all():
                row.source_id = f"{first}{row.source_id[1:]}"


def _mirror(sector: FakeSector, small: SmallSchool, code: str) -> None:
    """SMAS knows this school as it is."""
    sector.put("school", "S", SCHOOL | {"code": code})
    with small.db.read(small.school_id) as session:
        staff = session.exec(select(Staff)).all()
        homeroom = session.exec(select(Staff).where(Staff.id == small.people["homeroom"].staff_id)).one()
        pupils = session.exec(select(Student)).all()
        teachers = {
            each: session.get_one(Staff, (small.school_id, small.people[each].staff_id)) for each, _, _ in SUBJECTS
        }
    for number, row in enumerate(staff, 1):
        same = {"code": row.code, "full_name": row.full_name, "id_number": row.id_number, "position": row.position}
        sector.put("staff", row.source_id, teacher(number, **same))
    for number in (1, 2):
        home = {"code": f"6A{number}", "name": f"6A{number}", "homeroom_staff_id": homeroom.source_id}
        sector.put("classes", f"L{number}", room(**home))
    for order, (name_code, name, kind) in enumerate(SUBJECTS, 1):
        sector.put("subjects", name_code, subject(name_code, name=name, kind=kind, order=order))
        for number in (1, 2):
            of = {"class_id": f"L{number}", "subject_id": name_code, "staff_id": teachers[name_code].source_id}
            key = name_code if number == 1 else f"{name_code}-L2"
            sector.put("teaching_assignments", key, of | {"term": "year", "position": 1})
    row_of = result("")["subjects"][0]
    for row in pupils:
        key = row.source_id
        same = {"code": row.code, "full_name": row.full_name, "birth_date": row.birth_date, "sex": row.sex}
        sector.put("students", key, pupil(int(key[1:]), id_number=row.id_number, **same))
        sector.put("enrolments", f"E{key[1:]}", enrolment(key))
        marks = [
            row_of | {"subject_id": each} | ({} if kind == "marked" else dict.fromkeys(("term1", "term2", "year"), "Đ"))
            for each, _, kind in SUBJECTS
        ]
        sector.put("results", f"R{key[1:]}", result(key, subjects=marks))


def main() -> None:
    parser = argparse.ArgumentParser(description="A school and its SMAS, in any order")
    parser.add_argument("--examples", type=int, default=10)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--database", default="", help="URL of an empty database; a file of its own without")
    arguments = parser.parse_args()
    from tests.crash import machine, whole  # by their names: what is imported as __main__ is another module

    with tempfile.TemporaryDirectory() as name:
        crashing = Crashing(Path(name), arguments.database)
        machine._CRASHING.append(crashing)
        sector = FakeSector()
        with running(sector.app) as url, contextlib.closing(crashing):
            os.environ["HOCBA_SMAS_URL"] = url
            product_settings.cache_clear()
            run_state_machine_as_test(
                type("WholeSchoolHere", (whole.WholeSchool,), {"sector": sector}),
                settings=settings(
                    max_examples=arguments.examples,
                    stateful_step_count=arguments.steps,
                    deadline=None,
                    database=None,
                    print_blob=True,
                    suppress_health_check=list(HealthCheck),
                    phases=(Phase.generate,),  # shrinking on rows that stay would lead nowhere
                ),
            )
            print(json.dumps(_played(crashing.small.db)))
            crashing.small.db.dispose()
    print("ok")


def _played(db: Database) -> dict[str, int]:
    """What the schools of a run went through, by the log: a run in which nothing happened proves nothing."""
    counts: Counter[str] = Counter()
    with db.installation() as session:
        schools = list(session.exec(select(School.id)).all())
    for school in schools:
        with db.read(school) as session:
            events = session.exec(select(AuditEvent.action, func.count()).group_by(AuditEvent.action)).all()
            counts.update(dict(events))
            counts["sealed"] += len(session.exec(select(Document.id).where(Document.state == "sealed")).all())
    return dict(sorted(counts.items()))


if __name__ == "__main__":
    main()
