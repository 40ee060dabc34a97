"""Rows of QTHT have an identity of their own: a year may have two."""

from __future__ import annotations

from typing import Any

from hocba_app.domain.snapshot_differences import differences


def row(year: str, name: str, school: str = "Trường A", outcome: str = "promoted", **other: Any) -> dict[str, Any]:
    return {
        "school_year": year,
        "class_name": name,
        "school_name": school,
        "commune": "X",
        "province": "Y",
        "outcome": outcome,
        "note": None,
    } | other


OWN = row("2025-2026", "6A1", "Trường nhà")


def found(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[tuple[str, str | None, str | None]]:
    locked, current = ({"kind": "history", "school_year": "2025-2026", "history": [*rows, OWN]} for rows in (old, new))
    return [(entry["path"], entry["locked"], entry["synced"]) for entry in differences(locked, current)]


def test_each_of_two_rows_of_a_year_is_compared() -> None:
    a, b = row("2024-2025", "5A", row="H1"), row("2024-2025", "5B", "Trường B", row="H2")
    assert found([a, b], [a, b]) == [] and found([a, b], [b, a]) == []
    assert found([a, b], [a | {"outcome": "retained"}, b]) == [("history.2024-2025#1.outcome", "promoted", "retained")]
    assert found([a, b], [a, b | {"outcome": "retained"}]) == [("history.2024-2025#2.outcome", "promoted", "retained")]
    assert [path for path, *_ in found([a, b], [b])] == [
        f"history.2024-2025#2.{key}" for key in a if key not in ("row", "note")
    ]


def test_records_locked_before_rows_had_an_identity() -> None:
    a, b = row("2024-2025", "5A"), row("2024-2025", "5B", "Trường B")
    now = [b | {"row": "H2"}, a | {"row": "H1"}]
    assert found([a, b], now) == [], "the row that says the same is the same"
    assert found([a, b], [now[0], now[1] | {"outcome": "retained"}]) == [
        ("history.2024-2025#2.outcome", "promoted", "retained")
    ]
    assert found([a], [a | {"row": "H1", "note": "x"}]) == [("history.2024-2025.note", None, "x")]
    assert found([a | {"row": "H1"}], [a | {"row": "H9"}]) == [], "made anew in SMAS, and says the same"


def test_a_school_left_in_this_very_year_is_a_row_of_its_own() -> None:
    before = row("2025-2026", "6C", "Trường B", "moved", row="H1")
    paths = [path for path, *_ in found([], [before])]
    assert paths and all(path.startswith("history.2025-2026#1.") for path in paths), (
        "our own row keeps the name of the year"
    )
    assert [entry[0] for entry in found([before], [before | {"class_name": "6D"}])] == [
        "history.2025-2026#1.class_name"
    ]
