"""With a database: is the file on record, and how does its version stand; what a code tells anybody; the fixed interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select
from typer.testing import CliRunner

from bench.sealed_record import Record, World, open_record, pem
from hocba_app import cli
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.snapshot import Snapshot
from hocba_app.models import Database, Document, DocumentVersion, School, Slot, Staff
from hocba_app.models.base import utc_now
from hocba_app.services.verification import cli as verify_command
from hocba_app.services.verification.cli import verify_paths, verify_upload
from hocba_app.services.verification.record_status import normal_code, standing_of
from hocba_app.settings import settings
from hocba_app.verification.report_presentation import detailed_report, simple_report
from tests.integration.verification.attacks import ATTACKS
from tests.integration.verification.judging import ISSUERS, codes, small_snapshot
from tests.integration.verification.on_record import enter
from tests.refusals import refused
from tests.samples import verification
from tests.school import small_school


def with_code(code: str) -> Snapshot:
    """The small record under another public code."""
    snapshot = small_snapshot()
    snapshot["verification"] = verification(code)
    return snapshot


@pytest.fixture
def trust(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The configured roots; the list of issuers beside them only where a test writes it."""
    path = tmp_path / "trust" / "root.pem"
    path.parent.mkdir()
    path.write_bytes(pem(world.root))
    for name, value in {
        "TRUST_ROOTS": str(path),
        "DOCUMENTS_URL": str(tmp_path / "documents"),
        "DATABASE_URL": f"sqlite:///{tmp_path}/none.db",
    }.items():
        monkeypatch.setenv(f"HOCBA_{name}", value)
    settings.cache_clear()
    yield path
    settings.cache_clear()


@pytest.fixture
def version_id(db: Database, school_id: str, sealed: Record, trust: Path) -> str:
    small_school(db, school_id, None)
    return enter(db, school_id, sealed)


def void(db: Database, school_id: str, version_id: str) -> None:
    with db.write(school_id) as session:
        version = session.get_one(DocumentVersion, (school_id, version_id))
        version.voided_at = utc_now()
        session.add(version)


def test_the_current_record(db: Database, version_id: str, sealed: Record) -> None:
    report = verify_upload(sealed.file, db)
    assert (report.verdict, report.status, report.issued_here, report.reasons) == ("valid", "current", True, [])
    simple = simple_report(report)
    assert [answer.reply for answer in simple.answers] == ["yes", "yes", "yes"]
    assert (
        simple.headline == "Học bạ hợp lệ."
        and simple.standing == "Bản này đang có giá trị."
        and len(simple.signers) == 5
    )
    detailed = detailed_report(report)
    assert len(detailed.signatures) == 7 and detailed.signatures[-1].role == "Dấu thời gian lưu trữ"
    assert all(
        row.authority == "MySign-CA SHA-256 (mô phỏng)" and "hợp lệ" in row.timestamp and row.validity
        for row in detailed.signatures
    )


def test_a_record_sealed_before_the_school_got_another_tax_code(
    db: Database, school_id: str, version_id: str, sealed: Record
) -> None:
    with db.installation(write=True) as session:
        school = session.get_one(School, school_id)
        school.tax_code = "0399999999"
        session.add(school)
    report = verify_upload(sealed.file, db)
    assert (report.verdict, report.issued_here, report.reasons) == ("valid", True, [])


def test_out_of_date_is_valid_and_says_so(db: Database, school_id: str, version_id: str, sealed: Record) -> None:
    with db.write(school_id) as session:
        document = session.exec(select(Document)).one()
        document.out_of_date = [{"path": "x", "label": "Toán", "locked": "8.0", "synced": "9.0", "essential": True}]
        session.add(document)
    report = verify_upload(sealed.file, db)
    assert (report.verdict, report.status) == ("valid", "out_of_date") and codes(report) == {"out_of_date"}
    standing = standing_of(db, sealed.manifest.code)
    assert standing is not None and standing.status == "out_of_date"


def test_a_void_version_stays_void_whatever_is_appended(
    db: Database, school_id: str, version_id: str, sealed: Record
) -> None:
    void(db, school_id, version_id)
    for file in (sealed.file, sealed.file[: sealed.after[-2]]):
        report = verify_upload(file, db)
        assert (report.verdict, report.status) == ("invalid", "void") and "void" in codes(report)
    renewed = Record(sealed.world, sealed.file, sealed.tip, sealed.manifest, dict(sealed.signers), list(sealed.after))
    renewed.archive()
    report = verify_upload(renewed.file, db)
    assert (report.verdict, report.status) == ("invalid", "void")


def test_an_archive_renewed_elsewhere_is_still_the_record(db: Database, version_id: str, sealed: Record) -> None:
    renewed = Record(sealed.world, sealed.file, sealed.tip, sealed.manifest, dict(sealed.signers), list(sealed.after))
    renewed.archive()
    report = verify_upload(renewed.file, db)
    assert (report.verdict, report.status, report.issued_here) == ("valid", "current", True)


def test_a_record_nobody_knows_here(db: Database, version_id: str, world: World, sealed: Record) -> None:
    for code in (
        "ZZZZ-ZZZZ-ZZZZ",
        sealed.manifest.code,
        "not a code",
    ):  # another code, the same code on another file, nonsense
        forged = open_record(world, with_code(code), dict(sealed.signers))
        forged.sign_all()
        forged.archive()
        report = verify_upload(forged.file, db)
        nonsense = {"manifest_unsound"} if code == "not a code" else set()
        assert codes(report) == {"not_on_record"} | nonsense and (report.issued_here, report.status) == (
            False,
            "unknown",
        )


def test_an_unlisted_school_with_a_database(
    db: Database, school_id: str, version_id: str, world: World, sealed: Record
) -> None:
    with db.installation(write=True) as session:
        school = session.get_one(School, school_id)
        school.tax_code = "0311111111"
        session.add(school)
    with db.write(school_id) as session:  # and it was not this installation that locked the record with that tax code
        version = session.get_one(DocumentVersion, (school_id, version_id))
        version.snapshot = version.snapshot | {"school": version.snapshot["school"] | {"tax_code": "0311111111"}}
        session.add(version)
    assert "issuer_not_listed" in codes(verify_upload(sealed.file, db))


def test_a_signers_name_is_the_one_on_the_page_whatever_the_staff_list_says_now(
    db: Database, school_id: str, version_id: str, sealed: Record
) -> None:
    with db.write(school_id) as session:
        for person in session.exec(select(Staff)).all():
            person.full_name = "Tên Mới Trên SMAS"
            session.add(person)
    standing = standing_of(db, sealed.manifest.code)
    assert standing is not None
    drawn = [sealed.signers[slot.field].name for slot in sealed.manifest.slots if slot.field != "seal"]
    assert [signer.name for signer in standing.signers] == [*drawn, "Trường THCS Kim Đồng"]


def test_a_code_tells_nothing_of_the_pupil(db: Database, version_id: str, sealed: Record) -> None:
    standing = standing_of(db, sealed.manifest.code.lower().replace("-", " "))
    assert standing is not None
    assert (standing.kind, standing.status, standing.sealed, standing.version) == ("results", "current", True, 1)
    assert (
        standing.school == "Trường THCS Kim Đồng"
        and standing.school_class == "6A1"
        and standing.school_year == "2025-2026"
    )
    assert [signer.role for signer in standing.signers] == ["Giáo viên bộ môn"] * 2 + [
        "Giáo viên chủ nhiệm",
        "Hiệu trưởng",
        "Nhà trường (đóng dấu)",
    ]
    assert all(signer.name and signer.signed_at for signer in standing.signers)
    student = small_snapshot()["student"]
    told = repr(standing)
    assert not any(str(value) in told for value in student.values() if value and len(str(value)) > 3)


def test_a_deputys_part_is_worded_as_on_the_paper(
    db: Database, school_id: str, version_id: str, sealed: Record
) -> None:
    with db.write(school_id) as session:
        slot = session.exec(select(Slot).where(Slot.version_id == version_id, Slot.stage == "principal")).one()
        slot.caption = ["KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"]
        session.add(slot)
    standing = standing_of(db, sealed.manifest.code)
    assert standing is not None
    assert [signer.role for signer in standing.signers][-2:] == [
        "KT. HIỆU TRƯỞNG / PHÓ HIỆU TRƯỞNG",
        "Nhà trường (đóng dấu)",
    ]


@pytest.mark.parametrize(
    "typed", ["", "x", "K7QM", "K7QM-2RTX-9BHI", "../../etc/passwd", "K7QM-2RTX-9BHD-AAAA" * 50, "\x00"]
)
def test_codes_that_are_none(db: Database, version_id: str, typed: str) -> None:
    assert standing_of(db, typed) is None


def test_a_code_as_people_type_it() -> None:
    assert normal_code(" k7qm 2rtx-9bhd ") == "K7QM-2RTX-9BHD"
    assert normal_code("K7QM2RTX9BHDX") is None


# --- the fixed interface (docs/interfaces.md) -------------------------------------------------------------------------------------

FIELDS = {"guaranteed_until", "path", "verdict", "integrity", "issued_here", "status", "reasons", "signatures"}
SIGNATURE = {
    "field",
    "role",
    "signer",
    "subject",
    "signing_time",
    "timestamp_time",
    "coverage",
    "integrity",
    "trust",
    "order",
}


def told(*arguments: str) -> tuple[int, list[dict]]:
    result = CliRunner().invoke(cli.app, ["verify", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_the_json_of_verify(tmp_path: Path, trust: Path, sealed: Record) -> None:
    trust.with_name("issuers.json").write_text(json.dumps(ISSUERS), encoding="utf-8")
    good, bad, other = tmp_path / "tốt.pdf", tmp_path / "xấu.pdf", tmp_path / "khác.pdf"
    good.write_bytes(sealed.file)
    bad.write_bytes(ATTACKS["page_content_flipped"](sealed))
    other.write_bytes(b"not a pdf")
    code, (report,) = told(str(good), "--trust", str(trust))
    assert code == 0 and set(report) == FIELDS and set(report["signatures"][0]) == SIGNATURE
    assert (report["path"], report["verdict"], report["integrity"], report["issued_here"], report["status"]) == (
        str(good),
        "valid",
        "intact",
        True,
        "unknown",
    )
    assert report["reasons"] == []
    assert told(str(good), str(other), "--trust", str(trust))[0] == 2
    code, reports = told(str(good), str(bad), str(other), "--trust", str(trust))
    assert code == 1 and [item["verdict"] for item in reports] == ["valid", "invalid", "indeterminate"]
    assert all(set(reason) == {"code", "text"} for item in reports for reason in item["reasons"])
    assert reports[1]["integrity"] == "altered" and reports[2]["integrity"] == "unknown"


def test_people_read_sentences(tmp_path: Path, trust: Path, sealed: Record) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(sealed.file)
    result = CliRunner().invoke(cli.app, ["verify", str(path), "--trust", str(trust)])
    assert result.exit_code == 0 and "HỢP LỆ" in result.stdout and "Nội dung còn nguyên vẹn" in result.stdout


def test_a_list_of_issuers_that_cannot_be_read_is_never_no_list(tmp_path: Path, trust: Path, sealed: Record) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(sealed.file)
    for content in ("{", "{}", '["x"]', '[{"name": "x"}]', "null"):
        trust.with_name("issuers.json").write_text(content, encoding="utf-8")
        assert refused(verify_paths, [path], trust) is ErrorCode.INVALID_INPUT


def test_files_and_roots_that_are_not_there(tmp_path: Path, trust: Path) -> None:
    with pytest.raises(HocbaError):
        verify_paths([tmp_path / "none.pdf"], trust)
    with pytest.raises(HocbaError):
        verify_paths([trust], tmp_path / "none.pem")
    (tmp_path / "bad.pem").write_text("x")
    with pytest.raises(HocbaError):
        verify_paths([trust], tmp_path / "bad.pem")


def test_a_database_beside_foreign_roots_only_adds_what_it_knows(
    tmp_path: Path,
    trust: Path,
    db: Database,
    version_id: str,
    world: World,
    sealed: Record,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify_command, "_configured_database", lambda: db)
    other = open_record(world, with_code("ZZZZ-ZZZZ-ZZZZ"), dict(sealed.signers))
    other.sign_all()
    other.archive()
    known, unknown = tmp_path / "1.pdf", tmp_path / "2.pdf"
    known.write_bytes(sealed.file)
    unknown.write_bytes(other.file)
    first, second = verify_paths([known, unknown], trust)
    assert (first.status, second.status) == ("current", "unknown")
    assert codes(second) == {"issuer_self_declared"} and second.issued_here


def test_looking_makes_no_database(tmp_path: Path, trust: Path) -> None:
    assert verify_command._configured_database() is None and not (tmp_path / "none.db").exists()
    (tmp_path / "none.db").write_bytes(b"")
    assert verify_command._configured_database() is None, "a file without tables is no database of ours"
