"""The facts a school is known by: each holds from a day to a day. The school itself is one row of ours, whatever they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

IDENTIFYING = ("code", "name", "tax_code", "level")
"""By these others know the school, and its seal: a list of schools proposes them, somebody with the right confirms."""
DESCRIBING = ("commune", "province", "department")
"""These a list may change by itself."""
LABELS = {"code": "Mã trường", "name": "Tên trường", "tax_code": "Mã số thuế", "level": "Cấp học"}


def other_school(now: Mapping[str, str], listed: Mapping[str, str]) -> bool:
    """Whether a list speaks of another school than ours: neither code nor tax code is the one we know."""
    same_tax_code = bool(now["tax_code"]) and now["tax_code"] == listed["tax_code"]
    return listed["code"] != now["code"] and not same_tax_code


def changed_facts(now: Mapping[str, str], listed: Mapping[str, str]) -> dict[str, str]:
    """What a list has otherwise, of the facts a school is known by; an empty tax code says nothing."""
    return {
        key: listed[key]
        for key in IDENTIFYING
        if listed[key] != now[key] and not (key == "tax_code" and not listed[key])
    }


def states_until_today(
    now: Mapping[str, str], changes: Sequence[tuple[str, Mapping[str, Any]]]
) -> list[dict[str, str]]:
    """Every state the school has had, the present one first, as entries of a list of issuers (docs/verification.md).

    Args:
        now: the present facts.
        changes: ``(effective day, facts before)`` of each change, the oldest first.
    """
    keys = ("tax_code", "name", "code")
    present = {key: now[key] for key in keys}
    found = [present | ({"from": changes[-1][0]} if changes else {})]
    for number, (effective, before) in enumerate(changes):
        state = {key: str(before.get(key, "")) for key in keys}
        if number:
            state["from"] = changes[number - 1][0]
        state["until"] = (date.fromisoformat(effective) - timedelta(days=1)).isoformat()
        found.insert(1, state)
    return found
