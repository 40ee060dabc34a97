"""To which class a pupil belongs: being somewhere goes before having left, the newest before the older, nothing cancelled counts."""

from __future__ import annotations

from hocba_app.domain.membership import Membership, membership_of


def home(*places: Membership) -> str | None:
    found = membership_of(places)
    return found.class_id if found is not None else None


def test_the_class_he_is_in() -> None:
    assert home() is None
    assert home(Membership("1", "6A1", "studying")) == "6A1"
    assert (
        home(
            Membership("2", "6A1", "moved_out", to_date="2026-01-15"), Membership("1", "6A2", "moved_in", "2026-01-16")
        )
        == "6A2"
    )
    assert home(Membership("1", "6A1", "studying"), Membership("2", "6A2", "moved_in", "2026-01-16")) == "6A2", (
        "the first was not closed"
    )


def test_who_left_belongs_where_he_left_from() -> None:
    assert home(Membership("1", "6A1", "left", to_date="2026-03-01")) == "6A1"
    first = Membership("9", "6A1", "moved_out", to_date="2026-01-15")
    assert home(first, Membership("1", "6A2", "moved_out", "2026-01-16", "2026-03-01")) == "6A2"
    assert home(first, Membership("1", "6A2", "left", to_date="2026-03-01")) == "6A2"


def test_what_is_cancelled_does_not_count() -> None:
    assert home(Membership("1", "6A1", "studying", counts=False)) is None
    assert home(Membership("1", "6A1", "studying", counts=False), Membership("2", "6A2", "left")) == "6A2"
