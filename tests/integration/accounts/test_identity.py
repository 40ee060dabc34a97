"""Roles from data, and which classes a person may look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.school_calendar import today
from hocba_app.models import (
    Account,
    Database,
    Delegation,
    Document,
    DocumentVersion,
    School,
    SchoolClass,
    SigningAssignment,
    SigningSettings,
    Slot,
    Student,
    Subject,
    TeachingAssignment,
)
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.authority import may_view_class, require_class, viewable_class_ids
from hocba_app.services.accounts.identity import Identity
from tests.refusals import refused

Who = Callable[[Account], Identity]


@pytest.fixture
def classes(db: Database, school_id: str) -> dict[str, str]:
    """Two classes of this year, one of last year; ids by name."""
    with db.write(school_id) as session:
        found = [
            SchoolClass(source_id=name, code=name, name=name, grade=6, regime="TT22", school_year=year)
            for name, year in (("6A1", "2025-2026"), ("6A2", "2025-2026"), ("old", "2024-2025"))
        ]
        session.add_all(found)
        session.add(Subject(id="toan", source_id="TOAN", code="TOAN", name="Toán", kind="marked"))
    return {row.name: row.id for row in found}


def test_roles_follow_from_data(
    db: Database, school_id: str, classes: dict[str, str], make_account: Callable[..., Account], who: Who
) -> None:
    people = {
        name: make_account(name)
        for name in (
            "homeroom",
            "subject",
            "stand-in",
            "rows",
            "deputy",
            "past",
            "off",
            "seal",
            "cover",
            "idle",
            "last-year",
        )
    }
    staff = {name: account.staff_id or "" for name, account in people.items()}
    day = today()
    with db.write(school_id) as session:
        session.get_one(SchoolClass, (school_id, classes["6A1"])).homeroom_staff_id = staff["homeroom"]
        session.get_one(SchoolClass, (school_id, classes["old"])).homeroom_staff_id = staff["last-year"]
        session.add_all(
            [
                TeachingAssignment(
                    source_id="1", class_id=classes["6A1"], subject_id="toan", staff_id=staff["subject"]
                ),
                TeachingAssignment(
                    source_id="2", class_id=classes["6A1"], subject_id="toan", staff_id=staff["idle"], active=False
                ),
                TeachingAssignment(
                    source_id="3", class_id=classes["old"], subject_id="toan", staff_id=staff["last-year"]
                ),
                SigningAssignment(class_id=classes["6A2"], field="homeroom", staff_id=staff["stand-in"]),
                SigningAssignment(class_id=classes["6A2"], field="s.toan.1", staff_id=staff["rows"]),
                SigningSettings(seal_operator_id=staff["seal"], cover_signer_id=staff["cover"]),
            ]
        )
        for name, first, last, revoked in (
            ("deputy", day, day, None),
            ("past", day - timedelta(9), day - timedelta(1), None),
            ("off", day, day, utc_now()),
        ):
            session.add(
                Delegation(
                    deputy_id=staff[name],
                    kinds=["results"],
                    from_date=first.isoformat(),
                    to_date=last.isoformat(),
                    decision_number="12/QĐ",
                    revoked_at=revoked,
                )
            )
    assert {name: set(who(account).roles) for name, account in people.items()} == {
        "homeroom": {"homeroom", "teacher"},
        "subject": {"subject", "teacher"},
        "stand-in": {"homeroom", "teacher"},
        "rows": {"subject", "teacher"},
        "deputy": {"deputy"},
        "past": set(),
        "off": set(),
        "seal": {"seal_operator"},
        "cover": {"cover_signer"},
        "idle": set(),
        "last-year": set(),
    }
    assert who(make_account("ht", position="principal")).roles == {"principal", "management"}
    assert who(make_account("pht", position="vice_principal")).roles == {"management"}
    assert who(make_account("vt", position="clerk", roles=("admin",))).roles == {"admin"}


def test_a_new_school_year_changes_who_teaches(
    db: Database, school_id: str, classes: dict[str, str], make_account: Callable[..., Account], who: Who
) -> None:
    teacher = make_account("gv")
    with db.write(school_id) as session:
        session.get_one(SchoolClass, (school_id, classes["6A1"])).homeroom_staff_id = teacher.staff_id
    assert who(teacher).roles == {"homeroom", "teacher"}
    with db.installation(write=True) as session:
        session.get_one(School, school_id).current_year = "2026-2027"
    assert who(teacher).roles == frozenset()


def test_teachers_look_at_their_own_classes_and_the_office_at_all(
    db: Database,
    school_id: str,
    other_school_id: str,
    classes: dict[str, str],
    make_account: Callable[..., Account],
    who: Who,
) -> None:
    teacher, office, clerk = (
        make_account("gv"),
        make_account("ht", position="principal"),
        make_account("vt", position="clerk"),
    )
    stranger = make_account("admin", roles=("admin",), position=None, school=other_school_id)
    with db.write(school_id) as session:
        session.add(
            TeachingAssignment(
                source_id="1", class_id=classes["6A1"], subject_id="toan", staff_id=teacher.staff_id or ""
            )
        )
    with db.read(school_id) as session:
        assert viewable_class_ids(session, who(teacher)) == {classes["6A1"]}
        assert viewable_class_ids(session, who(office)) == set(classes.values())
        assert viewable_class_ids(session, who(clerk)) == viewable_class_ids(session, who(stranger)) == set()
        assert may_view_class(session, who(teacher), classes["6A1"])
        assert may_view_class(session, who(office), classes["6A2"])
        assert not may_view_class(session, who(office), "no such class")
        for person, name in ((teacher, "6A2"), (clerk, "6A1"), (stranger, "6A1")):
            assert not may_view_class(session, who(person), classes[name])
            assert refused(require_class, session, who(person), classes[name]) is ErrorCode.FORBIDDEN
    with db.read(other_school_id) as session:
        assert viewable_class_ids(session, who(stranger)) == set()
        assert not may_view_class(session, who(stranger), classes["6A1"])
        assert not may_view_class(session, who(office), classes["6A1"])


def test_a_slot_given_to_a_person_opens_its_class_until_the_version_is_void(
    db: Database, school_id: str, classes: dict[str, str], make_account: Callable[..., Account], who: Who
) -> None:
    teacher, stand_in = make_account("gv"), make_account("thay")
    with db.write(school_id) as session:
        session.get_one(SchoolClass, (school_id, classes["6A1"])).homeroom_staff_id = stand_in.staff_id
        pupil = Student(source_id="p", code="p", full_name="Học sinh")
        session.add(pupil)
        session.flush()
        document = Document(student_id=pupil.id, class_id=classes["6A2"], kind="results", school_year="2025-2026")
        session.add(document)
        session.flush()
        version = DocumentVersion(
            document_id=document.id,
            number=1,
            snapshot={},
            snapshot_sha256="0" * 64,
            salt="s",
            code="K7QM2RTX9BHD",
            class_id=classes["6A2"],
        )
        session.add(version)
        session.flush()
        document.version_id = version.id
        session.add(
            Slot(
                document_id=document.id,
                version_id=version.id,
                field="homeroom",
                stage="homeroom",
                role="GVCN",
                staff_id=stand_in.staff_id,
            )
        )
    with db.read(school_id) as session:
        assert not may_view_class(session, who(teacher), classes["6A2"])
        assert may_view_class(session, who(stand_in), classes["6A2"])
    with db.write(school_id) as session:
        session.get_one(Document, (school_id, document.id)).version_id = None
    with db.read(school_id) as session:
        assert not may_view_class(session, who(stand_in), classes["6A2"])
