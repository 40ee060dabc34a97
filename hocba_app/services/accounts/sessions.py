"""Login sessions the server can revoke: log in, say who is asking, log out.

The cookie holds a random token, the table only its SHA-256. ``identify`` is asked on every event of every tab, so its
answer is kept for two seconds in the process; revoking in the same process takes effect at once, in others within that.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import today
from hocba_app.models import Account, Database, LoginName, LoginSession
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as rows
from hocba_app.process_scope import on_close, per_process_open
from hocba_app.services.accounts import throttle
from hocba_app.services.accounts.devices import device_of
from hocba_app.services.accounts.identity import (
    Identity,
    Standing,
    identity_of,
    identity_with,
    may_act,
    standing_of,
)
from hocba_app.services.accounts.login_names import login_name
from hocba_app.services.accounts.passwords import verify_password
from hocba_app.services.accounts.refusals import note_refusal
from hocba_app.services.audit.log import Tells, record
from hocba_app.services.cache import school_cache
from hocba_app.settings import settings

__all__ = ["Identity", "forget", "identify", "login", "logout", "revoke_all", "token_hash"]

KEPT_SECONDS = 2.0
MAX_KEPT = 5_000
SEEN_EVERY = timedelta(minutes=1)
OLD_AFTER = timedelta(days=7)


class _Known:
    """Answers of the last two seconds, by token hash."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[str, tuple[float, Identity]] = OrderedDict()
        self.generation = 0

    def get(self, key: str) -> Identity | None:
        with self._lock:
            kept = self._answers.get(key)
        return kept[1] if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS else None

    def put(self, key: str, who: Identity, generation: int) -> None:
        """Keep an answer, unless something was revoked since it was read: it may be of before."""
        with self._lock:
            if generation != self.generation:
                return
            self._answers[key] = (time.monotonic(), who)
            self._answers.move_to_end(key)
            while len(self._answers) > MAX_KEPT:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self.generation += 1
            self._answers.clear()


_known = _Known()


def login(db: Database, name: str, password: str, *, address: str, device: str | None = None) -> str:
    """Open a session.

    An unknown name, a wrong password, a disabled and a not yet activated account cost the same work and give the same
    answer.

    Args:
        address: the client's network address, for the throttle.
        device: the cookie of `devices`, where the client has one.

    Returns:
        The token for the cookie: 256 random bits, never stored.

    Raises:
        HocbaError: LOGIN_FAILED, LOGIN_THROTTLED.
    """
    name = login_name(name)
    account = _account_named(db, name)
    attempt = throttle.charge(db, name, address, device=device_of(device, account.id) if account else "")
    right, renewed = verify_password(password, account.password_hash if account else None)
    if not right or account is None:
        if account is not None:
            note_refusal(db, account.school_id, account.id, attempt, "login")
        raise HocbaError(ErrorCode.LOGIN_FAILED)
    token = secrets.token_urlsafe(32)
    now = utc_now()
    with db.write(account.school_id) as session:
        # Asked again inside the transaction: the account may have been disabled while the hash was computed.
        current = session.get(Account, (account.school_id, account.id), with_for_update=True)
        unchanged = current is not None and current.password_hash == account.password_hash
        if current is None or not unchanged or identity_of(session, account.id) is None:
            raise HocbaError(ErrorCode.LOGIN_FAILED)
        if renewed:
            current.password_hash = renewed
            session.add(current)
        rows.forget_old_logins(session, now - OLD_AFTER)
        session.add(
            LoginSession(
                token_sha256=token_hash(token),
                school_id=account.school_id,
                account_id=account.id,
                created_at=now,
                last_seen_at=now,
                expires_at=now + timedelta(hours=settings().session_hours),
            )
        )
        record(
            session, actor=account.id, action=Action.SESSION_OPENED, tells=Tells.NOBODY, subject=f"account:{account.id}"
        )
    throttle.refund(db, attempt)
    return token


def known(token: str) -> Identity | None:
    """What :func:`identify` answered for this token within the last two seconds; None says nothing. Reads no database."""
    return _known.get(token_hash(token))


def identify(db: Database, token: str | None) -> Identity | None:
    """Who holds this token, with his roles of today; None when there is no live session.

    An answer may be two seconds old. Writes at most once a minute per session.
    """
    if not token:
        return None
    key = token_hash(token)
    if (who := _known.get(key)) is not None:
        return who
    generation = _known.generation
    now = utc_now()
    with db.installation() as session:
        found = rows.live_session(session, key, now, now - timedelta(minutes=settings().idle_minutes))
    if found is None:
        return None
    last_seen_at, account, staff = found
    if not may_act(account, staff):
        return None
    who = identity_with(account, staff, _standing(db, account.school_id, staff.id if staff else None))
    if now - last_seen_at > SEEN_EVERY:
        _seen.note(db, key, now)
    _known.put(key, who, generation)
    return who


def logout(db: Database, token: str | None) -> None:
    """End one session; a token that names none is no error."""
    if not token:
        return
    with db.installation() as session:
        known = session.get(LoginSession, token_hash(token))
    if known is not None and known.revoked_at is None:
        with db.write(known.school_id) as session:
            found = session.get_one(LoginSession, known.token_sha256)
            found.revoked_at = utc_now()
            session.add(found)
            record(
                session,
                actor=known.account_id,
                action=Action.SESSION_CLOSED,
                tells=Tells.NOBODY,
                subject=f"account:{known.account_id}",
            )
    forget()


def revoke_all(session: Session, *account_ids: str, keep_token: str = "") -> None:
    """End every session of these accounts in the caller's transaction; call :func:`forget` after its commit.

    Args:
        session: write session of the accounts' school.
        keep_token: the caller's own token, which stays.
    """
    rows.revoke_sessions(session, account_ids, utc_now(), keep=token_hash(keep_token) if keep_token else "")


@on_close
def forget() -> None:
    """Drop this process's kept answers: called after every change of an account or session."""
    _known.clear()


def token_hash(token: str) -> str:
    """What the table knows of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def _account_named(db: Database, name: str) -> Account | None:
    with db.installation() as session:
        known = session.get(LoginName, name)
    if known is None:
        return None
    with db.read(known.school_id) as session:
        return session.get(Account, (known.school_id, known.account_id))


def _standing(db: Database, school_id: str, staff_id: str | None) -> Standing:
    """From tables that only wide changes touch: read once between two of those."""
    day = today().isoformat()
    return school_cache.memoize_per_school(
        db, school_id, ("standing", staff_id, day), lambda session: standing_of(session, staff_id)
    )


@per_process_open(ThreadPoolExecutor.shutdown)
def _writer() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "last-seen")


class _Seen:
    """Notes who was last seen when, on a thread of its own and many in one transaction.

    On SQLite a write waits for the one that is going on: two hundred people who came in the same minute must not wait
    for it on the threads that everybody's screens are read with.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[str, tuple[Database, datetime]] = {}

    def note(self, db: Database, key: str, now: datetime) -> None:
        with self._lock:
            first = not self._noted
            self._noted[key] = db, now
        if first:
            _writer().submit(self._write)

    def _write(self) -> None:
        with self._lock:
            noted, self._noted = self._noted, {}
        for db in {id(db): db for db, _ in noted.values()}.values():
            seen = {key: now for key, (of, now) in noted.items() if of is db}
            try:
                with db.installation(write=True) as session:
                    rows.note_seen(session, seen)
            except SQLAlchemyError:
                continue  # a busy database must not log anybody out; the next event notes it


_seen = _Seen()


def settle() -> None:
    """Wait until everybody seen so far is noted."""
    _writer().submit(lambda: None).result()
