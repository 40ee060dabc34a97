"""Who signs covers, who signs for the principal (ký thay), who seals.

Changes count for documents locked from now on; those locked already are reassigned with
:func:`hocba_app.services.signers.assignments.reassign_slots`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session

from hocba_app.domain.audit_wording import Action
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.head_words import spoken
from hocba_app.domain.roles import Role
from hocba_app.domain.school_calendar import today
from hocba_app.domain.signing_titles import AS_HEAD, CAPACITIES
from hocba_app.models import SEAL, Database, Delegation, SigningSettings, Staff
from hocba_app.models.base import utc_now
from hocba_app.models.repositories import accounts as account_rows
from hocba_app.models.repositories import signers as rows
from hocba_app.services.accounts.authority import Right, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.sessions import forget
from hocba_app.services.audit.log import record
from hocba_app.services.signers import keys
from hocba_app.services.signers.key_owner import Choice, choices_of, working_staff
from hocba_app.services.signers.key_views import KeyView, key_of_staff, seal_key

DELEGABLE = ("history", "results")
"""A deputy signs these by a decision; the cover has a signer of its own."""
MAX_NUMBER = 80
Change = tuple[str, str]
"""Staff ids of whom a setting named before and names now; "" for nobody of its own."""
_COVER, _OPERATOR = (
    ("cover_signer_id", Action.SIGNING_COVER_SIGNER_SET),
    ("seal_operator_id", Action.SIGNING_SEAL_OPERATOR_SET),
)
"""Column of a setting, and how the log calls its change."""


@dataclass(frozen=True, slots=True)
class DelegationView:
    """One decision to sign for the principal."""

    id: str
    deputy_id: str
    deputy_name: str
    capacity: str
    kinds: tuple[str, ...]
    from_date: str
    """ISO."""
    to_date: str
    decision_number: str
    state: str
    """``in_force``, ``coming``, ``over`` or ``revoked``."""
    key_state: str
    """The state of the deputy's own certificate, as in ``KeyView.state``."""


@dataclass(frozen=True, slots=True)
class SigningSettingsView:
    """Everything the page of signing settings shows."""

    principal: Choice | None
    cover_signer: Choice | None
    """Who signs covers locked now: the configured person, else the principal."""
    cover_signer_set: bool
    """Whether somebody was configured."""
    seal_operator: Choice | None
    seal_key: KeyView
    seal_image: bool
    delegations: list[DelegationView]
    cover_choices: list[Choice]
    deputy_choices: list[Choice]
    operator_choices: list[Choice]


def set_cover_signer(db: Database, who: Identity, staff_id: str | None) -> Change:
    """Name who signs covers: a vice-principal; None or the principal himself leaves it to the principal.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, SIGNER_NO_ID_NUMBER, SIGNER_NOT_ENTITLED, SELF_APPOINTED.
    """
    require(who, Right.COVER_SIGNER)
    with db.write(who.school_id) as session:
        chosen = _cover_signer(session, staff_id)
        _refuse_oneself(who, chosen)
        change = _set_signer(session, who, _COVER, chosen)
    forget()
    return change


def restore_cover_signer(db: Database, who: Identity, change: Change) -> None:
    """Undo :func:`set_cover_signer`; what somebody has set since is not touched.

    Raises:
        HocbaError: as :func:`set_cover_signer`; UNDO_TOO_LATE when it was set anew since.
    """
    require(who, Right.COVER_SIGNER)
    with db.write(who.school_id) as session:
        _refuse_late(session, _COVER, change)
        _refuse_oneself(who, change[0])
        _set_signer(session, who, _COVER, _cover_signer(session, change[0]))
    forget()


def set_seal_operator(db: Database, who: Identity, staff_id: str | None, provider_user: str | None = None) -> Change:
    """Name who seals, and with which account of the signing service he confirms, both or neither; None names nobody.

    Args:
        provider_user: the school's account at the signing service; None leaves it as it is.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT.
    """
    require(who, Right.SEAL_OPERATOR)
    with db.write(who.school_id) as session:
        chosen = working_staff(session, staff_id).id if staff_id else ""
        _refuse_oneself(who, chosen)
        if provider_user is not None:
            keys.enter_user(session, who, SEAL, provider_user)
        change = _set_signer(session, who, _OPERATOR, chosen)
    forget()
    return change


def restore_seal_operator(db: Database, who: Identity, change: Change) -> None:
    """Undo :func:`set_seal_operator`; what somebody has set since is not touched.

    Raises:
        HocbaError: as :func:`set_seal_operator`; UNDO_TOO_LATE when somebody else was named since.
    """
    require(who, Right.SEAL_OPERATOR)
    with db.write(who.school_id) as session:
        _refuse_late(session, _OPERATOR, change)
        _refuse_oneself(who, change[0])
        _set_signer(session, who, _OPERATOR, working_staff(session, change[0]).id if change[0] else "")
    forget()


def delegations(db: Database, who: Identity) -> list[DelegationView]:
    """Every decision to sign for the principal, the newest first.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SETTINGS_READ)
    with db.read(who.school_id) as session:
        return _delegations(session)


def add_delegation(
    db: Database,
    who: Identity,
    deputy_id: str,
    kinds: Sequence[str],
    from_date: str,
    to_date: str,
    decision_number: str,
    *,
    capacity: str = "deputy",
) -> str:
    """Enter a decision by which a vice-principal signs for the principal, or acts as one (Decree 30/2020/NĐ-CP, article 13).

    Args:
        kinds: of ``history`` and ``results``; an acting head signs all, covers too, whatever is named.
        from_date: ISO, first day.
        to_date: ISO, last day.
        capacity: one of `signing_titles.CAPACITIES`.

    Returns:
        Id of the delegation.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND, INVALID_INPUT, SIGNER_NO_ID_NUMBER, SIGNER_NOT_ENTITLED, DELEGATION_OVERLAPS,
            SELF_APPOINTED.
    """
    require(who, Right.DELEGATE)
    if capacity not in CAPACITIES:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="tư cách ký")
    chosen = [kind for kind in DELEGABLE if kind in set(kinds)]
    if capacity in AS_HEAD:
        chosen = ["cover", *DELEGABLE]
    if not chosen or not set(kinds) <= set(DELEGABLE):
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="hãy chọn loại hồ sơ được ký thay (QTHT, KQHT)")
    first, last = _day(from_date, "ngày bắt đầu"), _day(to_date, "ngày kết thúc")
    number = " ".join(decision_number.split())
    if not number or len(number) > MAX_NUMBER or not number.isprintable():
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"số quyết định ký thay có từ 1 đến {MAX_NUMBER} ký tự")
    if last < first:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="ngày kết thúc ở trước ngày bắt đầu")
    if last < today():
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="quyết định đã hết hạn, ngày kết thúc phải từ hôm nay trở đi")
    with db.write(who.school_id) as session:
        account_rows.lock_school(session)
        deputy = _signer(session, deputy_id)
        _refuse_oneself(who, deputy.id)
        if deputy.position != "vice_principal":
            raise HocbaError(
                ErrorCode.INVALID_INPUT,
                detail=f"{deputy.full_name} không phải {spoken().deputy} theo SMAS nên không được ký thay",
            )
        _refuse_overlap(session, chosen, first, last)
        row = Delegation(
            deputy_id=deputy.id,
            capacity=capacity,
            kinds=chosen,
            from_date=first.isoformat(),
            to_date=last.isoformat(),
            decision_number=number,
        )
        session.add(row)
        session.flush()
        _note(
            session,
            who,
            Action.DELEGATION_ADDED,
            delegation=row.id,
            deputy=deputy.id,
            capacity=capacity,
            kinds=chosen,
            from_date=row.from_date,
            to_date=row.to_date,
            number=number,
        )
    forget()
    return row.id


def revoke_delegation(db: Database, who: Identity, delegation_id: str) -> None:
    """End a decision now; what the deputy has signed stays valid. Doing it twice changes nothing.

    Raises:
        HocbaError: FORBIDDEN, NOT_FOUND.
    """
    require(who, Right.DELEGATE)
    with db.write(who.school_id) as session:
        account_rows.lock_school(
            session
        )  # a commit that asks whether the decision holds comes before or after this, never amid
        row = session.get(Delegation, (who.school_id, delegation_id))
        if row is None:
            raise HocbaError(ErrorCode.NOT_FOUND, what="quyết định ký thay")
        if row.revoked_at is None:
            row.revoked_at = utc_now()
            session.add(row)
            _note(session, who, Action.DELEGATION_REVOKED, delegation=row.id, deputy=row.deputy_id)
    forget()


def signing_settings_view(db: Database, who: Identity) -> SigningSettingsView:
    """Who signs covers, for the principal, and with the seal; and who could.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SETTINGS_READ)
    with db.read(who.school_id) as session:
        people = choices_of(session)
        by_id = {choice.staff_id: choice for choice in people}
        settings = rows.settings_row(session) or SigningSettings()
        principal = rows.principal(session)
        first = by_id.get(principal.id) if principal else None
        leaders = [choice for choice in people if choice.position in ("principal", "vice_principal")]
        return SigningSettingsView(
            principal=first,
            cover_signer=by_id.get(settings.cover_signer_id or "", None if settings.cover_signer_id else first),
            cover_signer_set=bool(settings.cover_signer_id),
            seal_operator=by_id.get(settings.seal_operator_id or ""),
            seal_key=seal_key(session),
            seal_image=SEAL in rows.image_times(session),
            delegations=_delegations(session),
            cover_choices=leaders,
            deputy_choices=[choice for choice in leaders if choice.position == "vice_principal"],
            operator_choices=people,
        )


def _cover_signer(session: Session, staff_id: str | None) -> str:
    """Who is to sign covers, checked; "" for the principal, who does so anyway."""
    if not staff_id:
        return ""
    staff = _signer(session, staff_id)
    if staff.position not in ("principal", "vice_principal"):
        raise HocbaError(ErrorCode.SIGNER_NOT_ENTITLED, name=staff.full_name)
    principal = rows.principal(session)
    return "" if principal is not None and staff.id == principal.id else staff.id


def _set_signer(session: Session, who: Identity, setting: tuple[str, Action], chosen: str) -> Change:
    column, action = setting
    settings = _settings(session)
    before = getattr(settings, column) or ""
    if before != chosen:
        setattr(settings, column, chosen or None)
        session.add(settings)
        _note(session, who, action, before=before, now=chosen)
    return before, chosen


def _refuse_oneself(who: Identity, chosen: str) -> None:
    """To sign for the school is given by another: the principal alone has it to give, and so may keep it himself."""
    if chosen and chosen == who.staff_id and Role.PRINCIPAL not in who.roles:
        raise HocbaError(ErrorCode.SELF_APPOINTED)


def _refuse_late(session: Session, setting: tuple[str, str], change: Change) -> None:
    """The school's row is locked from here on: nobody sets it between the look and the write."""
    if (getattr(_settings(session), setting[0]) or "") not in tuple(change):
        raise HocbaError(ErrorCode.UNDO_TOO_LATE)


def _signer(session: Session, staff_id: str) -> Staff:
    """Who signs with his own certificate needs an id number that it can carry."""
    staff = working_staff(session, staff_id)
    if not (staff.id_number or staff.old_id_number):
        raise HocbaError(ErrorCode.SIGNER_NO_ID_NUMBER, name=staff.full_name)
    return staff


def _settings(session: Session) -> SigningSettings:
    """The school's one row, made when first needed; two who do so at once wait for each other."""
    account_rows.lock_school(session)
    return rows.settings_row(session) or SigningSettings()


def _day(text: str, what: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"{what} không phải ngày hợp lệ") from error


def _refuse_overlap(session: Session, kinds: Sequence[str], first: date, last: date) -> None:
    """Two decisions for one kind on one day would leave open who signs."""
    for other in rows.all_delegations(session):
        apart = other.to_date < first.isoformat() or other.from_date > last.isoformat()
        if other.revoked_at is None and not apart and set(other.kinds) & set(kinds):
            raise HocbaError(ErrorCode.DELEGATION_OVERLAPS, number=other.decision_number)


def _delegations(session: Session) -> list[DelegationView]:
    staff = {person.id: person for person in rows.staff_of(session, active=False)}
    kept = rows.keys(session)
    day = today().isoformat()
    return [
        DelegationView(
            id=row.id,
            deputy_id=row.deputy_id,
            deputy_name=staff[row.deputy_id].full_name,
            capacity=row.capacity,
            kinds=tuple(row.kinds),
            from_date=row.from_date,
            to_date=row.to_date,
            decision_number=row.decision_number,
            state=_state(row, day),
            key_state=key_of_staff(staff[row.deputy_id], kept.get(row.deputy_id)).state,
        )
        for row in rows.all_delegations(session)
    ]


def _state(row: Delegation, day: str) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.to_date < day:
        return "over"
    return "coming" if row.from_date > day else "in_force"


def _note(session: Session, who: Identity, action: Action, **data: object) -> None:
    record(session, actor=who.account_id, action=action, subject=f"school:{who.school_id}", data=data)
