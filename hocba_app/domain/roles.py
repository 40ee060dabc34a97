"""Which roles a person has. Granted ones are few; the rest follow from his post, his classes and his assignments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """One person has one account and any set of these."""

    ADMIN = "admin"  # quản trị, granted
    MANAGEMENT = "management"  # CBQL: principal and vice-principals, or granted
    PRINCIPAL = "principal"
    DEPUTY = "deputy"  # a delegation to sign for the principal is in force today
    TEACHER = "teacher"  # homeroom or subject teacher
    HOMEROOM = "homeroom"  # GVCN
    SUBJECT = "subject"  # GVBM
    SEAL_OPERATOR = "seal_operator"
    COVER_SIGNER = "cover_signer"  # signs covers instead of the principal [22.1]


GRANTABLE = frozenset({Role.ADMIN, Role.MANAGEMENT})
"""Roles an admin gives by hand; every other follows from synced data and signing assignments."""


@dataclass(frozen=True, slots=True)
class Duties:
    """What a member of staff is charged with today."""

    homeroom: bool = False
    subject: bool = False
    deputy: bool = False
    seal_operator: bool = False
    cover_signer: bool = False


def roles_of(granted: Iterable[str], position: str | None, duties: Duties) -> frozenset[str]:
    """The roles of one person.

    Args:
        granted: roles given by an admin; unknown ones count for nothing.
        position: the post in the staff list, None for an account without a member of staff behind it.
        duties: what he is charged with today.
    """
    roles = set(granted) & GRANTABLE
    if position in ("principal", "vice_principal"):
        roles.add(Role.MANAGEMENT)
    if position == "principal":
        roles.add(Role.PRINCIPAL)
    held = {
        Role.DEPUTY: duties.deputy,
        Role.TEACHER: duties.homeroom or duties.subject,
        Role.HOMEROOM: duties.homeroom,
        Role.SUBJECT: duties.subject,
        Role.SEAL_OPERATOR: duties.seal_operator,
        Role.COVER_SIGNER: duties.cover_signer,
    }
    roles |= {role for role, holds in held.items() if holds}
    return frozenset(str(role) for role in roles)
