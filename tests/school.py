"""A small school in the database, ready to lock and sign: one class, its people with keys, images and results."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass, field

from sqlmodel import select

from hocba_app.models import (
    SEAL,
    Account,
    Database,
    Enrolment,
    School,
    SchoolClass,
    SignatureImage,
    SigningKey,
    SigningSettings,
    Staff,
    Student,
    StudentResult,
    Subject,
    TeachingAssignment,
)
from hocba_app.recordfile.appearance import InkImage
from hocba_app.services.accounts.schools import operator, set_credentials
from hocba_app.services.accounts.sessions import Identity
from hocba_app.services.signing.providers.mysign import MySignProvider
from tests.integration.simulators.mysign_rig import Rig

SUBJECTS = (("TOAN", "Toán", "marked"), ("VAN", "Ngữ văn", "marked"), ("GDTC", "Giáo dục thể chất", "comment"))
TAX_CODE = "0312345678"


@dataclass
class SmallSchool:
    """What a test needs to know of the school."""

    db: Database
    school_id: str
    class_id: str
    people: dict[str, Identity] = field(default_factory=dict)
    """By part: ``admin``, ``principal``, ``homeroom``, ``TOAN``, ``VAN``, ``GDTC``, ``seal``."""
    users: dict[str, str] = field(default_factory=dict)
    """MySign user by part."""


def ink(width: int = 120, height: int = 40) -> InkImage:
    """A wavy line."""
    levels = bytearray(width * height)
    for x in range(width):
        y = int(height / 2 + height * 0.4 * math.sin(x / 9))
        levels[y * width + x] = 255
    return InkImage.from_mask(width, height, (20, 40, 150), bytes(levels))


def small_school(db: Database, school_id: str, rig: Rig | None, *, students: int = 2, mark: str = "") -> SmallSchool:
    """Fill the school: synced data as the sync would leave it, keys from the running MySign simulator.

    Args:
        rig: None makes nobody a key or an image.
        mark: added to every name, so that a test can look for this school's people.
    """
    parts = ("principal", "homeroom", *(code for code, _, _ in SUBJECTS), "operator")
    staff = {}
    with db.write(school_id) as session:
        for number, part in enumerate(parts, 1):
            row = Staff(
                source_id=f"s{number}",
                code=f"GV{number:03d}",
                full_name=f"Nguyễn Thị Ánh {number}{mark}",
                id_number=f"0792000000{number:02d}",
                position="principal" if part == "principal" else "teacher",
            )
            session.add(row)
            session.flush()
            staff[part] = row.id
            session.add(Account(username=f"gv{number}{mark}", staff_id=row.id, full_name=row.full_name))
        school_class = SchoolClass(
            source_id="c1",
            code="6A1",
            name="6A1",
            grade=6,
            regime="TT22",
            school_year="2025-2026",
            homeroom_staff_id=staff["homeroom"],
        )
        session.add(school_class)
        session.flush()
        for position, (code, name, kind) in enumerate(SUBJECTS):
            subject = Subject(source_id=code, code=code, name=name, kind=kind, position=position)
            session.add(subject)
            session.flush()
            session.add(
                TeachingAssignment(
                    source_id=code, class_id=school_class.id, subject_id=subject.id, staff_id=staff[code]
                )
            )
        for number in range(1, students + 1):
            add_student(session, school_class, number, mark)
        session.add(SigningSettings(seal_operator_id=staff["operator"]))
        class_id = school_class.id
    small = SmallSchool(db, school_id, class_id)
    if rig is not None:
        set_credentials(
            db, operator(school_id), mysign_client_id=rig.client["client_id"], mysign_secret=rig.client["client_secret"]
        )
        _keys(small, rig, staff)
    _identities(small, staff)
    return small


def add_student(session: object, school_class: SchoolClass, number: int, mark: str = "") -> None:
    """One pupil of the class with a year's results."""
    student = Student(
        source_id=f"p{number}",
        code=f"HS{number:03d}",
        full_name=f"Đặng Ỷ Lan {number}{mark}",
        sort_name=f"lan {number}",
        birth_date="2014-05-06",
        sex="Nữ",
        id_number=f"0793000000{number:02d}",
        details={"ethnic_group": "Kinh", "birth_place": "TP. Hồ Chí Minh"},
    )
    session.add(student)  # type: ignore[attr-defined]
    session.flush()  # type: ignore[attr-defined]
    session.add(
        Enrolment(source_id=f"e{number}", student_id=student.id, class_id=school_class.id, school_year="2025-2026")
    )  # type: ignore[attr-defined]
    levels = {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None}
    payload = {
        "regime": "TT22",
        "subjects": [
            {"subject_code": code, "comment": "Chăm chỉ, tiến bộ.", "note": None, "reassessed": None}
            | dict.fromkeys(("term1", "term2", "year"), "8.5" if kind == "marked" else "Đ")
            for code, _, kind in SUBJECTS
        ],
        "learning": levels,
        "training": levels,
        "absences": {"term1": 1, "term2": 0, "year": 1},
        "promotion": "promoted",
        "promotion_note": None,
        "title": None,
        "awards": [],
        "certificates": None,
        "homeroom_comment": "Ngoan, lễ phép.",
        "homeroom_comment_after_summer": None,
        "programme_completed": None,
    }
    session.add(  # type: ignore[attr-defined]
        StudentResult(
            source_id=f"r{number}",
            student_id=student.id,
            class_id=school_class.id,
            school_year="2025-2026",
            payload=payload,
        )
    )


def _keys(small: SmallSchool, rig: Rig, staff: dict[str, str]) -> None:
    provider = MySignProvider(rig.url, rig.client["client_id"], rig.client["client_secret"])
    with small.db.read(small.school_id) as session:
        people = {row.id: row for row in session.exec(select(Staff)).all()}
        school = session.get_one(School, small.school_id)
    owners = {
        part: (staff_id, people[staff_id].full_name, people[staff_id].id_number or "", "person")
        for part, staff_id in staff.items()
    }
    owners["seal"] = (SEAL, school.name, TAX_CODE, "organisation")
    for part, (owner, name, number, kind) in owners.items():
        user = f"{'MST' if kind == 'organisation' else 'CCCD'}_{number}"
        rig.add({"user_id": user, "full_name": name, "id_number": number, "phone": "0900000000", "kind": kind})
        credential = provider.credentials(user)[0]
        small.users[part] = user
        with small.db.write(small.school_id) as session:
            session.add(
                SigningKey(
                    owner=owner,
                    provider_user=user,
                    credential_id=credential.credential_id,
                    chain=[base64.b64encode(item).decode() for item in credential.chain],
                )
            )
            session.add(
                SignatureImage(owner=owner, sha256="0" * 64, image=ink().dumps(), preview_png=b"", created_by="")
            )
    provider.close()


def _identities(small: SmallSchool, staff: dict[str, str]) -> None:
    roles = {
        "principal": {"principal", "management"},
        "homeroom": {"homeroom", "teacher"},
        "operator": {"seal_operator"},
    }
    with small.db.read(small.school_id) as session:
        accounts = {row.staff_id: row for row in session.exec(select(Account)).all()}
    for part, staff_id in staff.items():
        account = accounts[staff_id]
        small.people[part] = Identity(
            account.id,
            small.school_id,
            staff_id,
            account.username,
            account.full_name,
            frozenset(roles.get(part, {"subject", "teacher"})),
        )
    with small.db.write(small.school_id) as session:
        office = Account(username=f"quantri-{small.school_id}", full_name="Quản trị")
        session.add(office)
    small.people["admin"] = Identity(office.id, small.school_id, None, "admin", "Quản trị", frozenset({"admin"}))
