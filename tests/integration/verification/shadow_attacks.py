"""Attacks on signed files of other programs, by generator: what an update hides, replaces, or hides first and replaces later.

Each kind is an update behind a signature – an approval, or a certification of level 1 to 3 – that makes some reader show something else, or
could. None of them may be called intact; what a signature permits is neither intact nor altered.
"""

from __future__ import annotations

import itertools
import re
import zlib
from collections.abc import Callable, Iterator, Mapping

from tests.integration.verification.cms_kinds import Hand, detached
from tests.integration.verification.foreign_forms import stream
from tests.integration.verification.signed_by_hand import ACROBAT, CLASSIC, ITEXT_PACKED, SIG, Draft, Habit

LIE = b"1 1 1 rg 0 0 595 842 re f 0 g BT /F1 24 Tf 60 700 Td (Diem trung binh: 10.0) Tj ET"
CERTIFIED = b" /Reference [<</Type /SigRef /TransformMethod /DocMDP /TransformParams <</Type /TransformParams /P %d /V /1.2>>>>]"
HABITS: Mapping[str, Habit] = {"table": CLASSIC, "packed": ACROBAT, "iText": ITEXT_PACKED}
LEVELS = (None, 1, 2, 3)
Change = Callable[[Draft], dict[int, bytes]]
HIDDEN = 60
"""Number of an object with other content that the signer signed without seeing it."""


def form_of(content: bytes) -> bytes:
    entries = b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources <</Font <</F1 5 0 R>>>>"
    return stream(content, entries)


def signed(hand: Hand, level: int | None = None, *, prepare: Mapping[int, bytes] | None = None) -> Draft:
    """A file that somebody approved, or certified."""
    draft = Draft()
    if prepare:
        draft.size = max(draft.size, *(number + 1 for number in prepare))
        draft.update(prepare)
    if level is None:
        draft.sign(detached(hand))
    else:
        draft.sign(detached(hand), entries=SIG + CERTIFIED % level, catalog=b"/Perms <</DocMDP %d 0 R>>")
    return draft


def page(entry: bytes) -> Change:
    return lambda draft: {3: draft.entry(3, entry)}


def catalog(entry: bytes) -> Change:
    return lambda draft: {1: draft.entry(1, entry)}


def form(entry: bytes) -> Change:
    """An entry of the interactive form."""
    return lambda draft: {1: draft.bodies[1].replace(b"/SigFlags 3", b"/SigFlags 3 " + entry)}


def note(kind: bytes, extra: bytes = b"") -> Change:
    def made(draft: Draft) -> dict[int, bytes]:
        look, number = draft.new(), draft.new()
        listed = re.search(rb"/Annots \[([^\]]*)\]", draft.bodies[3])
        assert listed
        body = b"<</Type /Annot /Subtype /%s /F 4 /Rect [0 0 595 842] /P 3 0 R /Contents (x) /AP <</N %d 0 R>>%s>>"
        return {
            look: form_of(LIE),
            number: body % (kind, look, extra),
            3: draft.entry(3, b"/Annots [%s %d 0 R]" % (listed.group(1), number)),
        }

    return made


def new_field(kind: bytes) -> Change:
    """A field of the form that nobody signed, over the page."""

    def made(draft: Draft) -> dict[int, bytes]:
        changed = note(b"Widget", b" /FT /%s /T (New)" % kind)(draft)
        fields = re.search(rb"/Fields \[([^\]]*)\]", draft.bodies[1])
        assert fields
        number = max(set(changed) - {3})
        listed = b"/AcroForm <</Fields [%s %d 0 R] /SigFlags 3>>" % (fields.group(1), number)
        return changed | {1: draft.entry(1, listed)}

    return made


def both(*changes: Change) -> Change:
    return lambda draft: dict(itertools.chain.from_iterable(change(draft).items() for change in changes))


def another_page(draft: Draft) -> dict[int, bytes]:
    tree, leaf, content = draft.new(), draft.new(), draft.new()
    return {
        content: stream(LIE),
        leaf: b"<</Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources <</Font <</F1 5 0 R>>>>>>"
        % (tree, content),
        tree: b"<</Type /Pages /Kids [%d 0 R] /Count 1>>" % leaf,
        1: draft.bodies[1].replace(b"/Pages 2 0 R", b"/Pages %d 0 R" % tree),
    }


_JS = b"<</S /JavaScript /JS (app.alert\\(1\\))>>"
CHANGES: dict[str, Change] = {
    "content replaced": lambda _: {4: stream(LIE)},
    "content packed anew": lambda _: {4: stream(zlib.compress(LIE), b"/Filter /FlateDecode")},
    "content taken away": page(b"/Contents 99 0 R"),
    "content added": lambda draft: {60: stream(LIE), 3: draft.bodies[3].replace(b"/Contents 4 0 R", b"/Contents [4 0 R 60 0 R]")},
    "content that was hidden": page(b"/Contents %d 0 R" % HIDDEN),
    "typeface replaced": lambda _: {5: b"<</Type /Font /Subtype /Type1 /BaseFont /ZapfDingbats>>"},
    "typeface of other widths": lambda _: {5: b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 32 /LastChar 33 /Widths [9 9]>>"},
    "letters that mean others": lambda _: {5: b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding <</Differences [55 /nine]>>>>"},
    "resources replaced": page(b"/Resources <</Font <</F1 61 0 R>>>>"),
    "another tree of pages": another_page,
    "no pages": lambda _: {2: b"<</Type /Pages /Kids [] /Count 0>>"},
    "the page twice": lambda _: {2: b"<</Type /Pages /Kids [3 0 R 3 0 R] /Count 2>>"},
    "page cropped": page(b"/CropBox [0 0 595 600]"),
    "page turned": page(b"/Rotate 180"),
    "page smaller": page(b"/MediaBox [0 0 595 500]"),
    "page in other units": page(b"/UserUnit 3"),
    "page blended": page(b"/Group <</S /Transparency /CS /DeviceRGB /I true>>"),
    "page with an action": page(b"/AA <</O " + _JS + b">>"),
    "note: free text": note(b"FreeText"),
    "note: stamp": note(b"Stamp"),
    "note: square": note(b"Square"),
    "note: redaction": note(b"Redact"),
    "note: water mark": note(b"Watermark"),
    "note: link": note(b"Link", b" /A <</S /URI /URI (https://x.example)>>"),
    "note: film": note(b"RichMedia"),
    "note with an action": note(b"Text", b" /A " + _JS),
    "note and content": both(note(b"Text"), lambda _: {4: stream(LIE)}),
    "field: text": new_field(b"Tx"),
    "field: button": new_field(b"Btn"),
    "field: place to sign": new_field(b"Sig"),
    "script as it opens": catalog(b"/OpenAction " + _JS),
    "another page as it opens": catalog(b"/OpenAction [99 0 R /Fit]"),
    "scripts by event": catalog(b"/AA <</WC " + _JS + b">>"),
    "scripts by name": catalog(b"/Names <</JavaScript <</Names [(a) " + _JS + b"]>>>>"),
    "layers": catalog(b"/OCProperties <</OCGs [] /D <</BaseState /OFF /AS [<</Event /View /Category [/View] /OCGs []>>]>>>>"),
    "attachment": catalog(b"/AF [<</Type /Filespec /F (a.pdf)>>]"),
    "collection": catalog(b"/Collection <</View /H>>"),
    "certification taken away": lambda draft: {1: re.sub(rb"/Perms <<[^>]*>>", b"", draft.bodies[1]) + b"\n"},
    "usage rights": catalog(b"/Perms <</UR3 5 0 R>>"),
    "form of another technology": form(b"/XFA 60 0 R"),
    "looks to be made anew": form(b"/NeedAppearances true"),
    "form taken away": lambda draft: {1: re.sub(rb"/AcroForm <<.*?>>", b"", draft.bodies[1])},
    "number of four hundred digits": lambda _: {4: stream(LIE), 60: b"1" * 400},
    "very deep": lambda _: {4: stream(LIE), 60: b"[" * 400 + b"]" * 400},
}  # fmt: skip
PERMITTED = {3: frozenset({"note: free text", "note: stamp", "note: square"})}
"""What a certification of this level lets come: told, and neither intact nor altered."""
HARMLESS = frozenset({"certification taken away"})
"""On an approval: nothing is taken away."""


def attacks(hand: Hand) -> Iterator[tuple[str, int | None, bytes, bytes]]:
    """Kind, level of certification, the honest file and the hostile one; the way of writing turns from one to the next."""
    writing = itertools.cycle(HABITS.items())
    for level in LEVELS:
        for kind, change in CHANGES.items():
            if level is None and kind in HARMLESS:
                continue
            draft = signed(hand, level, prepare={HIDDEN: stream(LIE)} if kind == "content that was hidden" else None)
            honest = draft.file
            name, habit = next(writing)
            draft.update(change(draft), habit)
            yield f"{kind}, {name}", level, honest, draft.file
