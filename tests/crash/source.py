"""``python -m tests.crash.source [--examples N] [--steps N] [--database URL]``: what SMAS does to a school in any order – classes
corrected and merged, moves, departures, cancellations, marks and earlier years corrected, a year ending – between syncs, locks and
unlocks (Hypothesis). After every sync: no locked record differs from the source without being called out of date, none is called
so that does not, and everybody is in one class at most."""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlmodel import SQLModel, select

from hocba_app.domain.snapshot_differences import is_out_of_date
from hocba_app.models import Account, Database, Document, DocumentVersion, SchoolClass, Student
from hocba_app.models.sqlite_statistics import tell_sizes
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.records.lock import start_lock
from hocba_app.services.records.record_list import records_page
from hocba_app.services.unlocking import unlock
from hocba_app.settings import settings as product_settings
from tests.integration.simulators.running import running
from tests.integration.sync.conftest import Here, school_here
from tests.integration.sync.fake_sector import SCHOOL, FakeSector, enrolment, filled, room, teacher

FIRST = "2025-2026"
PUPILS, CLASSES = 3, ("L1", "L2")
LAST_PRIMARY_GRADE = 5
KINDS = ("cover", "history", "results")
who, where = st.integers(1, PUPILS), st.sampled_from(CLASSES)


class Oracle:
    """What a record should say now, from the sector's own records: no line of it is the product's."""

    def __init__(self, sector: FakeSector, code: str) -> None:
        self._records, self._years, self._code = sector.records, sector.years, code

    def data(self, resource: str, identity: str) -> dict[str, Any] | None:
        found = self._records.get(resource, {}).get(identity)
        return found["data"] if found is not None else None

    def facts(self, source_id: str, kind: str, year: str, cancelled: set[str]) -> Any:
        """None: the source has him nowhere any more."""
        person = self.data("students", source_id)
        places = [
            data
            for identity in self._records["enrolments"]
            if (data := self.data("enrolments", identity))
            and data["student_id"] == source_id
            and self.data("classes", data["class_id"])
        ]
        places.sort(
            key=lambda data: (
                data["status"] in ("studying", "moved_in"),
                data["from_date"] or "",
                data["to_date"] or "",
            )
        )
        of_year = [data for data in places if data["school_year"] == year]
        if source_id in cancelled or not (of_year or (kind == "cover" and places)):
            return None
        name = person["full_name"] if person is not None else self._records["students"][source_id]["last"]["full_name"]
        if kind == "cover":
            return name
        place = of_year[-1]
        left = place["status"] not in ("studying", "moved_in")
        home = self.data("classes", place["class_id"]) or {}
        results = [
            data
            for identity in self._records["results"]
            if (data := self.data("results", identity)) and data["student_id"] == source_id
        ]
        own = next((data for data in results if data["school_year"] == year), None)
        promotion = own and own["promotion"]
        if kind == "results":
            marks = own and [row["year"] for row in own["subjects"]]
            return name, home["name"], marks, promotion, place["to_date"] if left else None
        rows = [
            data
            for identity in self._records.get("history", {})
            if (data := self.data("history", identity)) and data["student_id"] == source_id
        ]
        earlier = [
            (data["school_year"], data["school_name"], data["class_name"], data["outcome"])
            for data in rows
            if (data["grade"] <= LAST_PRIMARY_GRADE) == (home["grade"] <= LAST_PRIMARY_GRADE)  # another level's record
            and (
                data["school_year"] < year
                or (
                    data["school_year"] == year
                    and data["school_name"] != SCHOOL["name"]
                    and (not left or data["outcome"] == "moved")
                )
            )
        ]
        outcome = (
            promotion if promotion in ("promoted", "retained") else "moved" if place["status"] == "moved_out" else None
        )
        return name, home["name"], sorted(map(str, earlier)), outcome, place["to_date"] if left else None


def said(snapshot: dict[str, Any]) -> Any:
    """The same facts as a locked record has them."""
    name = snapshot["student"]["full_name"]
    if snapshot["kind"] == "cover":
        return name
    if snapshot["kind"] == "results":
        of = snapshot["results"]
        return (
            name,
            snapshot["class_name"],
            [row["year"] for row in of["subjects"]] or None,
            of["promotion"],
            _day(of["departure"]),
        )
    *earlier, own = snapshot["history"]
    rows = sorted(str((row["school_year"], row["school_name"], row["class_name"], row["outcome"])) for row in earlier)
    return name, own["class_name"], rows, own["outcome"], _day(own["note"])


def _day(departure: str | None) -> str | None:
    """The day a record says its pupil left, ISO 8601."""
    return "-".join(reversed(departure.rsplit(" ", 1)[1].split("/"))) if departure else None


class SourceActs(RuleBasedStateMachine):
    """What SMAS does to a school, and what its submissions must then contain; the school itself is the subclass's."""

    db: Database
    sector: FakeSector
    here: Here
    admin: Identity
    code: str
    first_class, second_class = CLASSES

    def from_now(self, code: str) -> None:
        """Forget what was played before: the sector's records as they are now are the beginning."""
        self.code, self.day, self.made, self.year = code, 0, 0, FIRST
        self.cancelled: set[str] = set()
        self.at_first = {
            (resource, key): row["data"] for resource, rows in self.sector.records.items() for key, row in rows.items()
        }

    def put(self, resource: str, identity: str, data: dict[str, Any] | None) -> None:
        before = self.sector.records.get(resource, {}).get(identity)
        last = data or (before or {}).get("last") or (before or {}).get("data")
        self.sector.put(resource, identity, data)
        self.sector.records[resource][identity]["last"] = last
        if resource in (
            "students",
            "history",
        ):  # told in the list of the year at hand: who is cancelled there was a pupil before
            self.sector.years[resource, identity] = self.year

    def has(self, resource: str, identity: str) -> dict[str, Any] | None:
        found = self.sector.records.get(resource, {}).get(identity)
        return found["data"] if found is not None else None

    def next_day(self) -> str:
        self.day += 1
        return (
            f"{self.year[:4]}-{10 + self.day // 28:02d}-{1 + self.day % 28:02d}"
            if self.day < 80
            else f"{self.year[5:]}-{1 + self.day // 80:02d}-{1 + self.day % 28:02d}"
        )

    def places(self, student: str) -> list[str]:
        return [
            key
            for key in self.sector.records["enrolments"]
            if (d := self.has("enrolments", key)) and d["student_id"] == student and d["school_year"] == self.year
        ]

    # What SMAS does.

    @rule(of=where, name=st.sampled_from(("6A1", "6A2", "6A5", "6B")))
    def a_class_is_renamed(self, of: str, name: str) -> None:
        if data := self.has("classes", self.of_year(of)):
            self.put("classes", self.of_year(of), data | {"name": name})

    @rule(number=who, of=where)
    def a_pupil_moves(self, number: int, of: str) -> None:
        if self.has("classes", self.of_year(of)) and self.has("students", f"P{number}"):
            day, self.made = self.next_day(), self.made + 1
            for key in self.places(f"P{number}"):
                self.put(
                    "enrolments", key, (self.has("enrolments", key) or {}) | {"status": "moved_out", "to_date": day}
                )
            self.put(
                "enrolments",
                f"N{self.made}",
                enrolment(
                    f"P{number}",
                    class_id=self.of_year(of),
                    school_year=self.year,
                    status="moved_in",
                    from_date=self.next_day(),
                ),
            )
            self.result(number, class_id=self.of_year(of))

    @rule(number=who, of=where)
    def a_class_list_is_corrected(self, number: int, of: str) -> None:
        if self.has("classes", self.of_year(of)):
            for key in self.places(f"P{number}"):
                self.put("enrolments", key, (self.has("enrolments", key) or {}) | {"class_id": self.of_year(of)})
            self.result(number, class_id=self.of_year(of))

    @rule()
    def classes_merge(self) -> None:
        one, two = map(self.of_year, CLASSES)
        if self.has("classes", one) and self.has("classes", two):
            for key in self.sector.records["enrolments"]:
                if (data := self.has("enrolments", key)) and data["class_id"] == two:
                    self.put("enrolments", key, data | {"class_id": one})
            self.put("classes", two, None)

    @rule(of=where)
    def a_class_is_cancelled(self, of: str) -> None:
        if self.has("classes", self.of_year(of)):
            self.put("classes", self.of_year(of), None)

    @rule(of=where)
    def a_class_comes_back(self, of: str) -> None:
        grade = 6 + (self.year != FIRST)
        now = {"code": of, "name": f"{grade}A{of[1]}", "grade": grade, "school_year": self.year}
        self.put("classes", self.of_year(of), self.at_first["classes", of] | now)

    @rule(number=who, status=st.sampled_from(("moved_out", "left")))
    def a_pupil_leaves(self, number: int, status: str) -> None:
        for key in self.places(f"P{number}"):
            data = self.has("enrolments", key) or {}
            if data["status"] in ("studying", "moved_in"):
                self.put("enrolments", key, data | {"status": status, "to_date": self.next_day()})

    @rule(number=who)
    def an_enrolment_is_cancelled(self, number: int) -> None:
        for key in self.places(f"P{number}")[:1]:
            self.put("enrolments", key, None)

    @rule(number=who, of=where)
    def an_enrolment_is_made(self, number: int, of: str) -> None:
        if self.has("classes", self.of_year(of)) and self.has("students", f"P{number}"):
            self.made += 1
            self.put(
                "enrolments",
                f"N{self.made}",
                enrolment(f"P{number}", class_id=self.of_year(of), school_year=self.year, from_date=self.next_day()),
            )

    @rule(number=who)
    def a_pupil_is_cancelled(self, number: int) -> None:
        """From the list of the year, with what is his there: a contract's list of a year names that year's pupils."""
        if self.has("students", f"P{number}"):
            self.put("students", f"P{number}", None)
            if self.year != FIRST:
                for key in self.places(f"P{number}"):
                    self.put("enrolments", key, None)

    @rule(number=who)
    def a_pupil_comes_back(self, number: int) -> None:
        if not self.has("students", f"P{number}"):
            self.put("students", f"P{number}", self.at_first["students", f"P{number}"])

    @rule(number=who, name=st.sampled_from(("Nguyễn Văn Ân", "Nguyễn Văn Ấn", "Lê Bình")))
    def a_name_is_corrected(self, number: int, name: str) -> None:
        if data := self.has("students", f"P{number}"):
            self.put("students", f"P{number}", data | {"full_name": name})

    @rule(number=who, mark=st.sampled_from(("8.0", "8.3")), promotion=st.sampled_from(("promoted", "retained")))
    def a_result_is_corrected(self, number: int, mark: str, promotion: str) -> None:
        self.result(number, mark, promotion=promotion)

    def result(self, number: int, mark: str = "8.0", **other: Any) -> None:
        key = f"R{number}-{self.year}" if self.year != FIRST else f"R{number}"
        first = self.at_first["results", f"R{number}"] | {"school_year": self.year, "class_id": self.of_year("L1")}
        before = self.has("results", key) or first
        if self.has("students", f"P{number}"):
            corrected, *rest = before["subjects"]
            self.put("results", key, before | other | {"subjects": [corrected | {"year": mark}, *rest]})

    @rule(number=who)
    def a_result_is_cancelled(self, number: int) -> None:
        key = f"R{number}-{self.year}" if self.year != FIRST else f"R{number}"
        if self.has("results", key):
            self.put("results", key, None)

    @rule(
        number=who,
        row=st.integers(1, 2),
        this_year=st.booleans(),
        grade=st.sampled_from((5, 6)),
        outcome=st.sampled_from(("moved", "promoted")),
        gone=st.booleans(),
    )
    def an_earlier_row_changes(
        self, number: int, row: int, this_year: bool, grade: int, outcome: str, gone: bool
    ) -> None:
        if self.has("students", f"P{number}"):
            year = self.year if this_year else "2024-2025"
            data = {
                "student_id": f"P{number}", "school_year": year, "class_name": f"{grade}A", "grade": grade, "school_name": f"Trường {row}", "commune": "X",
                "province": "Y", "outcome": outcome, "note": None,
            }  # fmt: skip
            # In a later year a cancelled row may mean that the pupil is on no list any more: only what is meant is played here.
            self.put("history", f"H{number}-{row}-{year}", None if gone and self.year == FIRST else data)

    @rule()
    def the_year_ends(self) -> None:
        if self.year == FIRST:
            self.sync()
            self.year, self.day = "2026-2027", 0
            for of in CLASSES:
                self.a_class_comes_back(of)
                self.taught(self.of_year(of))
            for number in range(1, PUPILS + 1):
                if self.has("students", f"P{number}"):
                    self.put("history", f"own-{number}", {
                        "student_id": f"P{number}", "school_year": FIRST, "class_name": "6A1", "grade": 6, "school_name": SCHOOL["name"],
                        "commune": SCHOOL["commune"], "province": SCHOOL["province"], "outcome": "promoted", "note": None,
                    })  # fmt: skip
                    self.put(
                        "enrolments",
                        f"F{number}",
                        enrolment(f"P{number}", class_id=self.of_year("L1"), school_year=self.year),
                    )
                    self.result(number, class_id=self.of_year("L1"))

    def taught(self, of: str) -> None:
        """A class has the teachers that the first class began with."""
        for (resource, key), data in self.at_first.items():
            if resource == "teaching_assignments" and data["class_id"] == "L1":
                self.put(resource, f"{key}-{of}", data | {"class_id": of})

    def of_year(self, of: str) -> str:
        return of if self.year == FIRST else f"{of}-{self.year}"

    # What the school does.

    @rule(kind=st.sampled_from(KINDS))
    def lock(self, kind: str) -> None:
        with self.db.read(self.here.school_id) as session:
            classes = list(session.exec(select(SchoolClass.id).where(SchoolClass.active)).all())  # type: ignore[arg-type]
            pupils = list(session.exec(select(Student.id)).all())
        if classes:
            job = start_lock(
                self.db, self.admin, kind=kind, class_ids=classes, student_ids=pupils, accept_mismatches="x"
            )
            assert advance(self.db, RunningJobs(), self.here.school_id, job, "w", threading.Event()) == "ended"

    @rule(of=where)
    def sync_a_class(self, of: str) -> None:
        with self.db.read(self.here.school_id) as session:
            found = session.exec(select(SchoolClass.id).where(SchoolClass.source_id == self.of_year(of))).first()
        if found is not None:
            self.here.sync(class_ids=[found], school_year=self.year)

    @rule()
    def sync_and_lock(self) -> None:
        self.sync()
        for kind in KINDS:
            self.lock(kind)

    # What is told of it.

    @rule()
    def sync(self) -> None:
        job = self.here.sync(school_year=self.year)
        assert not any(found["conflict"] for found in job.report.get("resources", {}).values())
        for key in list(self.sector.records["students"]):
            if self.has("students", key) is not None:
                self.cancelled.discard(key)
            elif not any(
                (data := self.has("enrolments", each)) and data["student_id"] == key and data["school_year"] < self.year
                for each in self.sector.records["enrolments"]
            ):
                self.cancelled.add(key)
        self.everything_is_told()

    def everything_is_told(self) -> None:
        oracle = Oracle(self.sector, self.code)
        with self.db.read(self.here.school_id) as session:
            query = (
                select(Document, DocumentVersion, Student)
                .join(
                    DocumentVersion,
                    (DocumentVersion.id == Document.version_id) & (DocumentVersion.school_id == Document.school_id),  # type: ignore[arg-type]
                )
                .join(Student, (Student.id == Document.student_id) & (Student.school_id == Document.school_id))
            )  # type: ignore[arg-type]
            for document, version, student in session.exec(query).all():
                year = document.school_year or FIRST
                now, then = oracle.facts(student.source_id, document.kind, year, self.cancelled), said(version.snapshot)
                told = is_out_of_date(document.out_of_date)
                assert told == (now != then), (student.source_id, document.kind, year, then, now, document.out_of_date)
        for year in {FIRST, self.year}:
            rows = records_page(self.db, self.admin, school_year=year, size=200).rows
            assert len({(row.student_id, row.kind) for row in rows}) == len(rows), "a document listed twice"


class Source(SourceActs):
    """One school and its SMAS."""

    number = 0

    @initialize()
    def begin(self) -> None:
        type(self).number += 1
        code = f"7978{self.number:04d}"
        self.sector.__init__()  # type: ignore[misc]
        self.sector.by_year = True
        filled(self.sector, PUPILS)
        self.sector.put("school", "S", SCHOOL | {"code": code})
        self.sector.put("staff", "T2", teacher(2, position="principal", full_name="Trần Văn Hiệu"))
        self.sector.put("classes", "L2", room(code="6A2", name="6A2"))
        self.from_now(code)
        self.here = school_here(self.db, {"code": code, "client_id": "x", "client_secret": "y"})
        with self.db.write(self.here.school_id) as session:
            account = Account(username=f"hieutruong-{self.code}", full_name="Trần Văn Hiệu")
            session.add(account)
        self.admin = Identity(
            account.id, self.here.school_id, None, "a", "a", frozenset({"admin", "management", "principal"})
        )
        self.sync()
        for kind in KINDS:
            self.lock(kind)

    @rule(choice=st.integers(0, 1 << 16))
    def unlock_one(self, choice: int) -> None:
        with self.db.read(self.here.school_id) as session:
            ids = list(session.exec(select(Document.id).where(Document.state != "open").order_by(Document.id)).all())
        if ids:
            unlock.request_unlock(self.db, self.admin, [ids[choice % len(ids)]], "Sửa")

    def teardown(self) -> None:
        if hasattr(self, "here"):
            self.sync()


def run(db: Database, sector: FakeSector, *, examples: int, steps: int) -> None:
    """Run the machine on one database.

    Args:
        sector: reachable under the product's settings.
    """
    machine = type("SourceHere", (Source,), {"db": db, "sector": sector})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # schools stay in the database: shrinking would lead nowhere
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Anything that SMAS may do, in any order")
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument(
        "--database", default="", help="SQLAlchemy URL of an empty database; by default a SQLite file of its own"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        db = Database(arguments.database or f"sqlite:///{name}/source.db")
        SQLModel.metadata.create_all(db.engine)
        if db.is_sqlite:
            tell_sizes(db.engine)
        os.environ.update(
            HOCBA_SECRET_KEY="source-8Jq2Lr5Tz0Xc7Vb1Mn",
            HOCBA_DOCUMENTS_URL=f"{name}/documents",
        )
        sector = FakeSector()
        with running(sector.app) as url:
            os.environ["HOCBA_SMAS_URL"] = url
            product_settings.cache_clear()
            run(db, sector, examples=arguments.examples, steps=arguments.steps)
        db.dispose()
    print("ok")


if __name__ == "__main__":
    main()
