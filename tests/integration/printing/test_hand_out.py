"""Handing over: originals byte for byte, packages, links that end, PINs that cannot be guessed; all of it on record."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from cryptography import x509
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode
from hocba_app.models import AttachedRecord, AuditEvent, HandOut, HandOutLink, LoginThrottle, School
from hocba_app.models.base import utc_now
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.attached import attach
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.maintenance.audit_comparison import compare
from hocba_app.services.printing import link_visit, share_link
from hocba_app.services.printing.share_link import NewLink
from hocba_app.services.storage import blobs
from hocba_app.services.storage.files import current_file
from tests.integration.printing.conftest import SealedSchool
from tests.refusals import refused

ADDRESS = "203.0.113.7"


def token_of(link: NewLink) -> str:
    return link.url.rsplit("/", 1)[1]


def wrong(pin: str) -> str:
    return f"{(int(pin) + 1) % 1_000_000:06d}"


def make(sealed: SealedSchool, **changes: object) -> NewLink:
    wishes = {"recipient": "Mẹ học sinh", "days": 7} | changes
    return share_link.create_link(sealed.db, sealed.person("management"), sealed.students[0], **wishes)  # type: ignore[arg-type]


def open_link(
    sealed: SealedSchool, link: NewLink, pin: str | None = None, address: str = ADDRESS
) -> share_link.Package:
    given = link_visit.enter(sealed.db, token_of(link), link.pin if pin is None else pin, address)
    return link_visit.package_of(sealed.db, token_of(link), given)


def row_of(sealed: SealedSchool, link: NewLink) -> HandOut:
    with sealed.db.read(sealed.school_id) as session:
        return session.get_one(HandOut, (sealed.school_id, link.hand_out_id))


def actions(sealed: SealedSchool) -> list[str]:
    with sealed.db.read(sealed.school_id) as session:
        assert verify_chain(session) == []
        return [row.action for row in session.exec(select(AuditEvent).order_by(AuditEvent.seq)).all()]


def never_blocked(sealed: SealedSchool) -> None:
    """As if the waits of the throttle were over."""
    with sealed.db.installation(write=True) as session:
        for row in session.exec(select(LoginThrottle)).all():
            session.delete(row)


def test_a_signed_original_is_the_stored_file(sealed: SealedSchool) -> None:
    document_id = sealed.documents[sealed.students[0], "results", "2025-2026"]
    original = share_link.signed_original(sealed.db, sealed.person("admin"), document_id)
    assert original.name == "results-2025-2026.pdf" and original.pdf.count(b"/ByteRange") > 10
    assert actions(sealed) == ["handout.downloaded"]
    sealed.reopen(document_id)
    assert refused(share_link.signed_original, sealed.db, sealed.person("admin"), document_id) is ErrorCode.NOT_FOUND


def test_a_package_holds_originals_certificates_and_who_signed(sealed: SealedSchool) -> None:
    package = share_link.package_of(sealed.db, sealed.person("admin"), sealed.students[0])
    assert package.name == "hoc-ba-HS0.zip"
    with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert names[:4] == ["cover.pdf", "history-2025-2026.pdf", "results-2024-2025.pdf", "results-2025-2026.pdf"]
        signers = json.loads(archive.read("signers.json"))
        assert [entry["file"] for entry in signers] == names[:4]
        signer = signers[3]["signers"][0]
        assert signer["signer"] == "Nguyễn Thị Ánh" and signer["certificate_check"] == "good" and signer["signed_at"]
        read = x509.load_pem_x509_certificates(archive.read(signer["certificate"]))
        assert "Nguyễn Thị Ánh" in read[0].subject.rfc4514_string()
        with sealed.db.read(sealed.school_id) as session:
            assert archive.read("results-2025-2026.pdf") == current_file(session, package.version_ids[3])
    assert package.data == share_link.package_of(sealed.db, sealed.person("admin"), sealed.students[0]).data


def attached(sealed: SealedSchool, data: bytes, state: str = "attached") -> str:
    """A record of another school, as attaching leaves it."""
    report = {"origin": {"school": "Trường THCS Lê Lợi"}, "reasons": [{"code": "foreign", "text": "Tệp ngoài."}]}
    with sealed.db.write(sealed.school_id) as session:
        row = AttachedRecord(
            student_id=sealed.students[0],
            file_name="Nguyễn Thị Huyền Trang.pdf",
            blob_sha256=blobs.put(data),
            length=len(data),
            state=state,
            verdict="indeterminate",
            report=report,
            uploaded_by="a1",
            accept_reason="Đã đối chiếu bản giấy",
        )
        session.add(row)
    return row.id


def test_records_of_other_schools_go_along_and_are_listed(sealed: SealedSchool) -> None:
    kept = attached(sealed, b"%PDF-1.4 theirs")
    attached(sealed, b"%PDF-1.4 not decided", "asking")
    package = share_link.package_of(sealed.db, sealed.person("admin"), sealed.students[0])
    with zipfile.ZipFile(io.BytesIO(package.data)) as archive:
        (name,) = [name for name in archive.namelist() if name.startswith("other-schools/")]
        assert archive.read(name) == b"%PDF-1.4 theirs" and name.isascii()
        (listed,) = json.loads(archive.read("other-schools.json"))
    assert (listed["file"], listed["issuer"], listed["verdict_when_attached"]) == (
        name,
        "Trường THCS Lê Lợi",
        "indeterminate",
    )
    assert (listed["attached_because"], listed["reasons"]) == ("Đã đối chiếu bản giấy", ["Tệp ngoài."])
    link = make(sealed)
    assert open_link(sealed, link).attached_ids == package.attached_ids == (kept,)
    attached(sealed, b"%PDF-1.4 came later")
    assert open_link(sealed, link).attached_ids == (kept,), "a link gives what there was when it was made"
    attach.detach(sealed.db, sealed.person("admin"), kept, "Nhầm học sinh")
    package = open_link(sealed, link)
    assert (
        package.attached_ids == () and "other-schools.json" not in zipfile.ZipFile(io.BytesIO(package.data)).namelist()
    )
    assert share_link.package_of(sealed.db, sealed.person("admin"), sealed.students[1]).attached_ids == (), (
        "another pupil's"
    )


def test_a_link_opens_with_its_pin_and_every_download_is_logged(sealed: SealedSchool) -> None:
    link = make(sealed)
    assert len(link.pin) == 6 and link.pin.isdigit() and "HS0" not in link.url and link.pin not in link.url
    assert open_link(sealed, link).version_ids == open_link(sealed, link, f" {link.pin} ").version_ids
    assert actions(sealed) == ["handout.created", *["handout.opened", "handout.downloaded"] * 2]
    (view,) = share_link.links_of(sealed.db, sealed.person("admin"), sealed.students[0])
    assert (view.state, view.downloads, view.documents, view.recipient) == ("open", 2, 4, "Mẹ học sinh")


def test_neither_secret_nor_pin_is_stored(sealed: SealedSchool) -> None:
    link = make(sealed)
    with sealed.db.installation() as session:
        assert token_of(link) not in str(session.exec(select(HandOutLink)).all())
    stored = row_of(sealed, link)
    assert link.pin not in stored.pin_hash and stored.pin_hash.startswith("$argon2")
    with sealed.db.read(sealed.school_id) as session:
        logged = str([row.data for row in session.exec(select(AuditEvent)).all()])
    assert token_of(link) not in logged and link.pin not in logged


def test_a_link_ends_by_time_by_hand_and_when_its_documents_are_replaced(sealed: SealedSchool) -> None:
    by_hand, by_time, replaced, partly = make(sealed), make(sealed), make(sealed, kinds=["cover"]), make(sealed)
    share_link.close_link(sealed.db, sealed.person("admin"), by_hand.hand_out_id)
    share_link.close_link(sealed.db, sealed.person("admin"), by_hand.hand_out_id)
    with sealed.db.write(sealed.school_id) as session:
        row = session.get_one(HandOut, (sealed.school_id, by_time.hand_out_id))
        row.expires_at = utc_now() - timedelta(seconds=1)
        session.add(row)
    sealed.reopen(sealed.documents[sealed.students[0], "cover", ""])
    for link in (by_hand, by_time):
        assert refused(open_link, sealed, link) is ErrorCode.HANDOUT_CLOSED
    assert refused(open_link, sealed, replaced, wrong(replaced.pin)) is ErrorCode.HANDOUT_PIN_WRONG, (
        "told only to whom it was given"
    )
    for link in (replaced, partly):
        assert refused(open_link, sealed, link) is ErrorCode.HANDOUT_REPLACED, "never a part of what was handed out"
    assert refused(link_visit.enter, sealed.db, "nobody's", "000000", ADDRESS) is ErrorCode.HANDOUT_CLOSED
    states = [view.state for view in share_link.links_of(sealed.db, sealed.person("admin"), sealed.students[0])]
    assert sorted(states) == ["closed", "expired", "replaced", "replaced"]
    assert actions(sealed).count("handout.closed") == 1, "closing twice is one change"
    remaining = make(sealed)
    assert len(open_link(sealed, remaining).version_ids) == 3, "what is no longer current is left out"


def test_guessing_a_pin_is_slowed_and_then_ends_the_link(sealed: SealedSchool) -> None:
    link = make(sealed)
    codes = [refused(open_link, sealed, link, wrong(link.pin)) for _ in range(7)]
    assert codes[:5] == [ErrorCode.HANDOUT_PIN_WRONG] * 5 and codes[-1] is ErrorCode.LOGIN_THROTTLED
    assert refused(open_link, sealed, link, link.pin, "198.51.100.1") is ErrorCode.LOGIN_THROTTLED, (
        "from another address too"
    )
    while row_of(sealed, link).closed_at is None:
        never_blocked(sealed)
        assert refused(open_link, sealed, link, wrong(link.pin)) is ErrorCode.HANDOUT_PIN_WRONG
    assert row_of(sealed, link).failures == link_visit.MAX_FAILURES
    never_blocked(sealed)
    assert refused(open_link, sealed, link) is ErrorCode.HANDOUT_CLOSED, "the right PIN comes too late"
    assert [view.state for view in share_link.links_of(sealed.db, sealed.person("admin"), sealed.students[0])] == [
        "guessed"
    ]
    assert actions(sealed).count("handout.refused") == link_visit.MAX_FAILURES


@pytest.mark.parametrize("roles", [(), ("teacher", "homeroom"), ("seal_operator",), ("cover_signer",)])
def test_only_the_office_hands_out(sealed: SealedSchool, roles: tuple[str, ...]) -> None:
    who, student = sealed.person(*roles), sealed.students[0]
    link = make(sealed)
    for call in (
        lambda: share_link.package_of(sealed.db, who, student),
        lambda: share_link.create_link(sealed.db, who, student, recipient="x", days=1),
        lambda: share_link.links_of(sealed.db, who, student),
        lambda: share_link.close_link(sealed.db, who, link.hand_out_id),
    ):
        assert refused(call) is ErrorCode.FORBIDDEN
    assert open_link(sealed, link).data


def test_a_teacher_downloads_only_from_classes_he_may_look_at(sealed: SealedSchool) -> None:
    document_id = sealed.documents[sealed.students[0], "cover", ""]
    for roles in ((), ("teacher", "homeroom")):
        assert refused(share_link.signed_original, sealed.db, sealed.person(*roles), document_id) is ErrorCode.FORBIDDEN
    assert share_link.signed_original(sealed.db, sealed.person("seal_operator"), document_id).pdf


def test_another_schools_office_reaches_nothing(sealed: SealedSchool) -> None:
    link = make(sealed)
    with sealed.db.installation(write=True) as session:
        other = School(code="other", name="Trường khác")
        session.add(other)
    stranger = Identity("b1", other.id, None, "b", "B", frozenset({"admin"}))
    student, document_id = sealed.students[0], sealed.documents[sealed.students[0], "cover", ""]
    assert refused(share_link.signed_original, sealed.db, stranger, document_id) is ErrorCode.NOT_FOUND
    assert refused(share_link.package_of, sealed.db, stranger, student) is ErrorCode.NOT_FOUND
    assert refused(share_link.create_link, sealed.db, stranger, student, recipient="x", days=1) is ErrorCode.NOT_FOUND
    assert share_link.links_of(sealed.db, stranger, student) == []
    assert refused(share_link.close_link, sealed.db, stranger, link.hand_out_id) is ErrorCode.NOT_FOUND
    assert open_link(sealed, link).data


@pytest.mark.parametrize(
    "wish",
    [{"recipient": " "}, {"recipient": "x" * 201}, {"days": 0}, {"days": 91}, {"kinds": []}, {"kinds": ["salary"]}],
)
def test_wrong_wishes_are_refused(sealed: SealedSchool, wish: dict[str, object]) -> None:
    assert refused(make, sealed, **wish) is ErrorCode.INVALID_INPUT
    assert actions(sealed) == []


def test_the_log_is_held_against_what_was_handed_out(sealed: SealedSchool) -> None:
    """A delivery whose event was cut away is found, and an event whose link was deleted."""

    def differing() -> list[tuple[str, str]]:
        with sealed.db.read(sealed.school_id) as session:
            return [(found.problem, found.what) for found in compare(session) if found.what.startswith("handout.")]

    link = make(sealed)
    open_link(sealed, link)
    share_link.close_link(sealed.db, sealed.person("management"), link.hand_out_id)
    assert differing() == []
    with sealed.db.write(sealed.school_id) as session:
        row = session.get_one(HandOut, (sealed.school_id, link.hand_out_id))
        row.downloads = 0
        session.add(row)
    assert differing() == [("undone", "handout.downloaded")]
    with sealed.db.write(sealed.school_id) as session:
        row = session.get_one(HandOut, (sealed.school_id, link.hand_out_id))
        row.downloads = 1
        session.add(row)
        for event in session.exec(
            select(AuditEvent).where(AuditEvent.action.in_(("handout.downloaded", "handout.closed")))
        ).all():  # type: ignore[attr-defined]
            session.delete(event)
    assert differing() == [("unlogged", "handout.closed"), ("unlogged", "handout.downloaded")]
