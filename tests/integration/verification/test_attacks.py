"""Attacks: none may ever be called valid, on either way; each is a fixture that names itself."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.sealed_record import Record, World
from hocba_app.services.verification.verify import verify
from hocba_app.verification.pyhanko_verifier import examine_file
from tests.integration.verification import structure_attacks, table_attacks, tool_attacks
from tests.integration.verification.attacks import ATTACKS
from tests.integration.verification.judging import ISSUERS, codes, fast, judge

assert structure_attacks and table_attacks and tool_attacks, "imported so that their attacks are in ATTACKS"
NEEDS_RECORD_RULES = {"truncated_before_the_seal", "truncated_to_the_base"}
"""The bytes that are left are honest: only the record's rules tell."""


@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_never_valid(world: World, sealed: Record, name: str) -> None:
    hostile = ATTACKS[name](sealed)
    assert hostile != sealed.file
    report = judge(hostile, world)
    assert report.verdict != "valid", report.reasons
    if name not in NEEDS_RECORD_RULES:
        quick, _ = fast(hostile, [world.root])
        assert quick is None, "replay must not accept a byte that our writer would not have written"
        assert report.verdict == "invalid" or "resaved_copy" in codes(report), report.reasons


TRUE_REASONS = {"update_not_ours", "base_not_ours", "resaved_copy"}


@pytest.mark.parametrize("name", table_attacks.FULL)
def test_attack_on_a_record_of_seventeen_signatures(world: World, seventeen: Record, name: str) -> None:
    """Invalid, by our grammar, whether or not any parser can open the file."""
    report = judge(table_attacks.FULL[name](seventeen), world)
    assert report.verdict == "invalid" and report.integrity != "intact", (report.integrity, report.reasons)
    assert codes(report) & TRUE_REASONS, report.reasons
    assert not codes(report) & {"unreadable", "not_judged", "unsigned", "foreign"}, report.reasons


def test_a_record_of_seventeen_signatures_is_valid(world: World, seventeen: Record) -> None:
    assert (judge(seventeen.file, world).verdict, len(table_attacks.FULL) >= 30) == ("valid", True)


def test_the_reason_is_told(world: World, sealed: Record) -> None:
    told = {
        name: codes(judge(ATTACKS[name](sealed), world))
        for name in (
            "truncated_before_the_seal",
            "page_content_flipped",
            "page_replaced_in_our_own_form",
            "garbage_at_the_end",
        )
    }
    assert told["truncated_before_the_seal"] == {"slot_missing"}
    assert "signature_altered" in told["page_content_flipped"]
    assert {"changed_after_signing", "update_not_ours"} <= told["page_replaced_in_our_own_form"]
    assert "update_not_ours" in told["garbage_at_the_end"]


MUTATION = st.tuples(
    st.floats(0, 1, exclude_max=True),
    st.sampled_from(["flip", "set", "insert", "delete", "double"]),
    st.integers(0, 255),
)


def mutated(file: bytes, where: float, how: str, value: int) -> bytes:
    at = int(where * len(file))
    return {
        "flip": file[:at] + bytes((file[at] ^ (1 << value % 8),)) + file[at + 1 :],
        "set": file[:at] + bytes((value,)) + file[at + 1 :],
        "insert": file[:at] + bytes((value,)) + file[at:],
        "delete": file[:at] + file[at + 1 + value % 16 :],
        "double": file[:at] + file[at : at + 1 + value] + file[at:],
    }[how]


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mutation=MUTATION)
def test_random_mutations_never_replay(world: World, sealed: Record, mutation: tuple[float, str, int]) -> None:
    hostile = mutated(sealed.file, *mutation)
    quick, deviation = fast(hostile, [world.root])
    assert hostile == sealed.file or (quick is None or quick.verdict == "invalid")
    assert deviation in (None, "base", "update")


def test_every_byte_of_the_last_stamp_is_held(world: World, sealed: Record) -> None:
    """Nothing covers the last signature's own bytes: the framing whole, and a sample of the rest, are changed here."""
    start = sealed.file.rfind(b"/Contents <") + 11
    end = sealed.file.find(b">", start)
    for at in [*range(start, start + 400), *range(start + 400, end, 11)]:
        value = b"1" if sealed.file[at : at + 1] != b"1" else b"2"
        quick, _ = fast(sealed.file[:at] + value + sealed.file[at + 1 :], [world.root])
        assert quick is None, at - start


def test_every_byte_of_a_seal_not_archived_yet_is_held(world: World, sealed: Record) -> None:
    """Its time stamp too, with the certificates inside that no signature covers: a sample, and one of those on both ways."""
    file = sealed.file[: sealed.after[5]]
    start = file.rfind(b"/Contents <") + 11
    end = file.find(b">", start)
    for at in range(start, end, 29):
        value = b"1" if file[at : at + 1] != b"1" else b"2"
        assert fast(file[:at] + value + file[at + 1 :], [world.root])[0] is None, at - start
    authority = world.certificates[1].hex().encode()
    at = file.rfind(authority, start, end) + len(authority) - 20
    hostile = file[:at] + (b"1" if file[at : at + 1] != b"1" else b"2") + file[at + 1 :]
    assert judge(hostile, world).verdict == "invalid"
    assert codes(judge(file, world)) == {"not_archived"}, "nothing else is wrong with it"


@pytest.mark.parametrize("seed", range(40))
def test_random_mutations_are_not_valid_for_pyhanko_either(world: World, sealed: Record, seed: int) -> None:
    """Half of them in the tail, where fewest signatures cover."""
    dice = random.Random(seed)
    where = (
        dice.random()
        if seed % 2
        else 1 - dice.random() * (len(sealed.file) - sealed.file.rfind(b"/Contents <")) / len(sealed.file)
    )
    hostile = mutated(sealed.file, where, dice.choice(["flip", "set", "insert", "delete"]), dice.randrange(256))
    if hostile != sealed.file:
        assert judge(hostile, world).verdict != "valid"


def test_through_the_front_door(world: World, sealed: Record) -> None:
    """The same attacks through :func:`verify`, sandbox included, a few at once: one bad file does not hide another."""
    names = ["garbage_at_the_end", "page_replaced_in_our_own_form", "truncated_before_the_seal"]
    files = [(name, ATTACKS[name](sealed)) for name in names]
    reports = verify([*files, ("honest", sealed.file)], roots=[world.root], issuers=ISSUERS)
    assert [report.path for report in reports] == [*names, "honest"]
    assert [report.verdict for report in reports] == ["invalid", "invalid", "invalid", "valid"]


def test_one_bad_signature_does_not_hide_the_others(world: World, sealed: Record) -> None:
    report = examine_file("x", ATTACKS["signature_value_flipped"](sealed), [world.root], ISSUERS, "update")
    kept = {item.field: item.integrity for item in report.signatures}
    assert len(kept) == 7 and "altered" in kept.values()
