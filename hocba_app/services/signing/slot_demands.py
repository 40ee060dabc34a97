"""What the slots of a version demand of a certificate, from their rows, and whether one may sign them.

The rows were written with the manifest, from one value (`records.lock`), so what is answered here is what verification
answers from the file.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any, Protocol

from sqlmodel import Session

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.person_names import normal_name
from hocba_app.models import DocumentVersion, School, SigningKey, Staff
from hocba_app.models.repositories import find
from hocba_app.models.repositories.signers import key_of
from hocba_app.models.repositories.signing import reassigned_slots
from hocba_app.pki.subjects import subject_of
from hocba_app.recordfile.demands import ACCEPTED, Demand, Fit, SealDemand, Vouched, demand_of, fit_of, named, salted


class FrozenSlot(Protocol):
    """A slot's row, as far as its demand goes."""

    @property
    def version_id(self) -> str: ...
    @property
    def staff_id(self) -> str | None: ...
    @property
    def signer_hash(self) -> str | None: ...
    @property
    def demand(self) -> dict[str, Any] | None: ...
    @property
    def reassignment(self) -> dict[str, Any] | None: ...


def locked_demand(slot: FrozenSlot) -> Demand:
    """What the file's manifest demands at a person's slot."""
    if slot.demand is not None:
        return Demand.from_json(slot.demand)
    return Demand((slot.signer_hash or "",))  # locked in format 1


def vouched_of(slot: FrozenSlot) -> Vouched | None:
    """What the seal will vouch for instead; None where the manifest's demand holds."""
    given = slot.reassignment
    if given is None:
        return None
    demand = Demand.from_json(given["demand"]) if "demand" in given else Demand((given["signer_hash"],))
    return Vouched(demand, given["reason"], given.get("delegation") or "", given.get("name_reason") or "")


def vouched_as_json(vouched: Vouched) -> dict[str, Any]:
    """For ``Slot.reassignment``."""
    return {
        "reason": vouched.reason,
        "delegation": vouched.delegation,
        "name_reason": vouched.name_reason,
        "demand": vouched.demand.as_json(),
    }


def present_demand(session: Session, slot: FrozenSlot, salt: str, person: Staff) -> Demand:
    """What a person's certificate carries by the staff list of today, in the format of the slot's version.

    A version of format 1 has room for one number: the one in the certificate he signs with, where it is known.
    """
    numbers = [person.id_number, person.old_id_number]
    if slot.demand is not None:
        return demand_of(salt, numbers, person.full_name)
    key = key_of(session, person.id)
    carried = key_numbers(key) if key is not None else ()
    number = next((each for each in numbers if each in carried), None) or person.id_number or person.old_id_number or ""
    return Demand((salted(salt, number),))


def key_numbers(key: SigningKey) -> tuple[str, ...]:
    """The id numbers in the certificate chosen for a key; empty where there is none."""
    return subject_of(base64.b64decode(key.chain[0])).id_numbers if key.chain else ()


def require_fit(slot: FrozenSlot, salt: str, certificate: bytes, accepted: dict[str, Any] | None) -> Vouched | None:
    """The certificate is one the slot demands, by number and name.

    Args:
        slot: a person's.
        salt: of its version.
        certificate: the signer's, DER.
        accepted: ``SigningKey.accepted_name`` of the key he signs with.

    Returns:
        What the seal must vouch for because the principal accepted the certificate's name; None when nothing new.

    Raises:
        HocbaError: CERTIFICATE_NOT_FROZEN, CERTIFICATE_OTHER_NAME.
    """
    vouched = vouched_of(slot)
    demand = vouched.demand if vouched is not None else locked_demand(slot)
    fit = fit_of(demand, salt, certificate)
    if fit in ACCEPTED:
        return None
    if fit is Fit.NOT_OWN:
        raise HocbaError(ErrorCode.CERTIFICATE_NOT_FROZEN)
    name = accepted_spelling(accepted, certificate)
    if accepted is None or name is None or salted(salt, normal_name(accepted["person"])) != demand.name:
        raise HocbaError(ErrorCode.CERTIFICATE_OTHER_NAME)
    before = vouched or Vouched(demand)
    return Vouched(named(demand, salt, name), before.reason, before.delegation, accepted["reason"])


def accepted_spelling(accepted: dict[str, Any] | None, certificate: bytes) -> str | None:
    """The certificate's name, if it is the one the principal accepted."""
    if accepted is None:
        return None
    wanted = normal_name(accepted["certificate"])
    return next((name for name in subject_of(certificate).names if normal_name(name) == wanted), None)


def seal_demand(session: Session, slot: FrozenSlot) -> SealDemand:
    """What the file demands of its seal."""
    shape = slot.demand
    if shape is None:  # locked in format 1: the snapshot has it
        (snapshot,) = find.columns_of(session, DocumentVersion.snapshot, id=slot.version_id)
        shape = snapshot["school"]
    return SealDemand(shape["tax_code"], shape["name"])


def require_seal_fit(demand: SealDemand, school: School, salt: str, certificate: bytes) -> None:
    """The certificate is the one the file demands of its seal, and the school still goes by that tax code.

    Raises:
        HocbaError: SEAL_TAX_CODE_CHANGED, CERTIFICATE_NOT_OWN.
    """
    require_tax_code(demand, school)
    if fit_of(demand, salt, certificate) is Fit.NOT_OWN:
        raise HocbaError(ErrorCode.CERTIFICATE_NOT_OWN)


def require_tax_code(demand: SealDemand, school: School) -> None:
    """The school still goes by the tax code that the file demands of its seal.

    Raises:
        HocbaError: SEAL_TAX_CODE_CHANGED.
    """
    if demand.tax_code != school.tax_code:
        raise HocbaError(
            ErrorCode.SEAL_TAX_CODE_CHANGED, locked=demand.tax_code or "(trống)", now=school.tax_code or "(trống)"
        )


def vouched_by_version(session: Session, version_ids: Sequence[str]) -> dict[str, dict[str, Vouched]]:
    """By version and field, what its seal must vouch for: slots given to another person after locking, accepted names."""
    found: dict[str, dict[str, Vouched]] = {}
    for slot in reassigned_slots(session, version_ids):
        if (vouched := vouched_of(slot)) is not None:
            found.setdefault(slot.version_id, {})[slot.field] = vouched
    return found
