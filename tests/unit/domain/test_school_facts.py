"""A school's code, name and tax code are dated; the school is not another one for that."""

from __future__ import annotations

from hocba_app.domain.school_facts import changed_facts, other_school, states_until_today

NOW = {"code": "79760001", "name": "Trường THCS Kim Đồng", "tax_code": "0312345678", "level": "lower_secondary"}


def test_a_new_code_under_the_same_tax_code_is_the_same_school() -> None:
    assert not other_school(NOW, NOW | {"code": "79760099"})
    assert not other_school(NOW, NOW | {"tax_code": "0399999999"})
    assert other_school(NOW, NOW | {"code": "79760099", "tax_code": "0399999999"})
    assert other_school(NOW | {"tax_code": ""}, NOW | {"code": "79760099", "tax_code": ""}), "nothing in common"


def test_what_a_list_has_otherwise() -> None:
    assert changed_facts(NOW, NOW) == {}
    assert changed_facts(NOW, NOW | {"tax_code": ""}) == {}, "silence is no change"
    assert changed_facts(NOW, NOW | {"code": "x", "level": "primary"}) == {"code": "x", "level": "primary"}


def test_every_state_with_its_days() -> None:
    first, second = NOW | {"name": "Trường A"}, NOW | {"name": "Trường B", "code": "79760002"}
    states = states_until_today(NOW, [("2025-07-01", first), ("2026-08-13", second)])
    assert [(state["name"], state.get("from"), state.get("until")) for state in states] == [
        ("Trường THCS Kim Đồng", "2026-08-13", None),
        ("Trường B", "2025-07-01", "2026-08-12"),
        ("Trường A", None, "2025-06-30"),
    ]
    assert states_until_today(NOW, []) == [{key: NOW[key] for key in ("tax_code", "name", "code")}]
