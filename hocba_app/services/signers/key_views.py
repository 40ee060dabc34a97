"""The state of each signer's key: ready, running out, or what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import local_text
from hocba_app.domain.vietnamese_collation import sort_name
from hocba_app.models import SEAL, Database, School, SigningKey, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import signers as rows
from hocba_app.pki.signer_certificate import WARN_BEFORE
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.login_names import plain
from hocba_app.services.signers.credentials import certificate_name
from hocba_app.services.signers.key_owner import require_owner

STATES = ("no_account", "no_certificate", "problem", "expired", "expiring", "ok")
"""States of a key, the worst first."""

_NO_KEY = SigningKey(owner="")
"""Stands in for a missing row; never stored."""
_TO_ENTER = "Chưa có tài khoản ký số. Hãy nhập tài khoản rồi kết nối."
_TO_CHOOSE = "Chưa chọn chứng thư số. Hãy kết nối và chọn chứng thư số của tài khoản này."


@dataclass(frozen=True, slots=True)
class KeyView:
    """One signer's account and certificate."""

    owner: str
    """A staff id, or ``seal``."""
    code: str
    """Staff code; "" for the seal."""
    name: str
    position: str
    provider: str
    provider_user: str
    credential_id: str
    certificate_name: str
    certificate_number: str
    """The id number in it with its beginning hidden, or the MST."""
    serial_number: str
    valid_from: datetime | None
    valid_to: datetime | None
    days_left: int | None
    """Whole days until it expires; negative once it has; None without a certificate."""
    checked_at: datetime | None
    state: str
    """One of :data:`STATES`."""
    problem: str
    """ErrorCode of what is wrong; "" when nothing is."""
    sentence: str
    """What is wrong and what to do; "" when nothing is."""


@dataclass(frozen=True, slots=True)
class KeysPage:
    """One page of the staff list with keys; the seal first."""

    rows: list[KeyView]
    total: int
    """That match, over all pages."""
    counts: dict[str, int]
    """How many of the whole school are in each state."""
    ending: list[KeyView]
    """Whose certificate is over or will be soon, of the whole school; what ends first comes first."""


_SORTS: dict[str, Callable[[KeyView], Any]] = {
    "code": lambda view: view.code,
    "name": lambda view: (view.owner != SEAL, sort_name(view.name)),
    "account": lambda view: (view.provider_user == "", view.provider_user.lower()),
    "certificate": lambda view: (view.certificate_name == "", sort_name(view.certificate_name)),
    "validity": lambda view: (view.valid_to is None, view.valid_to.timestamp() if view.valid_to else 0.0),
    "state": lambda view: STATES.index(view.state),
}


def key_view(db: Database, who: Identity, owner: str) -> KeyView:
    """One key as it is in the database.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require_owner(who, owner)
    with db.read(who.school_id) as session:
        if owner == SEAL:
            return seal_key(session)
        staff = session.get(Staff, (who.school_id, owner))
        if staff is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="giáo viên")
        return key_of_staff(staff, rows.key_of(session, owner))


def keys_page(
    db: Database, who: Identity, search: str = "", problem: str = "", page: int = 1, size: int = 20, sort: str = "code"
) -> KeysPage:
    """The seal and everybody on the staff list, with their keys.

    A school has at most a few hundred: they are filtered and sorted here, by what is no column (a certificate's name, the
    state of a key today).

    Args:
        search: part of a name, staff code or account, with or without Vietnamese marks.
        problem: one of :data:`STATES`; "any" for all but ``ok``; "" for everybody.
        page: from 1; a page past the end is empty.
        sort: "code" (the seal first), "name" (the seal, then by given name), "account", "certificate", "validity" (what ends
            first) or "state" (the worst first); with a leading "-" from the end. Any other is "code".

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SIGNING_ACCOUNTS)
    with db.read(who.school_id) as session:
        kept = rows.keys(session)
        found = [seal_key(session), *(key_of_staff(staff, kept.get(staff.id)) for staff in rows.staff_of(session))]
    counts = dict.fromkeys(STATES, 0)
    for view in found:
        counts[view.state] += 1
    wanted = plain(search.strip())
    shown = [view for view in found if _matches(view, wanted) and _stands(view, problem)]
    key = _SORTS.get(sort.removeprefix("-"), _SORTS["code"])
    shown.sort(key=lambda view: (key(view), view.code, view.owner), reverse=sort.startswith("-"))
    size = max(1, min(size, 100))
    start = max(0, page - 1) * size
    ending = sorted((view for view in found if view.state in ("expired", "expiring")), key=_SORTS["validity"])
    return KeysPage(shown[start : start + size], len(shown), counts, ending)


def _matches(view: KeyView, wanted: str) -> bool:
    return not wanted or any(wanted in plain(text) for text in (view.name, view.code, view.provider_user))


def _stands(view: KeyView, problem: str) -> bool:
    if problem == "any":
        return view.state != "ok"
    return problem in ("", view.state)


def seal_key(session: Session) -> KeyView:
    """The school's own key."""
    school = session.get_one(School, session.info["school_id"])
    return _view(SEAL, "", school.name, "", rows.key_of(session, SEAL))


def key_of_staff(staff: Staff, key: SigningKey | None) -> KeyView:
    """A person's key."""
    return _view(staff.id, staff.code, staff.full_name, staff.position, key)


def _view(owner: str, code: str, name: str, position: str, key: SigningKey | None) -> KeyView:
    key = key or _NO_KEY
    state, problem = _state(key)
    named, number = certificate_name(key.chain)
    expiry = local_text(key.valid_to)[:10] if key.valid_to else "…"
    sentence = HocbaError(problem, date=expiry, name=name).sentence if problem else ""
    days = (key.valid_to - utc_now()).days if key.valid_to else None
    if problem is ErrorCode.SIGNER_NO_KEY:
        sentence = _TO_ENTER if state == "no_account" else _TO_CHOOSE
    if state == "expiring":
        sentence = f"Chứng thư số hết hạn ngày {expiry} (còn {days} ngày). Hãy gia hạn với nhà cung cấp trước ngày đó."
    return KeyView(
        owner=owner,
        code=code,
        name=name,
        position=position,
        provider=key.provider,
        provider_user=key.provider_user,
        credential_id=key.credential_id or "",
        certificate_name=named,
        certificate_number=number,
        serial_number=key.serial_number or "",
        valid_from=key.valid_from,
        valid_to=key.valid_to,
        days_left=days,
        checked_at=key.checked_at,
        state=state,
        problem=problem.value if problem else "",
        sentence=sentence,
    )


def _state(key: SigningKey) -> tuple[str, ErrorCode | None]:
    if not key.provider_user:
        return "no_account", ErrorCode.SIGNER_NO_KEY
    if not key.credential_id or not key.chain:
        # What the last test said (unknown account, say) tells more than that no certificate is chosen.
        return "no_certificate", _known(key.problem) or ErrorCode.SIGNER_NO_KEY
    now = utc_now()
    if key.valid_to is not None and key.valid_to < now:
        return "expired", ErrorCode.CERTIFICATE_EXPIRED
    problem = _known(key.problem)
    if problem is not None:
        return "problem", problem
    if key.valid_to is not None and key.valid_to - now < WARN_BEFORE:
        return "expiring", None
    return "ok", None


def _known(problem: str | None) -> ErrorCode | None:
    """A stored code; one of a later version than this says only that something is wrong."""
    if not problem:
        return None
    return ErrorCode(problem) if problem in set(ErrorCode) else ErrorCode.CERTIFICATE_UNTRUSTED
