"""A record from another school: judged by a job, attached when plainly right, asked about when not, kept whatever happens."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from sqlmodel import select

from bench.sealed_record import World
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import AttachedRecord, AuditEvent, Database, Job
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached import attach
from hocba_app.services.attached.reading import attached_file, attached_to, packed
from hocba_app.services.storage import blobs
from tests.integration.attached.conftest import Receiving
from tests.integration.verification.test_foreign_files import plain_pdf, signed_with_pyhanko


def refused_with(code: ErrorCode, call: object, *arguments: object) -> None:
    with pytest.raises(HocbaError) as refused:
        call(*arguments)  # type: ignore[operator]
    assert refused.value.code is code


def audited(receiving: Receiving) -> list[str]:
    with receiving.db.read(receiving.small.school_id) as session:
        return [
            row.action
            for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()
            if row.action.startswith("attached.")
        ]


def test_a_sealed_record_of_this_pupil_is_attached_at_once(receiving: Receiving, theirs: bytes) -> None:
    (row,) = receiving.give(("../../Kết quả lớp 7.pdf", theirs))
    assert (row.state, row.verdict, row.doubts, row.file_name) == ("attached", "valid", [], "Kết quả lớp 7.pdf")
    with receiving.db.read(receiving.small.school_id) as session:
        (view,) = attached_to(session, receiving.pupil)
    assert view.report is not None and view.issuer and [signer.reply for signer in view.report.signers] == ["yes"] * 5
    assert any("do chính tệp khai báo" in reason for reason in view.report.reasons), "nobody listed that school"
    name, data = attached_file(receiving.db, receiving.office, row.id)
    assert data == theirs and name.isascii() and name.startswith("truong-khac-")
    assert audited(receiving) == ["attached.given", "attached.attached", "attached.downloaded"]
    refused_with(
        ErrorCode.ALREADY_ATTACHED,
        attach.give,
        receiving.db,
        receiving.office,
        receiving.pupil,
        [("again.pdf", theirs)],
    )


def test_a_record_of_another_pupil_is_asked_about(receiving: Receiving, theirs: bytes) -> None:
    (row,) = receiving.give(("x.pdf", theirs), pupil=receiving.other)
    assert (row.state, row.verdict) == ("asking", "valid")
    assert [doubt["code"] for doubt in row.doubts] == ["name", "code"]
    attach.refuse(receiving.db, receiving.office, row.id)
    with receiving.db.read(receiving.small.school_id) as session:
        assert attached_to(session, receiving.other) == []
    assert blobs.get(row.blob_sha256) == theirs, "kept"
    refused_with(ErrorCode.NOT_FOUND, attach.accept, receiving.db, receiving.office, row.id, "Đúng là em ấy")


def test_what_is_not_valid_is_attached_only_with_a_reason(receiving: Receiving, world: World, theirs: bytes) -> None:
    altered = theirs.replace(b"/MediaBox", b"/MediaBax", 1)
    foreign = signed_with_pyhanko(world, plain_pdf())
    rows = receiving.give(("a.pdf", altered), ("b.pdf", foreign), ("c.pdf", b"%PDF-1.7\n" + b"[" * 5000))
    assert [(row.state, row.verdict) for row in rows] == [
        ("asking", "invalid"),
        ("asking", "indeterminate"),
        ("asking", "indeterminate"),
    ]
    assert {doubt["code"] for doubt in rows[1].doubts} == {"no_words"}
    refused_with(ErrorCode.REASON_MISSING, attach.accept, receiving.db, receiving.office, rows[1].id, "  ")
    attach.accept(receiving.db, receiving.office, rows[1].id, " Trường cũ xác nhận \n bằng công văn 12 ")
    with receiving.db.read(receiving.small.school_id) as session:
        views = {view.id: view for view in attached_to(session, receiving.pupil)}
        (inside,) = packed(session, list(views))
    assert (views[rows[1].id].state, views[rows[1].id].verdict) == ("attached", "indeterminate"), "shown as what it is"
    assert (
        inside.described["attached_because"] == "Trường cũ xác nhận bằng công văn 12"
        and inside.described["verdict_when_attached"] == "indeterminate"
    )
    assert views[rows[0].id].state == "asking"


def test_a_package_is_unpacked_and_the_same_file_taken_once(receiving: Receiving, world: World, theirs: bytes) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("results-2025-2026.pdf", theirs)
        archive.writestr("other-schools/copy.pdf", theirs)
        archive.writestr("certificates/a.pem", b"-----")
        archive.writestr("signers.json", json.dumps([]))
    (row,) = receiving.give(("hoc-ba.zip", out.getvalue()))
    assert (row.file_name, row.package, row.state) == ("results-2025-2026.pdf", "hoc-ba.zip", "attached")


def test_detaching_keeps_the_file_and_says_why(receiving: Receiving, theirs: bytes) -> None:
    (row,) = receiving.give(("x.pdf", theirs))
    refused_with(ErrorCode.REASON_MISSING, attach.detach, receiving.db, receiving.office, row.id, "")
    attach.detach(receiving.db, receiving.office, row.id, "Trường cũ đã cấp bản mới")
    with receiving.db.read(receiving.small.school_id) as session:
        (view,) = attached_to(session, receiving.pupil)
        assert packed(session, [row.id]) == [], "not handed out any more"
    assert (view.state, view.end_reason) == ("detached", "Trường cũ đã cấp bản mới")
    assert attached_file(receiving.db, receiving.office, row.id)[1] == theirs
    again = receiving.give(("x.pdf", theirs))
    assert [item.state for item in again] == ["detached", "attached"], "it may be attached anew"


def test_only_the_office_attaches_and_only_who_may_look_reads(receiving: Receiving, theirs: bytes) -> None:
    (row,) = receiving.give(("x.pdf", theirs))
    homeroom = receiving.small.people["homeroom"]
    for call, arguments in (
        (attach.give, (receiving.pupil, [("y.pdf", theirs)])),
        (attach.accept, (row.id, "x")),
        (attach.refuse, (row.id,)),
        (attach.detach, (row.id, "x")),
    ):
        refused_with(ErrorCode.FORBIDDEN, call, receiving.db, homeroom, *arguments)
    assert attached_file(receiving.db, homeroom, row.id)[1] == theirs, "his own class"
    stranger = Identity("a9", receiving.small.school_id, "01aaaaaaaaaaaaaaaaaaaaaaaa", "x", "x", frozenset({"teacher"}))
    refused_with(ErrorCode.FORBIDDEN, attached_file, receiving.db, stranger, row.id)


def test_another_school_sees_nothing(receiving: Receiving, theirs: bytes, db: Database) -> None:
    (row,) = receiving.give(("x.pdf", theirs))
    elsewhere = Identity("a9", "01bbbbbbbbbbbbbbbbbbbbbbbb", None, "x", "x", frozenset({"admin"}))
    refused_with(ErrorCode.NOT_FOUND, attached_file, db, elsewhere, row.id)
    refused_with(ErrorCode.NOT_FOUND, attach.detach, db, elsewhere, row.id, "x")
    refused_with(ErrorCode.NOT_FOUND, attach.give, db, elsewhere, receiving.pupil, [("x.pdf", theirs)])


def test_a_file_refused_while_it_is_checked_stays_refused(receiving: Receiving, theirs: bytes) -> None:
    attach.give(receiving.db, receiving.office, receiving.pupil, [("x.pdf", theirs)])
    attach.refuse(receiving.db, receiving.office, receiving.rows()[0].id)
    receiving.give(("other.pdf", theirs + b"\n"))
    assert receiving.rows()[0].state == "refused"


def test_a_check_whose_job_gave_up_is_asked_for_again_at_night(receiving: Receiving, theirs: bytes) -> None:
    attach.give(receiving.db, receiving.office, receiving.pupil, [("x.pdf", theirs)])
    with receiving.db.write(receiving.small.school_id) as session:
        assert attach.resume_checks(session, "") == 0, "its job is at it"
        given_up = session.exec(select(Job).where(Job.kind == attach.KIND)).one()
        given_up.state = "failed"
    with receiving.db.write(receiving.small.school_id) as session:
        assert attach.resume_checks(session, "") == 1
    assert {row.state for row in receiving.give(("other.pdf", theirs + b"\n"))} & {"checking"} == set()
    with receiving.db.write(receiving.small.school_id) as session:
        assert attach.resume_checks(session, "") == 0


def test_a_lost_file_is_said_so(receiving: Receiving, theirs: bytes) -> None:
    attach.give(receiving.db, receiving.office, receiving.pupil, [("x.pdf", theirs)])
    blobs.path_of(receiving.rows()[0].blob_sha256).unlink()
    rows = receiving.give(("other.pdf", theirs + b"\n"))
    assert rows[0].state == "refused" and "bị hỏng" in rows[0].end_reason


def test_names_of_a_hostile_file_are_made_harmless(receiving: Receiving) -> None:
    (row,) = receiving.give(("a\x00b\u202efdp.exe\n.pdf", b"%PDF-1.4\nnothing"))
    assert row.file_name == "abfdp.exe.pdf" and isinstance(row, AttachedRecord) and row.verdict == "indeterminate"
