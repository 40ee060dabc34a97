"""TH–THCS, THCS–THPT: who goes from grade 9 to 10 in one school gets a second record, with a cover and a history of its own."""

from __future__ import annotations

from sqlmodel import select

from hocba_app.models import Document, DocumentVersion, Enrolment, HistoryEntry, School, SchoolClass
from hocba_app.models.repositories.record_list import counts_by_step
from hocba_app.services.printing.options import PacketOptions
from hocba_app.services.printing.selection import choose
from hocba_app.services.records.lock import start_lock
from hocba_app.services.records.pupil import pupil_view
from hocba_app.services.signing.authority import pupil_states
from tests.integration.records.conftest import lock, pupils, work_on
from tests.school import SmallSchool

YEAR, NEXT = "2025-2026", "2026-2027"


def _goes_up(small: SmallSchool) -> tuple[str, str]:
    """The class is a grade 9 that ends with sealed records; in the next year its pupils are in grade 10. Pupil and class."""
    with small.db.write(small.school_id) as session:
        session.get_one(School, small.school_id).level = "lower_secondary+upper_secondary"
        session.get_one(SchoolClass, (small.school_id, small.class_id)).grade = 9
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    with small.db.write(small.school_id) as session:
        for document in session.exec(select(Document)).all():
            document.state, document.next_stage = "sealed", None
            session.add(document)
        school = session.get_one(School, small.school_id)
        school.current_year = NEXT
        new = SchoolClass(source_id="c2", code="10A1", name="10A1", grade=10, regime="TT22", school_year=NEXT)
        session.add_all([school, new])
        session.flush()
        for number, student in enumerate(pupils(small)):
            session.add(Enrolment(source_id=f"n{number}", student_id=student, class_id=new.id, school_year=NEXT))
            payload = {"school_year": YEAR, "class_name": "9A1", "grade": 9, "school_name": school.name}
            session.add(HistoryEntry(source_id=f"h{number}", student_id=student, school_year=YEAR, payload=payload))
        return pupils(small)[0], new.id


def test_a_second_record_at_the_same_school(small: SmallSchool) -> None:
    pupil, class_id = _goes_up(small)
    steps = {(kind, state): count for _, kind, state, _, present, count in counts_by_step_of(small, NEXT) if present}
    assert steps[("cover", None)] == 3, "the cover of lower secondary is not this record's"
    job = work_on(small, start_lock(small.db, small.people["admin"], kind="cover", class_id=class_id))
    assert [row["outcome"] for row in job.report["students"]] == ["locked"] * 3
    with small.db.read(small.school_id) as session:
        covers = session.exec(
            select(Document.level, Document.state, DocumentVersion.snapshot, DocumentVersion.code)
            .join(DocumentVersion, DocumentVersion.id == Document.version_id)
            .where(Document.student_id == pupil, Document.kind == "cover")
            .order_by(Document.id)
        ).all()
        first, second = session.exec(
            select(Document).where(Document.student_id == pupil, Document.kind == "cover").order_by(Document.id)
        ).all()
        states = pupil_states(session, [first, second])
    assert [(level, state, snapshot["school"]["level"]) for level, state, snapshot, _ in covers] == [
        ("lower_secondary", "sealed", "lower_secondary"),
        ("upper_secondary", "locked", "upper_secondary"),
    ]
    assert len({code for *_, code in covers}) == 2
    assert states == {first.id: ("sealed", "sealed", "sealed"), second.id: ("locked", None, None)}, "workflow rule 4"
    view = pupil_view(small.db, small.people["admin"], pupil)
    assert [(cover.level, cover.step) for cover in view.covers] == [
        ("upper_secondary", "principal"),
        ("lower_secondary", "sealed"),
    ]


def test_the_history_of_a_level_holds_its_own_years(small: SmallSchool) -> None:
    pupil, class_id = _goes_up(small)
    from hocba_app.models import Student
    from hocba_app.services.records.snapshot import build_snapshot

    with small.db.read(small.school_id) as session:
        student = session.get_one(Student, (small.school_id, pupil))
        room = session.get_one(SchoolClass, (small.school_id, class_id))
        content = build_snapshot(session, "history", student, room, [], code="X", url="http://x")
    assert [row["class_name"] for row in content["history"]] == ["10A1"]


def test_printing_a_year_takes_the_record_of_its_level(small: SmallSchool) -> None:
    pupil, _ = _goes_up(small)
    with small.db.write(small.school_id) as session:
        cover = session.exec(select(Document).where(Document.student_id == pupil, Document.kind == "cover")).one()
        version = session.get_one(DocumentVersion, (small.school_id, cover.version_id))
        snapshot = {**version.snapshot, "school": {**version.snapshot["school"], "level": "upper_secondary"}}
        later = Document(
            student_id=pupil, class_id=cover.class_id, kind="cover", level="upper_secondary", state="sealed"
        )
        session.add(later)
        session.flush()
        copy = DocumentVersion(
            document_id=later.id, number=1, snapshot=snapshot, snapshot_sha256="x", salt="x", code="C-2",
            class_id=cover.class_id,
        )  # fmt: skip
        session.add(copy)
        session.flush()
        later.version_id, later.version_number = copy.id, 1
        session.add(later)
    for whole in (True, False):
        options = PacketOptions(kinds=("cover", "history", "results"), whole_record=whole)
        with small.db.read(small.school_id) as session:
            chosen = choose(session, [pupil], YEAR, options)
        assert [(each.kind, each.snapshot["school"]["level"]) for each in chosen.documents] == [
            (kind, "lower_secondary") for kind in ("cover", "history", "results")
        ]


def counts_by_step_of(small: SmallSchool, year: str) -> list[tuple[str, str, str | None, str | None, bool, int]]:
    with small.db.read(small.school_id) as session:
        return counts_by_step(session, year)
