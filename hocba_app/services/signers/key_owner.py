"""Whose key: a member of staff, or the seal – who may touch it, and what its certificate must carry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.person_names import normal_name
from hocba_app.models import SEAL, Database, School, Staff
from hocba_app.models.repositories import signers as rows
from hocba_app.pki.subjects import subject_of
from hocba_app.recordfile.demands import Fit, demand_of, fit_of
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.login_names import plain
from hocba_app.services.signing.slot_demands import accepted_spelling


class SignerIdentity(TypedDict, total=False):
    """What a certificate's subject must carry, as `signer_certificate.require_own` takes it: one of the two."""

    id_numbers: tuple[str, ...]
    tax_code: str


def signer_identity(session: Session, owner: str) -> SignerIdentity:
    """What a certificate must carry to be chosen today: ``id_numbers`` of the person, or ``tax_code`` of the school.

    A locked record asks what it froze instead (`signing.slot_demands`).
    """
    if owner == SEAL:
        return {"tax_code": session.get_one(School, session.info["school_id"]).tax_code}
    staff = session.get_one(Staff, (session.info["school_id"], owner))
    return {"id_numbers": tuple(number for number in (staff.id_number, staff.old_id_number) if number)}


@dataclass(frozen=True, slots=True)
class Owner:
    """A person or the seal."""

    key: str
    """A staff id, or ``seal``."""
    name: str
    accepted_name: dict[str, Any] | None
    """`SigningKey.accepted_name` of his key."""
    identity: SignerIdentity
    """``id_numbers`` or ``tax_code``, as :func:`hocba_app.pki.signer_certificate.require_own` takes them."""


def other_name(certificate: bytes, name: str, accepted: dict[str, Any] | None) -> bool:
    """Whether a person's certificate bears another name than his, which nobody has confirmed as his.

    Args:
        name: his, by the staff list.
        accepted: `SigningKey.accepted_name`.
    """
    if fit_of(demand_of("", subject_of(certificate).id_numbers, name), "", certificate) is not Fit.OTHER_NAME:
        return False
    return (
        accepted is None
        or normal_name(accepted["person"]) != normal_name(name)
        or accepted_spelling(accepted, certificate) is None
    )


def require_owner(who: Identity, owner: str) -> None:
    """Refuse who may not look after this key: the office everybody's, a person his own, the seal's only who names its
    operator.

    Raises:
        HocbaError: FORBIDDEN.
    """
    if owner == SEAL:
        require(who, Right.SEAL_OPERATOR)
    elif allowed(who, Right.SIGNING_ACCOUNTS):
        return
    elif owner and owner == who.staff_id:
        require(who, Right.OWN_SIGNING_ACCOUNT)
    else:
        require(who, Right.SIGNING_ACCOUNTS)


def owner_of(session: Session, owner: str) -> Owner:
    """The owner with what his certificate must carry.

    Raises:
        HocbaError: NOT_FOUND for who is not on the staff list, SIGNER_NO_ID_NUMBER.
    """
    if owner == SEAL:
        school = session.get_one(School, session.info["school_id"])
        return Owner(SEAL, school.name, None, signer_identity(session, SEAL))
    staff = working_staff(session, owner)
    if not (staff.id_number or staff.old_id_number):
        raise HocbaError(ErrorCode.SIGNER_NO_ID_NUMBER, name=staff.full_name)
    key = rows.key_of(session, owner)
    return Owner(staff.id, staff.full_name, key.accepted_name if key else None, signer_identity(session, staff.id))


def working_staff(session: Session, staff_id: str) -> Staff:
    """A person on the staff list today.

    Raises:
        HocbaError: NOT_FOUND.
    """
    staff = session.get(Staff, (session.info["school_id"], staff_id)) if staff_id else None
    if staff is None or not staff.active:
        raise HocbaError(ErrorCode.NOT_FOUND, what="người này trong danh sách cán bộ đã đồng bộ")
    return staff


@dataclass(frozen=True, slots=True)
class Choice:
    """One person of the staff list who may be chosen."""

    staff_id: str
    name: str
    code: str
    position: str


def choices(db: Database, who: Identity) -> list[Choice]:
    """The staff list, to choose a person from, in the order of names.

    Raises:
        HocbaError: FORBIDDEN.
    """
    require(who, Right.SETTINGS_READ)
    with db.read(who.school_id) as session:
        return choices_of(session)


def choices_of(session: Session) -> list[Choice]:
    """The staff list in the order people look for a name: given name first."""
    found = [Choice(staff.id, staff.full_name, staff.code, staff.position) for staff in rows.staff_of(session)]
    return sorted(
        found,
        key=lambda choice: (
            plain(choice.name.split()[-1] if choice.name.split() else ""),
            plain(choice.name),
            choice.code,
        ),
    )
