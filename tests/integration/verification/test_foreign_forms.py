"""How strictly a reader reads says nothing of a file: every form that other readers open is judged by what stands in it."""

from __future__ import annotations

import re

import pytest

from bench.sealed_record import World
from tests.integration.verification.foreign_forms import (
    FORMS,
    METADATA,
    NOT_SIGNED_BY_ANY_LIBRARY,
    behind,
    leads_nowhere,
    object_90,
    page_file,
    saved,
    signed,
    with_evidence,
)
from tests.integration.verification.judging import codes, judge


@pytest.mark.parametrize("form", [form for form in FORMS if form not in NOT_SIGNED_BY_ANY_LIBRARY])
@pytest.mark.parametrize("names", [("Chu ky",), ("Chu ky", "Chu ky 2")], ids=["once", "twice"])
def test_a_sound_file_is_intact(world: World, form: str, names: tuple[str, ...]) -> None:
    report = judge(signed(world, FORMS[form](), *names), world)
    assert (report.verdict, report.integrity) == ("indeterminate", "intact"), report.reasons
    assert [item.field for item in report.signatures] == list(names)


@pytest.mark.parametrize("form", FORMS)
def test_an_unsigned_file_is_unsigned(world: World, form: str) -> None:
    report = judge(FORMS[form](), world)
    assert (report.verdict, report.integrity, codes(report)) == ("indeterminate", "unsigned", {"unsigned"})


@pytest.mark.parametrize("kind", METADATA)
def test_kinds_of_signatures(world: World, kind: str) -> None:
    report = judge(signed(world, page_file(), **METADATA[kind]), world)
    assert report.integrity == "intact" and report.signatures[0].trust == "trusted"


def test_an_indirect_kind_of_signature(world: World) -> None:
    """``/SubFilter`` given by reference: signed so by another writer."""
    from tests.integration.verification.indirect_kind import signed_with_indirect_kind

    report = judge(signed_with_indirect_kind(world), world)
    assert report.integrity == "intact" and codes(report) <= {"foreign"}, report.reasons


@pytest.mark.parametrize("reuse", [False, True], ids=["a number of its own", "the number of the last one"])
def test_evidence_after_a_signature(world: World, reuse: bool) -> None:
    """Its list is an object of its own; the table's stream may take the number of the one before."""
    file = signed(world, FORMS["packed objects"]())
    report = judge(with_evidence(world, file, reuse=reuse), world)
    assert report.integrity == "intact" and codes(report) == {"foreign"}, report.reasons
    forged = with_evidence(world, file, reuse=reuse).replace(b"/Certs", b"/Sorts")
    assert judge(forged, world).integrity != "intact", "an unknown entry in the evidence"


@pytest.mark.parametrize("algorithm", ["sha1", "sha384"])
def test_algorithms(world: World, algorithm: str) -> None:
    """A weak algorithm says nothing against the bytes; whom to trust by it is another question."""
    report = judge(signed(world, page_file(), md_algorithm=algorithm), world)
    assert report.integrity == "intact" and report.verdict == "indeterminate"


def test_a_file_with_a_password_is_told(world: World) -> None:
    import pikepdf

    report = judge(saved(encryption=pikepdf.Encryption(owner="chu", user="mo", R=6)), world)
    assert (report.verdict, report.integrity, codes(report)) == ("indeterminate", "unknown", {"locked"})


def test_a_broken_table_is_not_called_unreadable(world: World) -> None:
    """qpdf, poppler and MuPDF mend it; what the mended file's signature is worth, nobody can tell."""
    broken = re.sub(rb"startxref\n\d+", b"startxref\n7", page_file())
    assert codes(judge(broken, world)) == {"unsigned"}
    file = signed(world, page_file())
    at = file.rfind(b"startxref\n") + 10
    end = file.find(b"\n", at)
    report = judge(file[:at] + b"7".rjust(end - at, b"0") + file[end:], world)
    assert (report.verdict, report.integrity, codes(report)) == ("indeterminate", "unknown", {"not_judged"})


@pytest.mark.parametrize("kind", list(behind(b"/Root 1 0 R startxref 9")))
@pytest.mark.parametrize("form", ["classic", "linearised", "hybrid", "one key twice", "packed objects"])
def test_something_behind_the_last_signature(world: World, form: str, kind: str) -> None:
    """Only white space may follow; published as ISA-3 and its kin."""
    file = signed(world, FORMS[form]())
    report = judge(file + behind(file)[kind], world)
    assert report.integrity != "intact" and report.verdict != "valid", report.reasons


@pytest.mark.parametrize("is_strict", [True, False], ids=["read strictly", "read forgivingly"])
def test_an_object_that_was_referred_to_in_vain(world: World, is_strict: bool) -> None:
    """pyHanko takes it for an orphan; readers show it on the page that was signed without it."""
    base = leads_nowhere()
    file = signed(world, base if is_strict else base.replace(b"65535 f", b"65536 f"))
    report = judge(file + object_90(file), world)
    assert report.integrity != "intact" and "changed_after_signing" in codes(report), report.reasons


@pytest.mark.parametrize("white", [b"\n", b"\r\n", b"\0\0\0\0", b" " * 3000], ids=["line", "crlf", "zeros", "blanks"])
def test_white_space_behind_the_last_signature(world: World, white: bytes) -> None:
    assert judge(signed(world, page_file()) + white, world).integrity == "intact"


@pytest.mark.parametrize("kind", list(behind(b"/Root 1 0 R startxref 9")))
def test_something_between_two_signatures(world: World, kind: str) -> None:
    """The second signature covers it; the first signer never saw it."""
    file = signed(world, page_file())
    try:
        twice = signed(world, file + behind(file)[kind], "Chu ky 2")
    except Exception as error:
        pytest.skip(f"no tool signs such a file: {error}")
    assert judge(twice, world).integrity != "intact"
