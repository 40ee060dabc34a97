"""Every right × every role, against the table "Who may do what", line by line; and nobody without a right by accident."""

from __future__ import annotations

import pytest

from hocba_app.domain.errors import ErrorCode
from hocba_app.domain.roles import Role
from hocba_app.services.accounts.authority import Right, allowed, require
from hocba_app.services.accounts.identity import Identity
from tests.refusals import refused

OFFICE = {"admin", "management"}
ROLES = {str(role) for role in Role}

WHO_MAY_DO_WHAT: list[tuple[str, set[str], set[Right]]] = [
    (
        "sync, bulk signature upload, seal image, assignments, locks, MySign accounts of staff, cover signer, ký thay, "
        "seal operator, print: admin, management",
        OFFICE,
        {
            Right.SYNC,
            Right.SIGNATURE_IMAGES,
            Right.SEAL_IMAGE,
            Right.ASSIGNMENTS,
            Right.LOCK,
            Right.SIGNING_ACCOUNTS,
            Right.COVER_SIGNER,
            Right.DELEGATE,
            Right.SEAL_OPERATOR,
            Right.PRINT,
            Right.ATTACH,
        },
    ),
    (
        "cover, QTHT, KQHT as principal: the configured signer, the principal, or a deputy",
        {"cover_signer", "principal", "deputy"},
        {Right.SIGN_PRINCIPAL},
    ),
    ("seal: the assigned operator only", {"seal_operator"}, {Right.SEAL}),
    ("unlock: admin or management asks", OFFICE, {Right.UNLOCK_ASK}),
    ("unlock: principal or deputy approves", {"principal", "deputy"}, {Right.UNLOCK_APPROVE}),
    ("a certificate under another name: the principal accepts it", {"principal"}, {Right.ACCEPT_NAME}),
    ("proposals of leadership posts: admin and management read", OFFICE, {Right.LEADERSHIP_READ}),
    ("proposals of leadership posts: the principal answers", {"principal"}, {Right.LEADERSHIP_CONFIRM}),
    ("credentials given out by another: a leader vouches", {"management"}, {Right.CREDENTIALS_CONFIRM}),
    ("accounts, audit log, settings: admin", {"admin"}, {Right.ACCOUNTS, Right.SETTINGS_WRITE}),
    (
        "accounts, audit log, settings: management reads",
        OFFICE,
        {Right.ACCOUNTS_READ, Right.AUDIT_READ, Right.SETTINGS_READ},
    ),
    ("dashboard: everyone, each his own part", ROLES, {Right.DASHBOARD}),
    ("records: whoever signs or looks after them; of which classes is asked beside", ROLES, {Right.RECORDS_READ}),
]
THE_PERSON = {Right.OWN_SIGNATURE, Right.OWN_SIGNING_ACCOUNT, Right.OWN_QUEUE}


def somebody(*roles: str, staff_id: str | None = "s1") -> Identity:
    return Identity("a1", "school", staff_id, "gv01@x", "Cô Lan", frozenset(roles))


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize(("line", "holders", "rights"), WHO_MAY_DO_WHAT, ids=[line[0][:30] for line in WHO_MAY_DO_WHAT])
def test_the_table_line_by_line(line: str, holders: set[str], rights: set[Right], role: str) -> None:
    who = somebody(role)
    for right in rights:
        assert allowed(who, right) == (role in holders), f"{line}: {role} {right}"
        if role in holders:
            require(who, right)
        else:
            assert refused(require, who, right) is ErrorCode.FORBIDDEN


def test_the_table_names_every_right_once() -> None:
    named = [right for _, _, rights in WHO_MAY_DO_WHAT for right in rights] + sorted(THE_PERSON)
    assert sorted(named) == sorted(Right)


@pytest.mark.parametrize("right", sorted(THE_PERSON))
def test_own_things_are_for_people_on_the_staff_list(right: Right) -> None:
    assert allowed(somebody(), right)
    assert not allowed(somebody("admin", "management", staff_id=None), right)


@pytest.mark.parametrize("right", sorted(Right))
def test_nobody_and_unknown_roles_may_nothing(right: Right) -> None:
    assert not allowed(None, right)
    assert refused(require, None, right) is ErrorCode.NOT_SIGNED_IN
    if right is not Right.DASHBOARD:
        assert not allowed(somebody("root", "Admin", staff_id=None), right)


def test_a_right_without_a_line_is_refused() -> None:
    assert not allowed(somebody(*ROLES), "a right of tomorrow")  # type: ignore[arg-type]


def test_the_admin_signs_and_approves_nothing_unless_assigned() -> None:
    admin = somebody("admin")
    assert not any(allowed(admin, right) for right in (Right.SIGN_PRINCIPAL, Right.SEAL, Right.UNLOCK_APPROVE))
