"""Accounts of the signers at their signing service: entering them, picking the certificate, testing it.

The service is asked outside of every transaction; what it said is written only if the account is still the one asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Database, SigningKey
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signers as rows
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.log import notify_all, record
from hocba_app.services.signers import credentials
from hocba_app.services.signers.credentials import Judged
from hocba_app.services.signers.key_owner import Owner, owner_of, require_owner, working_staff
from hocba_app.services.signers.key_views import KeysPage, KeyView, key_view, keys_page
from hocba_app.services.signing.integrations import provider_for
from hocba_app.services.signing.providers.provider import SigningProvider
from hocba_app.services.signing.providers.registry import USUAL, entry_of
from hocba_app.settings import settings


@dataclass(frozen=True, slots=True)
class CredentialView:
    """One certificate the owner may pick."""

    credential_id: str
    subject: str
    """Whose it says it is: name and organisation."""
    number: str
    """The id number with its beginning hidden, or the MST."""
    issuer: str
    serial_number: str
    valid_from: datetime
    valid_to: datetime
    own: bool
    trusted: bool
    usable: bool
    problem: str
    """The sentence that says what is wrong and what to do; "" when nothing is."""
    chosen: bool
    """The one in use now."""


def set_provider_user(db: Database, who: Identity, owner: str, provider_user: str, provider: str = USUAL) -> None:
    """Enter a signer's account at the service; another account than before drops the certificate chosen there.

    Args:
        owner: staff id, or ``seal``.
        provider_user: as the service knows him ("CMT_…", "MST_…"), or the bare number, which gets what the service writes
            before it; in a token the certificate's label or its key's id.
        provider: one of :func:`outside.configured_providers`.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT.
    """
    with db.write(who.school_id) as session:
        enter_user(session, who, owner, provider_user, provider)


def enter_user(session: Session, who: Identity, owner: str, provider_user: str, provider: str = USUAL) -> None:
    """:func:`set_provider_user` inside a transaction of the caller's: with the act it belongs to, or not at all."""
    require_owner(who, owner)
    user = _parsed_user(provider_user, provider)
    _exists(session, owner)
    _set_user(session, who, owner, user, provider)


def remove_key(db: Database, who: Identity, owner: str) -> None:
    """Take an account away; batches under way keep what they started with.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require_owner(who, owner)
    with db.write(who.school_id) as session:
        key = rows.key_of(session, owner)
        if key is not None:
            session.delete(key)
            record(
                session,
                actor=who.account_id,
                action=Action.KEY_REMOVED,
                subject=f"signer:{owner}",
                data={"user": key.provider_user},
            )


def fetch_credentials(db: Database, who: Identity, owner: str) -> list[CredentialView]:
    """Ask the service for the certificates of a signer's account and judge each for him.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, SIGNER_NO_KEY without an account, SIGNER_NO_ID_NUMBER, PROVIDER_*,
            CREDENTIAL_NONE, TRUST_ROOTS_MISSING, SECRET_KEY_*.
    """
    require_owner(who, owner)
    person, key, provider = _key_and_provider(db, who.school_id, owner)
    return [_view(found, key.credential_id) for found in credentials.ask(provider, key.provider_user, person)]


def choose_credential(db: Database, who: Identity, owner: str, credential_id: str) -> SigningKey:
    """Take one certificate of the signer's account for his signatures, once it is found to be his own and good.

    Raises:
        HocbaError: as :func:`fetch_credentials`; CREDENTIAL_GONE, CERTIFICATE_*, SIGNING_CERTIFICATE, KEY_CHANGED.
    """
    require_owner(who, owner)
    person, key, provider = _key_and_provider(db, who.school_id, owner)
    found = {item.credential_id: item for item in credentials.ask(provider, key.provider_user, person)}
    judged = found.get(credential_id)
    if judged is None:
        raise HocbaError(ErrorCode.CREDENTIAL_GONE)
    if not judged.usable and judged.problem is not None:
        raise judged.problem
    with db.write(who.school_id) as session:
        return _store(session, who.account_id, owner, key.provider_user, judged)


def connect(db: Database, who: Identity, owner: str, provider_user: str, provider: str = USUAL) -> SigningKey:
    """Account and certificate in one step, when exactly one certificate there fits.

    With several that fit, the account is kept and the caller lets somebody pick; with none, nothing changes.

    Args:
        provider_user: as in :func:`set_provider_user`; a bare number is looked up under every name the service may give it.
        provider: as in :func:`set_provider_user`.

    Raises:
        HocbaError: as :func:`choose_credential`; CREDENTIAL_CHOICE.
    """
    user = _parsed_user(provider_user, provider)
    return connect_first(db, who, owner, entry_of(provider).accounts_of(provider_user.strip()) or (user,), provider)


def connect_first(db: Database, who: Identity, owner: str, accounts: Sequence[str], provider: str) -> SigningKey:
    """:func:`connect` with the first of several accounts that has a certificate for this signer: the one way a connection
    is made, by hand or for everybody.

    Args:
        accounts: as the service knows them, the likeliest first.

    Raises:
        HocbaError: as :func:`connect`, of the account that says most; KEY_CHANGED.
    """
    require_owner(who, owner)
    with db.read(who.school_id) as session:
        person = owner_of(session, owner)
        service = provider_for(session, provider)
        before = _standing(session, owner)
    user, fitting = _first_that_fits(service, accounts, person)
    with db.write(who.school_id) as session:
        _exists(session, owner)
        if _standing(session, owner) != before:
            raise HocbaError(ErrorCode.KEY_CHANGED)
        _set_user(session, who, owner, user, provider)
        if len(fitting) == 1:
            return _store(session, who.account_id, owner, user, fitting[0])
    raise HocbaError(ErrorCode.CREDENTIAL_CHOICE, count=len(fitting))


def _first_that_fits(service: SigningProvider, accounts: Sequence[str], person: Owner) -> tuple[str, list[Judged]]:
    refusals: list[HocbaError] = []
    for user in accounts:
        try:
            found = credentials.ask(service, user, person)
        except HocbaError as error:
            if error.code not in (ErrorCode.PROVIDER_UNKNOWN_USER, ErrorCode.CREDENTIAL_NONE):
                raise
            refusals.append(error)
            continue
        if fitting := [item for item in found if item.usable]:
            return user, fitting
        # An own certificate that is expired says more than a stranger's beside it.
        refusals.append(
            next((item.problem for item in found if item.own), found[0].problem)
            or HocbaError(ErrorCode.CREDENTIAL_NONE)
        )
    preferred = [error for error in refusals if error.code is not ErrorCode.PROVIDER_UNKNOWN_USER] or refusals
    raise preferred[0] if preferred else HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)


def _standing(session: Session, owner: str) -> tuple[str, str, str | None]:
    """What a connection is made upon: whoever changed it meanwhile keeps his."""
    key = rows.key_of(session, owner)
    return (key.provider, key.provider_user, key.credential_id) if key else ("", "", None)


def check_key(db: Database, who: Identity, owner: str) -> KeyView:
    """Check account and certificate again, now, and keep the result.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, SIGNER_NO_KEY, PROVIDER_UNREACHABLE and PROVIDER_BUSY (nothing was learnt),
            TRUST_ROOTS_MISSING, SECRET_KEY_*.
    """
    require_owner(who, owner)
    recheck(db, who.school_id, owner, actor=who.account_id)
    return key_view(db, who, owner)


_NOTHING_LEARNT = (
    ErrorCode.PROVIDER_UNREACHABLE,
    ErrorCode.PROVIDER_BUSY,
    ErrorCode.PROVIDER_REFUSED_CLIENT,
    ErrorCode.TRUST_ROOTS_MISSING,
    ErrorCode.SECRET_KEY_MISSING,
    ErrorCode.SECRET_KEY_WRONG,
    ErrorCode.SIGNER_NO_KEY,
    ErrorCode.NOT_FOUND,
    ErrorCode.PROVIDER_NOT_SET_UP,
    ErrorCode.TOKEN_MODULE,
    ErrorCode.TOKEN_ABSENT,
    ErrorCode.TOKEN_ISSUERS,
    ErrorCode.TOKEN_PIN_WRONG,
    ErrorCode.TOKEN_PIN_LOCKED,
    ErrorCode.TOKEN_PIN_LAST_TRY,
)
"""Answers that say something of us or of the service, not of this person's certificate."""


def recheck(db: Database, school_id: str, owner: str, *, actor: str) -> str | None:
    """Test one key and keep the result; a certificate renewed at the service under the same id is taken over.

    Returns:
        The problem's code, None when all is well.

    Raises:
        HocbaError: as :func:`check_key`, but FORBIDDEN.
    """
    person, key, provider = _key_and_provider(db, school_id, owner, lenient=True)
    problem: ErrorCode | None
    judged = None
    try:
        if person is None:
            raise HocbaError(ErrorCode.SIGNER_NO_ID_NUMBER)
        found = credentials.ask(provider, key.provider_user, person)
        judged = next((item for item in found if item.credential_id == key.credential_id), None)
        problem = ErrorCode.CREDENTIAL_GONE if judged is None else judged.problem.code if judged.problem else None
        if judged is None and key.credential_id is None:
            problem = ErrorCode.SIGNER_NO_KEY
    except HocbaError as error:
        if error.code in _NOTHING_LEARNT:
            raise
        problem = error.code
    with db.write(school_id) as session:
        if judged is not None and judged.own:
            _store(session, actor, owner, key.provider_user, judged)
        else:
            _note_problem(session, actor, owner, key.provider_user, problem)
    return problem.value if problem else None


def _parsed_user(text: str, provider: str) -> str:
    if not (entry := entry_of(provider)).is_set_up(settings()):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"dịch vụ ký số {entry.words.title} chưa được kết nối")
    return entry.parse_user(text)


def _exists(session: Session, owner: str) -> None:
    if owner != SEAL:
        working_staff(session, owner)


def _set_user(session: Session, who: Identity, owner: str, user: str, provider: str) -> None:
    key = rows.key_of(session, owner) or SigningKey(owner=owner)
    if (key.provider, key.provider_user) == (provider, user):
        return
    before = key.provider_user
    key.provider, key.provider_user = provider, user
    key.credential_id, key.chain, key.subject, key.serial_number = None, [], None, None
    key.valid_from, key.valid_to, key.checked_at, key.problem, key.accepted_name = None, None, None, None, None
    session.add(key)
    session.flush()
    record(
        session,
        actor=who.account_id,
        action=Action.KEY_ACCOUNT_SET,
        subject=f"signer:{owner}",
        data={"provider": provider, "user": user, "before": before},
    )


def _key_and_provider(
    db: Database, school_id: str, owner: str, *, lenient: bool = False
) -> tuple[Owner, SigningKey, SigningProvider]:
    """Who, his account, and the service to ask.

    Args:
        lenient: a person without an id number is None rather than a refusal.
    """
    with db.read(school_id) as session:
        key = rows.key_of(session, owner)
        if key is None or not key.provider_user:
            raise HocbaError(ErrorCode.SIGNER_NO_KEY)
        try:
            person = owner_of(session, owner)
        except HocbaError as error:
            if not lenient or error.code is not ErrorCode.SIGNER_NO_ID_NUMBER:
                raise
            person = None
        return person, key, provider_for(session, key.provider)  # type: ignore[return-value] # None only where lenient


def _store(session: Session, actor: str, owner: str, asked_user: str, judged: Judged) -> SigningKey:
    key = _asked_key(session, owner, asked_user)
    before = (key.credential_id, key.serial_number, key.problem)
    key.credential_id, key.chain = judged.credential_id, list(judged.chain)
    key.subject, key.serial_number = judged.subject, judged.serial_number[:80]
    key.valid_from, key.valid_to = judged.valid_from, judged.valid_to
    key.checked_at, key.problem = utc_now(), judged.problem.code.value if judged.problem else None
    session.add(key)
    notify_all(session)
    if before != (key.credential_id, key.serial_number, key.problem):
        record(
            session,
            actor=actor,
            action=Action.KEY_CERTIFICATE_SET,
            subject=f"signer:{owner}",
            data={"credential": judged.credential_id, "serial": judged.serial_number, "problem": key.problem or ""},
        )
    return key


def _note_problem(session: Session, actor: str, owner: str, asked_user: str, problem: ErrorCode | None) -> None:
    key = _asked_key(session, owner, asked_user)
    value = problem.value if problem else None
    if key.problem != value:
        record(
            session,
            actor=actor,
            action=Action.KEY_PROBLEM_FOUND,
            subject=f"signer:{owner}",
            data={"problem": value or ""},
        )
    key.checked_at, key.problem = utc_now(), value
    session.add(key)
    notify_all(session)


def _asked_key(session: Session, owner: str, asked_user: str) -> SigningKey:
    """The key, unless its account was changed while the service was asked."""
    key = rows.key_of(session, owner)
    if key is None or key.provider_user != asked_user:
        raise HocbaError(ErrorCode.KEY_CHANGED)
    return key


def _view(judged: Judged, chosen: str | None) -> CredentialView:
    return CredentialView(
        credential_id=judged.credential_id,
        subject=judged.name,
        number=judged.number,
        issuer=judged.issuer,
        serial_number=judged.serial_number,
        valid_from=judged.valid_from,
        valid_to=judged.valid_to,
        own=judged.own,
        trusted=judged.trusted,
        usable=judged.usable,
        problem=judged.problem.sentence if judged.problem else "",
        chosen=judged.credential_id == chosen,
    )


__all__ = [
    "CredentialView",
    "KeyView",
    "KeysPage",
    "check_key",
    "choose_credential",
    "connect",
    "connect_first",
    "fetch_credentials",
    "key_view",
    "keys_page",
    "recheck",
    "remove_key",
    "set_provider_user",
]
