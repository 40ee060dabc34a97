"""Connecting everybody's signing account at once: SMAS has the id numbers, the service is asked for each.

A connection is made by :func:`hocba_app.services.signers.keys.connect_first` alone, with the rights of who asked and the
checks of connecting one by hand. Who is left over is listed in the job's report by id and reason; names and numbers do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL, Database, Job, School, SigningKey, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signers as rows
from hocba_app.models.repositories.job_history import newest_jobs
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.identity import Identity, identity_of
from hocba_app.services.audit.log import record
from hocba_app.services.jobs.enqueue import LIVE, ask_cancel, enqueue, live_job
from hocba_app.services.jobs.registry import Work, job
from hocba_app.services.jobs.results import Done, Result, RetryAfter
from hocba_app.services.signers.key_views import key_of_staff, seal_key
from hocba_app.services.signers.keys import connect_first, enter_user
from hocba_app.services.signers.pasted_accounts import number_in, read_pasted
from hocba_app.services.signing.providers.registry import USUAL, entry_of
from hocba_app.settings import settings

KIND = "connect_keys"
AGAIN_SECONDS = 30.0
GIVE_UP_AFTER = timedelta(hours=1)
_SERVICE_DOWN = (ErrorCode.PROVIDER_UNREACHABLE, ErrorCode.PROVIDER_BUSY)
_NOBODYS_FAULT = (
    ErrorCode.PROVIDER_REFUSED_CLIENT,
    ErrorCode.PROVIDER_NOT_SET_UP,
    ErrorCode.TRUST_ROOTS_MISSING,
    ErrorCode.SECRET_KEY_MISSING,
    ErrorCode.SECRET_KEY_WRONG,
    ErrorCode.FORBIDDEN,
)
"""Refusals that everybody after this one would meet as well: the job ends with them."""
_NO_ACCOUNT = (
    "Dịch vụ ký số không có tài khoản theo số định danh trên SMAS (cả số mới và số cũ). "
    "Hãy kiểm tra số trên SMAS, đăng ký với nhà cung cấp, hoặc nhập tài khoản đúng."
)
_NO_SEAL_ACCOUNT = (
    "Dịch vụ ký số không có tài khoản theo mã số thuế của trường. "
    "Hãy kiểm tra mã số thuế, đăng ký với nhà cung cấp, hoặc nhập tài khoản đúng."
)


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who has no good connection, and why."""

    owner: str
    code: str
    """Staff code; "" for the seal."""
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Connecting:
    """The state of the school's last job."""

    live: bool
    stopping: bool
    state: str
    done: int
    total: int
    stage: str
    connected: int
    left: list[Left]
    """Those of them who still have no good connection."""
    problem: str
    """Why the whole job ended; "" if it did not."""


def start_connecting(db: Database, who: Identity, pasted: str = "", provider: str = USUAL) -> str:
    """Connect everybody without a certificate in a job; one at a time a school.

    Args:
        pasted: accounts of some of them, as :func:`pasted_accounts.read_pasted` takes them; who is connected keeps his.
        provider: where those are looked up who have no account yet.

    Returns:
        Id of the job, which may be one that runs already.

    Raises:
        HocbaError: FORBIDDEN; INVALID_INPUT for what was pasted, for a service that is not set up, for accounts pasted
            while a job runs, and when everybody is connected.
    """
    require(who, Right.SIGNING_ACCOUNTS)
    if not (entry := entry_of(provider)).is_set_up(settings()):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"dịch vụ ký số {entry.words.title} chưa được kết nối")
    seal = allowed(who, Right.SEAL_OPERATOR)
    with db.write(who.school_id) as session:
        running = live_job(session, KIND)
        if running is not None and not pasted.strip():
            return running.id
        if running is not None:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="đang kết nối; hãy đợi xong hoặc dừng lại rồi dán")
        waiting = {one.owner for one in _unconnected(session, seal=seal)}
        given = [line for line in read_pasted(session, pasted, seal=seal) if line.owner in waiting]
        if not waiting:
            raise HocbaError(ErrorCode.INVALID_INPUT, detail="mọi người đều đã kết nối tài khoản ký số")
        for line in given:
            enter_user(session, who, line.owner, line.account, provider)
        row = enqueue(session, KIND, {"provider": provider}, actor=who.account_id, total=len(waiting))
        record(
            session,
            actor=who.account_id,
            action=Action.KEYS_CONNECTING,
            subject=f"job:{row.id}",
            data={"people": len(waiting), "pasted": len(given)},
        )
        job_id = row.id
    return job_id


def stop_connecting(db: Database, who: Identity) -> None:
    """Stop the job after the person at hand; who was connected stays so.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNING_ACCOUNTS)
    with db.write(who.school_id) as session:
        running = live_job(session, KIND)
        if running is not None:
            ask_cancel(session, running.id)


def connecting(db: Database, who: Identity) -> Connecting | None:
    """The job that runs, or the last one; None before the first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNING_ACCOUNTS)
    with db.read(who.school_id) as session:
        last = next(iter(newest_jobs(session, KIND, 1)), None)
        if last is None:
            return None
        reported = _left_in(last)
        shown = _shown(session, reported) if reported else []
    problem = HocbaError(ErrorCode(last.error_code), **last.error_params).sentence if last.error_code else ""
    return Connecting(
        live=last.state in LIVE,
        stopping=last.cancel_asked,
        state=last.state,
        done=last.progress,
        total=last.total,
        stage=last.stage,
        connected=max(0, last.progress - len(reported)),
        left=shown,
        problem=problem,
    )


@job(KIND)
def connect_keys(work: Work) -> Result:
    """Look up everybody without a certificate. Killed, it goes on with those neither connected nor reported."""
    with work.db.read(work.school_id) as session:
        row = session.get_one(Job, (work.school_id, work.job_id))
        who = identity_of(session, work.actor)
        if who is None:
            raise HocbaError(ErrorCode.FORBIDDEN)
        require(who, Right.SIGNING_ACCOUNTS)
        waiting = _unconnected(session, seal=allowed(who, Right.SEAL_OPERATOR))
    left = dict.fromkeys(entry[0] for entry in _left_in(row))
    todo = [one for one in waiting if one.owner not in left]
    total = max(row.total, len(left) + len(todo))
    for done, one in enumerate(todo, total - len(todo)):
        if work.cancelled():
            break
        work.progress(done, total, "Kết nối tài khoản ký số")
        try:
            refusal = _refusal(work.db, who, one, str(row.arguments["provider"]))
        except HocbaError as error:
            if error.code not in _SERVICE_DOWN or utc_now() - row.created_at >= GIVE_UP_AFTER:
                raise
            work.progress(done, total, "Dịch vụ ký số chưa trả lời, đang chờ để thử lại")
            return RetryAfter(AGAIN_SECONDS)
        if refusal is not None:
            _report(work, one.owner, refusal)
    else:
        work.progress(total, total, "")
    return Done()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Somebody without a certificate, and where he may be found."""

    owner: str
    provider: str
    """Where his account is, if one was entered."""
    account: str
    numbers: tuple[str, ...]
    """Of today first; the school's MST for the seal."""


def _unconnected(session: Session, *, seal: bool) -> list[_Waiting]:
    kept = rows.keys(session)
    people: list[tuple[str, tuple[str | None, ...]]] = [
        (row.id, (row.id_number, row.old_id_number)) for row in rows.staff_of(session)
    ]
    if seal:
        people.insert(0, (SEAL, (session.get_one(School, session.info["school_id"]).tax_code,)))
    found = []
    for owner, numbers in people:
        key = kept.get(owner) or SigningKey(owner=owner)
        if not key.credential_id:
            account = key.provider_user
            found.append(
                _Waiting(owner, key.provider if account else "", account, tuple(each for each in numbers if each))
            )
    return found


def _refusal(db: Database, who: Identity, one: _Waiting, provider: str) -> HocbaError | None:
    """Connect one; why he is left, or None.

    Raises:
        HocbaError: one that says nothing of this person.
    """
    provider = one.provider or provider
    accounts_of = entry_of(provider).accounts_of
    entered = (one.account, *accounts_of(number_in(one.account))) if one.account else ()
    accounts = dict.fromkeys([*entered, *(each for number in one.numbers for each in accounts_of(number))])
    try:
        key = connect_first(db, who, one.owner, list(accounts), provider)
    except HocbaError as error:
        if error.code in (*_SERVICE_DOWN, *_NOBODYS_FAULT):
            raise
        return error
    return HocbaError(ErrorCode(key.problem)) if key.problem else None


def _report(work: Work, owner: str, refusal: HocbaError) -> None:
    """Keep why somebody is left: numbers and dates of the sentence, no names."""
    params = {name: str(value) for name, value in refusal.params.items() if name in ("count", "date", "detail")}
    with work.db.read(work.school_id) as session:
        row = session.get_one(Job, (work.school_id, work.job_id))
    work.report({"left": [*_left_in(row), [owner, refusal.code.value, params]]})


def _left_in(row: Job) -> list[list[Any]]:
    return list(row.report.get("left", []))


def _shown(session: Session, reported: list[list[Any]]) -> list[Left]:
    staff: dict[str, Staff] = {row.id: row for row in rows.staff_of(session)}
    kept = rows.keys(session)
    found = []
    for owner, code, params in reported:
        if owner != SEAL and owner not in staff:
            continue
        view = seal_key(session) if owner == SEAL else key_of_staff(staff[owner], kept.get(owner))
        if view.state in ("ok", "expiring"):
            continue
        if view.credential_id:  # connected since, but not good to sign with: its state now
            reason = view.sentence
        elif code == ErrorCode.PROVIDER_UNKNOWN_USER:
            reason = _NO_SEAL_ACCOUNT if owner == SEAL else _NO_ACCOUNT
        else:
            reason = HocbaError(ErrorCode(code), **params, name=view.name).sentence
        found.append(Left(owner, view.code, view.name, reason))
    return found
