"""What may follow a foreign signature, what may not, and what is neither: generated attacks, permissions, later signatures' pictures."""

from __future__ import annotations

import re
import subprocess
import tempfile

import pytest

from bench.sealed_record import World
from tests.integration.verification import signed_by_hand
from tests.integration.verification.cms_kinds import Hand, detached
from tests.integration.verification.judging import codes, judge
from tests.integration.verification.shadow_attacks import CERTIFIED, LEVELS, LIE, PERMITTED, attacks, form_of, signed
from tests.integration.verification.signed_by_hand import SIG, Draft
from tests.missing_tools import need


@pytest.fixture(scope="module")
def hand(world: World) -> Hand:
    return Hand(world)


def drawn(file: bytes) -> bytes:
    with tempfile.NamedTemporaryFile(suffix=".pdf") as given:
        given.write(file)
        given.flush()
        return subprocess.run(["pdftoppm", "-r", "20", "-gray", given.name], capture_output=True, check=False).stdout


def test_no_later_change_is_intact(world: World, hand: Hand) -> None:
    made = list(attacks(hand))
    assert len(made) > 150
    failures = []
    for kind, level, _, hostile in made:
        report = judge(hostile, world)
        permitted = level in PERMITTED and kind.partition(",")[0] in PERMITTED[level]
        wanted = ("indeterminate", "unknown") if permitted else ("invalid", "altered")
        if kind.startswith("form taken away"):
            wanted = ("indeterminate", "unsigned")  # no reader sees a signature any more
        if (report.verdict, report.integrity) != wanted and report.integrity != "unknown":
            failures.append((kind, level, report.verdict, report.integrity, codes(report)))
        if permitted and "permitted_changes" not in codes(report):
            failures.append((kind, level, codes(report)))
    assert not failures, failures


def test_the_attacks_work_somewhere(hand: Hand) -> None:
    """poppler shows something else for many of them: they are no straw men."""
    need("pdftoppm")
    seen = [kind for kind, level, honest, hostile in attacks(hand) if level == 2 and drawn(honest) != drawn(hostile)]
    assert len(seen) >= 15, seen


def with_form(hand: Hand, level: int | None, lock: bytes = b"") -> bytes:
    """A text field filled in after a signature."""
    draft = Draft()
    field, look = draft.new(), draft.new()
    body = b"<</Type /Annot /Subtype /Widget /FT /Tx /T (mark) /F 4 /V (%s) /Rect [300 300 400 320] /P 3 0 R /AP <</N %d 0 R>>>>"
    draft.update(
        {
            look: form_of(b"BT /F1 12 Tf 2 2 Td (7) Tj ET"),
            field: body % (b"7", look),
            3: draft.entry(3, b"/Annots [%d 0 R]" % field),
            1: draft.entry(1, b"/AcroForm <</Fields [%d 0 R] /SigFlags 3>>" % field),
        }
    )
    entries, catalog, widget = SIG, b"", b""
    if level is not None:
        entries, catalog = SIG + CERTIFIED % level, b"/Perms <</DocMDP %d 0 R>>"
    if lock:
        entries += (
            b" /Reference [<</Type /SigRef /TransformMethod /FieldMDP /TransformParams <</Type /TransformParams /V /1.2 %s>>>>]"
            % lock
        )
        widget = b" /Lock <</Type /SigFieldLock %s>>" % lock
    draft.sign(detached(hand), entries=entries, catalog=catalog, widget=widget)
    new = draft.new()
    draft.update({new: form_of(b"BT /F1 12 Tf 2 2 Td (10) Tj ET"), field: body % (b"10", new)})
    return draft.file


@pytest.mark.parametrize("level", LEVELS)
def test_a_field_filled_in_after_signing(world: World, hand: Hand, level: int | None) -> None:
    report = judge(with_form(hand, level), world)
    if level == 1:
        assert (report.verdict, report.integrity) == ("invalid", "altered")
    else:
        assert (report.verdict, report.integrity, codes(report)) == (
            "indeterminate",
            "unknown",
            {"permitted_changes", "foreign"},
        )


def test_a_field_drawn_anew(world: World, hand: Hand) -> None:
    """Signed with one look and another value: who tells readers to draw fields anew shows the value."""
    draft = Draft()
    field, look = draft.new(), draft.new()
    body = b"<</Type /Annot /Subtype /Widget /FT /Tx /DA (/F1 12 Tf) /T (mark) /F 4 /V (10) /Rect [300 300 400 320] /P 3 0 R /AP <</N %d 0 R>>>>"
    draft.update(
        {
            look: form_of(b"BT /F1 12 Tf 2 2 Td (7) Tj ET"),
            field: body % look,
            3: draft.entry(3, b"/Annots [%d 0 R]" % field),
            1: draft.entry(1, b"/AcroForm <</Fields [%d 0 R] /SigFlags 3>>" % field),
        }
    )
    draft.sign(detached(hand))
    assert judge(draft.file, world).integrity == "intact"
    draft.update({1: draft.bodies[1].replace(b"/SigFlags 3", b"/SigFlags 3 /NeedAppearances true")})
    report = judge(draft.file, world)
    assert (report.verdict, report.integrity, codes(report)) == (
        "indeterminate",
        "unknown",
        {"update_unclear", "foreign"},
    )


@pytest.mark.parametrize(
    "lock, is_locked",
    [
        (b"/Action /All", True),
        (b"/Action /Include /Fields [(mark)]", True),
        (b"/Action /Include /Fields [(other)]", False),
        (b"/Action /Exclude /Fields [(other)]", True),
        (b"/Action /Exclude /Fields [(mark)]", False),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_a_locked_field_filled_in(world: World, hand: Hand, lock: bytes, is_locked: bool) -> None:
    report = judge(with_form(hand, None, lock), world)
    assert report.integrity == ("altered" if is_locked else "unknown"), report.reasons


@pytest.mark.parametrize(
    "place, covers",
    [
        (b"0 0 595 842", True),
        (b"50 690 300 730", True),
        (b"595 842 0 0", True),
        (b"0 0 595 400", True),
        (b"60 60 260 120", False),
        (b"0 0 0 0", False),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_a_second_signature_over_what_the_first_signed(
    world: World, hand: Hand, monkeypatch: pytest.MonkeyPatch, place: bytes, covers: bool
) -> None:
    """Signed by somebody, so every byte is covered; yet the first signer saw another page."""
    draft = signed(hand)
    look = draft.new()
    with monkeypatch.context() as patched:
        widget = re.sub(rb"/Rect \[[^\]]*\]", b"/Rect [%s]" % place, signed_by_hand.WIDGET)
        patched.setattr(signed_by_hand, "WIDGET", widget)
        draft.sign(detached(Hand(world)), "Hai", widget=b" /AP <</N %d 0 R>>" % look, objects={look: form_of(LIE)})
    report = judge(draft.file, world)
    assert (report.integrity, "content_covered" in codes(report)) == (
        ("unknown", True) if covers else ("intact", False)
    )
