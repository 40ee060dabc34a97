"""What the holder of a link sees and takes: the documents one by one with their verdicts, or all in one archive.

Nobody is signed in here. The secret in the address and the PIN are the right; once the PIN was given, a pass replaces it for a while.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models import Database, HandOut, HandOutLink
from hocba_app.models.base import utc_now
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.passwords import verify_password
from hocba_app.services.attached.reading import Passed, passed_on
from hocba_app.services.audit.log import record
from hocba_app.services.printing.selection import Chosen, chosen_of
from hocba_app.services.printing.share_link import SignedOriginal, state_of, token_hash
from hocba_app.services.printing.signed_package import Package, build_package, file_name
from hocba_app.services.signing.self_check import handed_out_file
from hocba_app.services.storage.files import current_file
from hocba_app.services.verification.cli import verify_stored
from hocba_app.settings import settings
from hocba_app.verification.report_presentation import SimpleReport, simple_report

log = structlog.get_logger()
MAX_FAILURES = 20
"""Wrong PINs that close a link: the chance to guess one is then 1 in 50,000, whatever the time."""
PASS_SECONDS = 30 * 60
"""How long a PIN holds: a parent reads some documents; the next one at the same telephone types it again."""


@dataclass(frozen=True, slots=True)
class LinkDocument:
    """One document of a link, as its holder sees it."""

    title: str
    school_class: str
    """"" where the document belongs to no class."""
    school_year: str
    code: str
    """The public one, of ``/v/<code>``."""
    report: SimpleReport | None
    """None when it could not be checked just now: that says nothing about the document."""


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What a link holds."""

    pupil: str
    school: str
    documents: tuple[LinkDocument, ...]
    others: tuple[Passed, ...]
    """Records of other schools; they are in the archive."""
    checked_at: datetime
    expires_at: datetime


def enter(db: Database, token: str, pin: str, address: str) -> str:
    """The pass for the right PIN.

    Args:
        token: the last part of the link's address.
        address: the client's network address, for the throttle.

    Raises:
        HocbaError: HANDOUT_CLOSED (the same for unknown, expired and closed), HANDOUT_PIN_WRONG, HANDOUT_REPLACED (to who has the
            PIN), LOGIN_THROTTLED.
    """
    link = _link(db, token)
    if link is None:
        raise HocbaError(ErrorCode.HANDOUT_CLOSED)
    with db.read(link.school_id) as session:
        row = _open_row(session, link)
    # Charged before the PIN is looked at, so that guesses sent at once cannot all slip through the same gap.
    attempt = throttle.charge(db, row.id, address, "handout", strict=True)
    good, _ = verify_password(pin.strip(), row.pin_hash)
    if not good:
        _count_failure(db, link)
        raise HocbaError(ErrorCode.HANDOUT_PIN_WRONG)
    throttle.refund(db, attempt)
    with db.write(link.school_id) as session:
        row = _open_row(session, link)
        _documents(session, row)
        record(
            session,
            actor="",
            action=Action.HANDOUT_OPENED,
            subject=f"student:{row.student_id}",
            data={"handout": row.id, "versions": row.version_ids},
        )
    return _pass(row, int(utc_now().timestamp()))


def page_of(db: Database, token: str, given: str) -> LinkPage:
    """The documents of a link with their verdicts, by the service that judges for anybody.

    Args:
        given: the pass.

    Raises:
        HocbaError: NOT_SIGNED_IN without a pass that holds, HANDOUT_CLOSED, HANDOUT_REPLACED.
    """
    link = _let_in(db, token, given)
    with db.read(link.school_id) as session:
        row = _open_row(session, link)
        documents = _documents(session, row)
        others = passed_on(session, row.attached_ids)
    reports = _reports(db, link, documents)
    first = documents[0].snapshot
    return LinkPage(
        str(first["student"]["full_name"]),
        str(first["school"]["name"]),
        tuple(_shown(chosen, report) for chosen, report in zip(documents, reports, strict=True)),
        tuple(others),
        utc_now(),
        row.expires_at,
    )


def document_of(db: Database, token: str, given: str, number: int) -> SignedOriginal:
    """The sealed file of one document; noted as a download.

    Args:
        number: its place on the page, from 1.

    Raises:
        HocbaError: as :func:`page_of`; NOT_FOUND, RECORD_NOT_VALID, STORED_FILE_DAMAGED.
    """
    link = _let_in(db, token, given)
    with db.read(link.school_id) as session:
        documents = _documents(session, _open_row(session, link))
        if not 1 <= number <= len(documents):
            raise HocbaError(ErrorCode.NOT_FOUND, what="hồ sơ")
        chosen = documents[number - 1]
        pdf = handed_out_file(session, chosen.version_id)
    _count_download(db, link, [chosen.version_id], [], hashlib.sha256(pdf).hexdigest())
    return SignedOriginal(file_name(chosen), pdf)


def package_of(db: Database, token: str, given: str) -> Package:
    """Everything of a link in one archive; noted as a download.

    Raises:
        HocbaError: as :func:`page_of`; RECORD_NOT_VALID, STORED_FILE_DAMAGED.
    """
    link = _let_in(db, token, given)
    with db.read(link.school_id) as session:
        row = _open_row(session, link)
        package = build_package(session, _documents(session, row), row.attached_ids)
    _count_download(db, link, package.version_ids, package.attached_ids, package.sha256)
    return package


def _link(db: Database, token: str) -> HandOutLink | None:
    with db.installation() as session:
        return session.get(HandOutLink, token_hash(token))


def _let_in(db: Database, token: str, given: str) -> HandOutLink:
    link = _link(db, token)
    if link is not None:
        with db.read(link.school_id) as session:
            row = session.get_one(HandOut, (link.school_id, link.hand_out_id))
        made, _, _ = given.partition(".")
        age = (
            int(utc_now().timestamp()) - int(made)
            if made.isascii() and made.isdigit() and len(made) < 20
            else PASS_SECONDS
        )
        if age < PASS_SECONDS and given.isascii() and hmac.compare_digest(given, _pass(row, int(made))):
            return link
    raise HocbaError(ErrorCode.NOT_SIGNED_IN)  # also where there is no such link: nothing is shown without the PIN


def _pass(row: HandOut, made: int) -> str:
    """When it was made and a proof of it; the stored PIN's hash, which never leaves the server, is a part of the key."""
    key = hashlib.sha256(b"hocba link pass\0" + settings().secret_key.encode() + row.pin_hash.encode()).digest()
    return f"{made}.{hmac.new(key, f'{row.id}|{made}'.encode(), hashlib.sha256).hexdigest()}"


def _open_row(session: Session, link: HandOutLink, *, lock: bool = False) -> HandOut:
    row = session.get_one(
        HandOut, (link.school_id, link.hand_out_id), with_for_update=lock or None, populate_existing=lock
    )
    if state_of(row) != "open":
        raise HocbaError(ErrorCode.HANDOUT_CLOSED)
    return row


def _documents(session: Session, row: HandOut) -> list[Chosen]:
    documents = chosen_of(session, row.version_ids)
    # Never a part of what was handed out: the recipient would take it for the whole.
    if len(documents) < len(row.version_ids) or not documents:
        raise HocbaError(ErrorCode.HANDOUT_REPLACED)
    return documents


def _reports(db: Database, link: HandOutLink, documents: Sequence[Chosen]) -> list[SimpleReport | None]:
    files: dict[int, tuple[str, bytes]] = {}
    with db.read(link.school_id) as session:
        for place, chosen in enumerate(documents):
            try:
                files[place] = file_name(chosen), current_file(session, chosen.version_id)
            except (HocbaError, StoreUnavailable) as error:
                log.warning("link.unreadable", hand_out=link.hand_out_id, reason=type(error).__name__)
    try:
        judged = dict(zip(files, verify_stored(list(files.values()), db), strict=True))
    except (HocbaError, StoreUnavailable) as error:
        log.warning("link.unchecked", hand_out=link.hand_out_id, reason=type(error).__name__)
        judged = {}
    return [simple_report(judged[place]) if place in judged else None for place in range(len(documents))]


def _shown(chosen: Chosen, report: SimpleReport | None) -> LinkDocument:
    return LinkDocument(
        chosen.title, str(chosen.snapshot.get("class_name") or ""), chosen.school_year, chosen.code, report
    )


def _count_failure(db: Database, link: HandOutLink) -> None:
    with db.write(link.school_id) as session:
        row = session.get_one(HandOut, (link.school_id, link.hand_out_id), with_for_update=True, populate_existing=True)
        row.failures += 1
        if row.failures >= MAX_FAILURES and row.closed_at is None:
            row.closed_at, row.closed_by = utc_now(), ""
        session.add(row)
        record(
            session,
            actor="",
            action=Action.HANDOUT_REFUSED,
            subject=f"student:{row.student_id}",
            data={"handout": row.id, "failures": row.failures, "closed": row.closed_at is not None},
        )


def _count_download(
    db: Database, link: HandOutLink, versions: Sequence[str], attached: Sequence[str], sha256: str
) -> None:
    """Log before the bytes leave; a link closed meanwhile gives nothing."""
    with db.write(link.school_id) as session:
        row = _open_row(session, link, lock=True)
        row.downloads, row.last_download_at = row.downloads + 1, utc_now()
        session.add(row)
        record(
            session,
            actor="",
            action=Action.HANDOUT_DOWNLOADED,
            subject=f"student:{row.student_id}",
            data={"versions": list(versions), "attached": list(attached), "sha256": sha256, "handout": row.id},
        )
