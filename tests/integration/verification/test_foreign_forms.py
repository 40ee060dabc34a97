"""How strictly a reader reads says nothing of a file: every form that other readers open is judged by what stands in it."""

from __future__ import annotations

import re

import pytest

from bench.sealed_record import World
from tests.integration.verification.foreign_forms import FORGED, FORMS, METADATA, page_file, saved, signed, stream
from tests.integration.verification.judging import codes, judge

NOT_SIGNED_BY_ANY_LIBRARY = {"header not in the first byte"}


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


PAGE = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 90 0 R /Resources <</Font <</F1 5 0 R>>>>>>"


def forged_objects(generation: int = 0) -> list[bytes]:
    return [b"3 %d obj\n%s\nendobj\n" % (generation, PAGE), b"90 0 obj\n%s\nendobj\n" % stream(FORGED)]


def table(file: bytes, objects: list[bytes], generation: int = 0, *, end: bytes = b"%%EOF\n") -> bytes:
    """A whole update with a forged page."""
    root = re.findall(rb"/Root (\d+) 0 R", file)[-1]
    previous = re.findall(rb"startxref\s+(\d+)", file)[-1]
    first, second = len(file), len(file) + len(objects[0])
    at = second + len(objects[1])
    return (
        b"".join(objects)
        + b"xref\n3 1\n%010d %05d n \n90 1\n%010d 00000 n \n" % (first, generation, second)
        + b"trailer\n<</Root %s 0 R /Size 91 /Prev %s>>\nstartxref\n%d\n" % (root, previous, at)
        + end
    )


def behind(file: bytes) -> dict[str, bytes]:
    """What may be put behind a signed file so that some reader shows it."""
    objects = forged_objects()
    return {
        "an update": table(file, objects),
        "an update without its last line": table(file, objects, end=b""),
        "an update with a broken last line": table(file, objects, end=b"%EOF\n"),
        "an update with half a last line": table(file, objects, end=b"%%EO"),
        "objects alone": b"".join(objects),
        "objects in a comment": b"%" + b"%".join(objects),
        "a page of another generation": table(file, forged_objects(1), 1),
        "a page of another generation, the last line missing": table(file, forged_objects(1), 1, end=b""),
        "a comment": b"%hidden\n",
        "a word": b"x",
        "a second end": b"startxref\n7\n%%EOF\n",
        "a copy of the last lines": file[file.rfind(b"startxref") :],
        "an archive": b"PK\x05\x06" + bytes(18),
    }


@pytest.mark.parametrize("kind", list(behind(b"/Root 1 0 R startxref 9")))
@pytest.mark.parametrize("form", ["classic", "linearised", "hybrid", "one key twice", "packed objects"])
def test_something_behind_the_last_signature(world: World, form: str, kind: str) -> None:
    """Only white space may follow; published as ISA-3 and its kin."""
    file = signed(world, FORMS[form]())
    report = judge(file + behind(file)[kind], world)
    assert report.integrity != "intact" and report.verdict != "valid", report.reasons


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
