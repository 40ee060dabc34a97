"""Roles follow from post and duties; only two can be given by hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hocba_app.domain.roles import GRANTABLE, Duties, Role, roles_of

duties = st.builds(
    Duties,
    homeroom=st.booleans(),
    subject=st.booleans(),
    deputy=st.booleans(),
    seal_operator=st.booleans(),
    cover_signer=st.booleans(),
)
positions = st.sampled_from([None, "principal", "vice_principal", "teacher", "clerk", "something new"])


@given(st.lists(st.sampled_from([*map(str, Role), "root", ""])), positions, duties)
def test_only_admin_and_management_can_be_granted(granted: list[str], position: str | None, held: Duties) -> None:
    gained = roles_of(granted, position, held) - roles_of([], position, held)
    assert gained <= GRANTABLE
    assert roles_of(granted, position, held) <= set(Role)


@given(positions, duties)
def test_each_duty_gives_its_role_and_no_other(position: str | None, held: Duties) -> None:
    roles = roles_of([], position, held)
    for name in ("homeroom", "subject", "deputy", "seal_operator", "cover_signer"):
        assert (name in roles) == getattr(held, name)
    assert ("teacher" in roles) == (held.homeroom or held.subject)
    assert ("principal" in roles) == (position == "principal")
    assert ("management" in roles) == (position in ("principal", "vice_principal"))
    assert "admin" not in roles


def test_one_person_may_have_any_set_of_roles() -> None:
    assert roles_of(["admin"], "principal", Duties(subject=True, seal_operator=True)) == {
        "admin",
        "principal",
        "management",
        "teacher",
        "subject",
        "seal_operator",
    }


def test_roles_are_plain_strings() -> None:
    assert {type(role) for role in roles_of(["admin"], "principal", Duties(homeroom=True))} == {str}
