"""A school with sealed records in the store: what is printed and handed out, without the year of signing behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hocba_app.domain.snapshot import Snapshot, snapshot_sha256
from hocba_app.models import (
    Database,
    Document,
    DocumentVersion,
    Enrolment,
    Evidence,
    Revision,
    SchoolClass,
    Slot,
    Student,
)
from hocba_app.models.base import utc_now
from hocba_app.pki.signer_certificate import Evidence as Checked
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.storage import blobs
from hocba_app.settings import settings
from tests import samples
from tests.integration.signing.conftest import outside, small  # noqa: F401 - fixtures
from tests.unit.printing.signed_files import signed


@dataclass
class SealedSchool:
    """What a test needs to know of the school."""

    db: Database
    school_id: str
    class_id: str
    students: list[str] = field(default_factory=list)
    documents: dict[tuple[str, str, str], str] = field(default_factory=dict)
    """Document ids by student, kind and school year."""

    def person(self, *roles: str, account_id: str = "a1") -> Identity:
        """Somebody of this school."""
        return Identity(account_id, self.school_id, None, "ai.do", "Ai Đó", frozenset(roles))

    def reopen(self, document_id: str) -> None:
        """As an unlock leaves it: the version is void, the document open."""
        with self.db.write(self.school_id) as session:
            document = session.get_one(Document, (self.school_id, document_id))
            document.state, document.version_id = "open", None
            session.add(document)


def certificate(name: str) -> bytes:
    """A self-signed certificate, DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), 7, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    return built.public_bytes(serialization.Encoding.DER)


@pytest.fixture
def sealed(db: Database, school_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SealedSchool]:
    """Two pupils of one class: covers, histories and results of two years, all sealed."""
    for name, value in {
        "DOCUMENTS_URL": str(tmp_path / "documents"),
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    made = sealed_school(db, school_id)
    yield made
    settings.cache_clear()


def sealed_school(db: Database, school_id: str, mark: str = "") -> SealedSchool:
    """Fill one school."""
    evidence = Checked((certificate("Nguyễn Thị Ánh"),), (b"ocsp",), (), utc_now())
    with db.write(school_id) as session:
        school_class = SchoolClass(
            source_id="c1", code="7A1", name="7A1", grade=7, regime="TT22", school_year="2025-2026"
        )
        session.add(school_class)
        checked = Evidence(owner="x", content=evidence.dumps())
        session.add(checked)
        session.flush()
        made = SealedSchool(db, school_id, school_class.id)
        for number in range(2):
            name = samples.NAMES[number]
            student = Student(
                source_id=f"p{number}",
                code=f"HS{mark}{number}",
                full_name=name,
                sort_name=str(number),
                birth_date="2014-05-12",
            )
            session.add(student)
            session.flush()
            made.students.append(student.id)
            session.add(
                Enrolment(
                    source_id=f"e{number}", student_id=student.id, class_id=school_class.id, school_year="2025-2026"
                )
            )
            for kind, year, snapshot in _documents(name):
                snapshot["student"]["code"] = student.code
                snapshot["verification"] = samples.verification(
                    f"{number}{kind[0].upper()}{year[2:4] or '00'}-{mark or 'A'}RTX-9BHD".upper()
                )
                made.documents[student.id, kind, year] = _seal(
                    session, school_class.id, student.id, kind, year, snapshot, checked.id
                )
    return made


def _documents(name: str) -> list[tuple[str, str, Snapshot]]:
    earlier = samples.results_snapshot(name)
    earlier["school_year"] = "2024-2025"
    return [
        ("cover", "", samples.cover_snapshot(name)),
        ("history", "2024-2025", samples.history_snapshot(name, 1)),
        ("history", "2025-2026", samples.history_snapshot(name, 2)),
        ("results", "2024-2025", earlier),
        ("results", "2025-2026", samples.results_snapshot(name, 7)),
    ]


def _seal(
    session: object, class_id: str, student_id: str, kind: str, year: str, snapshot: Snapshot, evidence_id: str
) -> str:
    pdf = signed(snapshot)
    document = Document(
        student_id=student_id, class_id=class_id, kind=kind, school_year=year, state="sealed", version_number=1
    )
    session.add(document)  # type: ignore[attr-defined]
    session.flush()  # type: ignore[attr-defined]
    sha256 = blobs.put(pdf)
    version = DocumentVersion(
        document_id=document.id,
        number=1,
        snapshot=dict(snapshot),
        snapshot_sha256=snapshot_sha256(snapshot),
        salt="00",
        code=snapshot["verification"]["code"],
        class_id=class_id,
        length=len(pdf),
        sha256=sha256,
    )
    session.add(version)  # type: ignore[attr-defined]
    session.flush()  # type: ignore[attr-defined]
    document.version_id = version.id
    session.add_all(  # type: ignore[attr-defined]
        [
            document,
            Revision(version_id=version.id, number=0, kind="base", blob_sha256=sha256, length=len(pdf), sha256=sha256),
            Slot(
                version_id=version.id,
                document_id=document.id,
                field="principal",
                stage="principal",
                signed_at=utc_now(),
                evidence_id=evidence_id,
            ),
        ]
    )
    return document.id
