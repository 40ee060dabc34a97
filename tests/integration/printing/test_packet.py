"""Packets from the database: what goes in, who may, what is logged, and how long a packet lives."""

from __future__ import annotations

import io
import json
import os
import threading
import time
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import AuditEvent, Job, School, Student
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.jobs.enqueue import ask_cancel
from hocba_app.services.jobs.runner import RunningJobs, advance
from hocba_app.services.printing import print_job
from hocba_app.services.printing.options import PacketOptions
from hocba_app.services.printing.share_link import package_of
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.storage import blobs
from hocba_app.verification.pyhanko_verifier import examine_file
from tests.integration.printing.conftest import SealedSchool, sealed_school
from tests.integration.signing.test_chain import lock, sign
from tests.integration.simulators.mysign_rig import Rig
from tests.refusals import refused
from tests.school import SmallSchool


def work_on(school: SealedSchool, job_id: str) -> Job:
    assert advance(school.db, RunningJobs(), school.school_id, job_id, "w0", threading.Event()) == "ended"
    with school.db.read(school.school_id) as session:
        return session.get_one(Job, (school.school_id, job_id))


def pages(pdf: bytes) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def events(school: SealedSchool) -> list[tuple[str, str]]:
    with school.db.read(school.school_id) as session:
        return [(row.action, row.subject) for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()]


def test_a_class_packet_holds_every_pupil_in_the_order_of_the_book(sealed: SealedSchool) -> None:
    who = sealed.person("management")
    job_id = print_job.print_packet(sealed.db, who, PacketOptions(double_sided=False), class_id=sealed.class_id)
    done = work_on(sealed, job_id)
    assert (done.state, done.report["documents"], done.report["pupils"], done.report["missing"]) == ("done", 8, 2, [])
    printed = pages(print_job.packet_file(sealed.db, who, job_id))
    codes = [page.rsplit("mã ", 1)[1].split("-")[0] for page in printed]
    # Cover (2), the newest history only (1), results of both years (2 and 2); pupil after pupil.
    assert codes == [f"{pupil}{code}" for pupil in "01" for code in ("C00", "C00", "H25", "R24", "R24", "R25", "R25")]
    assert events(sealed) == [
        ("packet.asked", f"class:{sealed.class_id}"),
        ("packet.made", f"job:{job_id}"),
        ("packet.downloaded", f"job:{job_id}"),
    ]


def test_one_pupil_and_one_year(sealed: SealedSchool) -> None:
    who = sealed.person("admin")
    options = PacketOptions(kinds=("history", "results"), whole_record=False, paper="A3", seal_page=True)
    done = work_on(sealed, print_job.print_packet(sealed.db, who, options, student_id=sealed.students[1]))
    assert (done.state, done.report["documents"], done.report["pupils"]) == ("done", 2, 1)
    printed = " ".join(pages(print_job.packet_file(sealed.db, who, done.id)))
    assert "1H25-" in printed and "1R25-" in printed and "1R24-" not in printed and "SAO Y" in printed


def test_a_copy_is_certified_by_whoever_heads_the_institution_today(sealed: SealedSchool) -> None:
    who = sealed.person("admin")
    with sealed.db.write(sealed.school_id) as session:
        session.get_one(School, sealed.school_id).head_office = "director"
    options = PacketOptions(kinds=("history",), whole_record=False, seal_page=True)
    done = work_on(sealed, print_job.print_packet(sealed.db, who, options, student_id=sealed.students[1]))
    (page,) = [text for text in pages(print_job.packet_file(sealed.db, who, done.id)) if "SAO Y" in text]
    assert "GIÁM ĐỐC" in page and "HIỆU TRƯỞNG" not in page


def test_only_sealed_documents_are_printed_and_the_missing_are_named(sealed: SealedSchool) -> None:
    who, student = sealed.person("admin"), sealed.students[0]
    sealed.reopen(sealed.documents[student, "results", "2025-2026"])
    done = work_on(sealed, print_job.print_packet(sealed.db, who, PacketOptions(), class_id=sealed.class_id))
    assert done.report["missing"] == [{"student": student, "kind": "results"}]
    for kind, year in (("cover", ""), ("history", "2024-2025"), ("history", "2025-2026"), ("results", "2024-2025")):
        sealed.reopen(sealed.documents[student, kind, year])
    assert (
        refused(print_job.print_packet, sealed.db, who, PacketOptions(), student_id=student) is ErrorCode.NOTHING_TO_DO
    )


@pytest.mark.parametrize(
    "roles", [(), ("teacher", "homeroom"), ("teacher", "subject"), ("seal_operator",), ("cover_signer",)]
)
def test_only_the_office_prints(sealed: SealedSchool, roles: tuple[str, ...]) -> None:
    who = sealed.person(*roles)
    assert (
        refused(print_job.print_packet, sealed.db, who, PacketOptions(), class_id=sealed.class_id)
        is ErrorCode.FORBIDDEN
    )
    assert refused(print_job.packet_file, sealed.db, who, "x") is ErrorCode.FORBIDDEN
    assert events(sealed) == []


def test_another_schools_office_reaches_nothing(sealed: SealedSchool) -> None:
    job_id = print_job.print_packet(sealed.db, sealed.person("admin"), PacketOptions(), class_id=sealed.class_id)
    work_on(sealed, job_id)
    with sealed.db.installation(write=True) as session:
        other = School(code="other", name="Trường khác")
        session.add(other)
    stranger = Identity("b1", other.id, None, "b", "B", frozenset({"admin"}))
    assert (
        refused(print_job.print_packet, sealed.db, stranger, PacketOptions(), class_id=sealed.class_id)
        is ErrorCode.NOT_FOUND
    )
    assert (
        refused(print_job.print_packet, sealed.db, stranger, PacketOptions(), student_id=sealed.students[0])
        is ErrorCode.NOT_FOUND
    )
    assert refused(print_job.packet_file, sealed.db, stranger, job_id) is ErrorCode.NOT_FOUND
    theirs = sealed_school(sealed.db, other.id, "B")
    done = work_on(theirs, print_job.print_packet(theirs.db, stranger, PacketOptions(), class_id=theirs.class_id))
    assert "-ARTX-" not in " ".join(pages(print_job.packet_file(theirs.db, stranger, done.id)))


def test_wrong_wishes_are_refused(sealed: SealedSchool) -> None:
    who = sealed.person("admin")
    for wish in ({}, {"class_id": "x", "student_id": "y"}):
        assert refused(print_job.print_packet, sealed.db, who, PacketOptions(), **wish) is ErrorCode.INVALID_INPUT
    assert (
        refused(print_job.print_packet, sealed.db, who, PacketOptions(margin_mm=99), class_id=sealed.class_id)
        is ErrorCode.INVALID_INPUT
    )
    assert refused(print_job.print_packet, sealed.db, who, PacketOptions(), class_id="../x") is ErrorCode.NOT_FOUND
    assert refused(print_job.packet_file, sealed.db, who, "../../etc/passwd") is ErrorCode.NOT_FOUND


def test_a_packet_lives_a_day_and_is_not_backed_up(sealed: SealedSchool) -> None:
    who = sealed.person("admin")
    job_id = print_job.print_packet(sealed.db, who, PacketOptions(), class_id=sealed.class_id)
    assert refused(print_job.packet_file, sealed.db, who, job_id) is ErrorCode.NOT_FOUND, "not before it is made"
    work_on(sealed, job_id)
    file = next(path for path in (blobs.folder() / ".packets").iterdir())
    assert file.name.startswith("."), "backups leave such files out"
    assert file.stat().st_mode & 0o077 == 0
    yesterday = time.time() - print_job.KEPT_SECONDS - 5
    os.utime(file, (yesterday, yesterday))
    assert refused(print_job.packet_file, sealed.db, who, job_id) is ErrorCode.NOT_FOUND
    assert print_job.sweep() == 1 and not file.exists()


def test_a_packet_is_deleted_when_its_day_is_over_though_nobody_prints_again(sealed: SealedSchool) -> None:
    job_id = print_job.print_packet(sealed.db, sealed.person("admin"), PacketOptions(), class_id=sealed.class_id)
    work_on(sealed, job_id)
    with sealed.db.read(sealed.school_id) as session:
        end = session.exec(select(Job).where(Job.kind == print_job.END)).one()
    assert abs((end.wake_at - end.created_at).total_seconds() - print_job.KEPT_SECONDS) < 5
    assert print_job.is_kept(job_id)
    work_on(sealed, end.id)
    assert list((blobs.folder() / ".packets").iterdir()) == []


def test_an_altered_packet_is_not_handed_out(sealed: SealedSchool) -> None:
    who = sealed.person("admin")
    job_id = print_job.print_packet(sealed.db, who, PacketOptions(), class_id=sealed.class_id)
    work_on(sealed, job_id)
    file: Path = next((blobs.folder() / ".packets").iterdir())
    file.write_bytes(file.read_bytes() + b" ")
    assert refused(print_job.packet_file, sealed.db, who, job_id) is ErrorCode.STORED_FILE_DAMAGED


def test_a_cancelled_packet_leaves_nothing(sealed: SealedSchool) -> None:
    who = sealed.person("admin")
    job_id = print_job.print_packet(sealed.db, who, PacketOptions(), class_id=sealed.class_id)
    with sealed.db.write(sealed.school_id) as session:
        ask_cancel(session, job_id)
    advance(sealed.db, RunningJobs(), sealed.school_id, job_id, "w0", threading.Event())
    assert refused(print_job.packet_file, sealed.db, who, job_id) is ErrorCode.NOT_FOUND


def test_records_signed_over_the_wire_are_printed_as_they_were_signed(
    small: SmallSchool, outside: tuple[Rig, str, Path]
) -> None:
    """The whole chain to the seal and the archive; then the packet and the package of what came out."""
    for kind in ("cover", "history", "results"):
        lock(small, kind)
    for part in ("TOAN", "VAN", "GDTC", "homeroom", "principal", "operator"):
        assert sign(small, outside[0], part).state == "committed"
    with small.db.read(small.school_id) as session:
        archive = session.exec(select(Job.id).where(Job.kind == "archive")).one()
        student = session.exec(select(Student).order_by(Student.code)).first()
    assert advance(small.db, RunningJobs(), small.school_id, archive, "w0", threading.Event()) == "ended"
    school, who = SealedSchool(small.db, small.school_id, small.class_id), small.people["admin"]
    done = work_on(school, print_job.print_packet(small.db, who, PacketOptions(), class_id=small.class_id))
    assert (done.state, done.report["documents"], done.report["pupils"], done.report["missing"]) == ("done", 6, 2, [])
    printed = [page for page in pages(print_job.packet_file(small.db, who, done.id)) if page]
    assert len(printed) == 10 and all("BẢN SAO – mã " in page for page in printed)
    assert sum("Nguyễn Thị Ánh 1" in page for page in printed) == 6, (
        "the principal's signature on cover, history and results"
    )
    package = package_of(small.db, who, student.id)
    with zipfile.ZipFile(io.BytesIO(package.data)) as archived:
        signers = json.loads(archived.read("signers.json"))
        assert [len(entry["signers"]) for entry in signers] == [2, 2, 6]
        for entry in signers:
            verdict = examine_file(
                entry["file"], archived.read(entry["file"]), list(trust_roots()), [{"tax_code": "0312345678"}]
            )
            assert verdict.verdict == "valid", verdict.reasons
