"""What a slot demands of the certificate that signs it: frozen when the record is locked or its signer changed.

Signing and verification both ask :func:`fit_of`, on the same frozen demand, so a record that one accepts the other does
not refuse. A demand holds salted hashes, never an id number or a name in clear.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from hocba_app.domain.person_names import normal_name, plain_name
from hocba_app.pki.subjects import subject_of


class Fit(StrEnum):
    """How a certificate answers a demand."""

    OWN = "own"
    NAME_MARKS = "name_marks"  # the right number; the names differ in diacritics only
    OTHER_NAME = "other_name"  # the right number under another name
    NOT_OWN = "not_own"  # another's number, or none


ACCEPTED = (Fit.OWN, Fit.NAME_MARKS)
"""What may sign without anybody's word for it."""


@dataclass(frozen=True, slots=True)
class Demand:
    """One of these numbers, under this name."""

    signers: tuple[str, ...]
    """:func:`salted` id numbers, any of which may sign."""
    name: str = ""
    """:func:`salted` normal name; "" in a record of manifest format 1, which compared no names."""
    plain_name: str = ""
    """:func:`salted` name without marks."""

    def as_json(self) -> dict[str, Any]:
        """For the database."""
        return {"signers": list(self.signers), "name": self.name, "plain_name": self.plain_name}

    @classmethod
    def from_json(cls, shape: dict[str, Any]) -> Demand:
        """Read what :meth:`as_json` wrote."""
        return cls(tuple(shape["signers"]), shape["name"], shape["plain_name"])


@dataclass(frozen=True, slots=True)
class SealDemand:
    """An organisation's certificate with this tax code; its name is compared, and reported where it differs."""

    tax_code: str
    name: str


def salted(salt: str, text: str) -> str:
    """Salted SHA-256, hex: tells that two texts are the same without saying which."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


def demand_of(salt: str, id_numbers: Iterable[str | None], name: str) -> Demand:
    """Freeze what a person's certificate must carry.

    Args:
        salt: of the record's version.
        id_numbers: every number he may sign with; None and "" are passed over.
        name: his full name.
    """
    signers = tuple(salted(salt, number) for number in dict.fromkeys(id_numbers) if number)
    return Demand(signers, salted(salt, normal_name(name)), salted(salt, plain_name(name)))


def named(demand: Demand, salt: str, name: str) -> Demand:
    """The same numbers under another name, as the principal accepted it."""
    return Demand(demand.signers, salted(salt, normal_name(name)), salted(salt, plain_name(name)))


def fit_of(demand: Demand | SealDemand, salt: str, certificate: bytes) -> Fit:
    """Whether a certificate is the one a slot demands. The only place that answers this.

    Args:
        demand: the slot's, or the seal's.
        salt: of the record's version.
        certificate: the signer's, DER.
    """
    try:
        subject = subject_of(certificate)
    except ValueError:
        return Fit.NOT_OWN
    if isinstance(demand, SealDemand):
        if not demand.tax_code or subject.tax_code != demand.tax_code:
            return Fit.NOT_OWN
        return _fit_of_name({normal_name(demand.name)}, {plain_name(demand.name)}, subject.names, salt=None)
    if not {salted(salt, number) for number in subject.id_numbers} & set(demand.signers):
        return Fit.NOT_OWN
    if not demand.name:
        return Fit.OWN
    return _fit_of_name({demand.name}, {demand.plain_name}, subject.names, salt=salt)


def _fit_of_name(wanted: set[str], plain: set[str], names: Iterable[str], *, salt: str | None) -> Fit:
    exact, bare = {normal_name(name) for name in names}, {plain_name(name) for name in names}
    if salt is not None:
        exact, bare = {salted(salt, name) for name in exact}, {salted(salt, name) for name in bare}
    if exact & wanted:
        return Fit.OWN
    return Fit.NAME_MARKS if bare & plain else Fit.OTHER_NAME


@dataclass(frozen=True, slots=True)
class Vouched:
    """What the seal vouches for at one slot: another demand than the base revision's, and why."""

    demand: Demand
    reason: str = ""
    """Why the signer was changed after locking; "" where he was not."""
    delegation: str = ""
    name_reason: str = ""
    """Why the principal accepted a certificate under another name; "" where he did not have to."""
