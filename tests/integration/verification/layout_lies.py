"""Layouts changed by a forger who has our own writer and lays out what others will sign: pages that show something else than they say.

Each kind changes the objects of a fresh layout, before anybody signs, so that every signature holds over it.
"""

from __future__ import annotations

import dataclasses
import re
import struct
import zlib
from collections.abc import Callable

from hocba_app.forms.fonts import BOLD, REGULAR
from hocba_app.forms.header_footer import CODE_LABEL
from hocba_app.forms.pdfa import SRGB_PROFILE
from hocba_app.recordfile.signature_fields import RenderedDocument
from hocba_app.verification.layout_grammar import HEADER
from hocba_app.verification.strict_pdf_objects import read_objects, unpack

Bodies = list[bytes]


def relaid(rendered: RenderedDocument, change: Callable[[Bodies], None]) -> RenderedDocument:
    """A layout whose objects were changed by a forger who has our own writer."""
    objects, _ = read_objects(rendered.pdf, len(HEADER))
    bodies = [rendered.pdf[each.offset : each.end].split(b"\n", 1)[1].removesuffix(b"\nendobj\n") for each in objects]
    change(bodies)
    out, offsets = bytearray(HEADER), []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    identity = re.search(rb"/ID (\[<[0-9a-f]+> <[0-9a-f]+>\])", rendered.pdf)
    assert identity is not None
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(bodies) + 1, table)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /ID %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1, identity.group(1), len(out) - len(table) - len(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    )  # fmt: skip
    return dataclasses.replace(rendered, pdf=bytes(out))


def stream_of(body: bytes) -> bytes:
    return unpack(body.split(b"stream\n", 1)[1].removesuffix(b"\nendstream"), 4 << 20)


def with_stream(body: bytes, data: bytes) -> bytes:
    packed = zlib.compress(data)
    head = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), body.split(b"\nstream\n", 1)[0])
    return b"%s\nstream\n%s\nendstream" % (re.sub(rb"/Length1 \d+", b"/Length1 %d" % len(data), head), packed)


def on_pages(change: Callable[[bytes], bytes]) -> Callable[[Bodies], None]:
    """Change the content of every page."""

    def changed(bodies: Bodies) -> None:
        for at, body in enumerate(bodies):
            if b"/Type /Page " in body:
                bodies[at - 1] = with_stream(bodies[at - 1], change(stream_of(bodies[at - 1])))

    return changed


def of_font(name: bytes, further: int, change: Callable[[bytes], bytes]) -> Callable[[Bodies], None]:
    """Change a part of a typeface: its program (0) or its map to letters (3)."""

    def changed(bodies: Bodies) -> None:
        at = next(at for at, body in enumerate(bodies) if b"/FontDescriptor /FontName" in body and name in body) - 1
        bodies[at + further] = with_stream(bodies[at + further], change(stream_of(bodies[at + further])))

    return changed


_DIGITS = {digit: REGULAR.glyph(digit) for digit in "0123456789"}


def swapped_outlines(program: bytes) -> bytes:
    """The outline of 9 at the number of 5: the text says 5, the page shows 9."""
    outlines = {digit: REGULAR._outlines[glyph] for digit, glyph in _DIGITS.items()}
    five, nine = outlines["5"], outlines["9"]
    longest = max(len(five), len(nine))
    assert five in program
    return program.replace(five, nine[: len(five)].ljust(len(five), b"\0")) if longest else program


def lying_map(text: bytes) -> bytes:
    """The glyph of 5 is read out as 9."""
    five = b"<%04X> <0035>" % _DIGITS["5"]
    assert five in text
    return text.replace(five, b"<%04X> <0039>" % _DIGITS["5"])


def one_more_letter(text: bytes) -> bytes:
    return text.replace(b"<%04X> <0035>" % _DIGITS["5"], b"<%04X> <00350030>" % _DIGITS["5"])


def shown(extra: bytes) -> Callable[[bytes], bytes]:
    return lambda content: content.removesuffix(b"ET") + extra + b"\nET"


def before_text(extra: bytes) -> Callable[[bytes], bytes]:
    return lambda content: extra + b"\n" + content


NINE = b"<%04X>" % BOLD.glyph("9")


def everywhere(pattern: bytes, by: bytes) -> Callable[[Bodies], None]:
    """Change any entry of a dictionary."""

    def changed(bodies: Bodies) -> None:
        before = list(bodies)
        for at, body in enumerate(bodies):
            head, found, rest = body.partition(b"\nstream\n")
            bodies[at] = re.sub(pattern, by, head) + found + rest
        assert bodies != before, pattern

    return changed


def over_the_first_word(content: bytes) -> bytes:
    """Another word at the place of the page's first."""
    shown = re.findall(rb"/[RBI] [0-9.]+ Tf\n|[0-9. ]+ rg\n|[-0-9.]+ [-0-9.]+ Td <[0-9A-F]+> Tj\n", content)[2]
    return content.replace(shown, shown + b"0 0 Td %s Tj\n0 0 Td %s Tj\n" % (NINE, NINE), 1)


def under_the_texts(drawn: Callable[[float, float], bytes]) -> Callable[[Bodies], None]:
    """Something at the place of every text of the middle of a page."""

    def change(content: bytes) -> bytes:
        x = y = 0.0
        lines = []
        for right, up in re.findall(rb"(\S+) (\S+) Td <", content):
            x, y = x + float(right), y + float(up)
            if 200 < y < 700:
                lines.append(drawn(x, y))
        return b"\n".join(lines) + b"\n" + content

    return on_pages(change)


def two_tables_of_outlines(program: bytes) -> bytes:
    """The outlines of another letter under a name that is there twice: FreeType takes the first, others the last."""
    swapped = swapped_outlines(program)
    tables = [(tag, program[at : at + length]) for tag, _, at, length in struct.iter_unpack(">4sIII", program[12:108])]
    at = struct.unpack_from(">I", swapped, 12 + 8)[0]
    forged = swapped[at : at + len(dict(tables)[b"glyf"])]
    order = [(b"glyf", forged), *tables]
    out, place, directory = b"", 12 + 16 * len(order), b""
    for tag, data in order:
        directory += struct.pack(">4sIII", tag, 0, place + len(out), len(data))
        out += data.ljust(len(data) + -len(data) % 4, b"\0")
    return program[:4] + struct.pack(">HHHH", len(order), 64, 2, 48) + directory + out


def in_table(tag: bytes, at: int, new: bytes) -> Callable[[bytes], bytes]:
    """A typeface with other bytes in a table."""

    def change(program: bytes) -> bytes:
        start = next(start for name, _, start, _ in struct.iter_unpack(">4sIII", program[12:108]) if name == tag) + at
        return program[:start] + new + program[start + len(new) :]

    return change


def white_profile(bodies: Bodies) -> None:
    """A meaning of colours by which every one is white: MuPDF draws by it."""
    curve = SRGB_PROFILE.index(b"para")
    profile = (
        SRGB_PROFILE[:curve]
        + b"curv"
        + bytes(4)
        + struct.pack(">IHH", 2, 0xFFFF, 0xFFFF)
        + bytes(16)
        + SRGB_PROFILE[curve + 32 :]
    )
    assert len(profile) == len(SRGB_PROFILE)
    bodies[4] = with_stream(bodies[4], profile)


def with_state(entries: bytes, used: bytes) -> Callable[[Bodies], None]:
    """A graphics state or a layer in the resources, used around the text."""

    def change(bodies: Bodies) -> None:
        everywhere(rb"(<< /Font << .*)>>\Z", rb"\1" + entries + b" >>")(bodies)
        on_pages(lambda content: content.replace(b"BT\n", used + b"\nBT\n", 1))(bodies)

    return change


LIES: dict[str, Callable[[Bodies], None]] = {
    "outlines of another letter": of_font(b"Tinos-Regular", 0, swapped_outlines),
    "a map to another letter": of_font(b"Tinos-Regular", 3, lying_map),
    "a map to more letters": of_font(b"Tinos-Regular", 3, one_more_letter),
    "a typeface of its own": lambda bodies: bodies.__setitem__(
        slice(None), [body.replace(b"+Tinos-Bold", b"+Tinos-Bald") for body in bodies]
    ),
    "other widths": lambda bodies: bodies.__setitem__(
        slice(None), [re.sub(rb"/W \[(\d+) \[[0-9.]+\]", rb"/W [\1 [1]", body) for body in bodies]
    ),
    "white text": on_pages(shown(b"1 1 1 rg\n0 0 Td " + NINE + b" Tj")),
    "a second word over the first": on_pages(shown(b"/B 900 Tf\n0 0 Td " + NINE + b" Tj")),
    "text too small to see": on_pages(shown(b"/B 0.1 Tf\n0 0 Td " + NINE + b" Tj")),
    "text beyond the page": on_pages(shown(b"-3000 0 Td " + NINE + b" Tj")),
    "a number drawn with slanted lines": on_pages(before_text(b"q 1 w 0 0 0 RG 100 100 m 120 140 l S Q")),
    "a dark patch": on_pages(before_text(b"q 0 0 0 rg 20 20 300 300 re f Q")),
    "a picture of a page": on_pages(before_text(b"q 595 0 0 842 0 0 cm /Qr Do Q")),
    "a drawing after the text": on_pages(lambda content: content + b"\nq 1 1 1 rg 0 0 600 800 re f Q"),
    "text in another mode": on_pages(lambda content: content.replace(b"BT\n", b"BT\n3 Tr\n", 1)),
    "text moved by a matrix": on_pages(lambda content: content.replace(b"BT\n", b"1 0 0 1 900 0 cm\nBT\n", 1)),
    "letters squeezed": on_pages(lambda content: content.replace(b"BT\n", b"BT\n1 Tz\n", 1)),
    "a rule as wide as the page": on_pages(before_text(b"q 800 w 0.08 0.08 0.12 RG 0 420 m 595 420 l S Q")),
    "thin rules through the words": under_the_texts(
        lambda x, y: b"\n".join(
            b"q 1 w 0.08 0.08 0.12 RG %.2f %.2f m %.2f %.2f l S Q" % (x, y + up, x + 60, y + up) for up in range(9)
        )
    ),
    "a frame as thick as a page": on_pages(before_text(b"q 900 w 0.08 0.08 0.12 RG 100 100 300 300 re S Q")),
    "pictures under the words": under_the_texts(lambda x, y: b"q 40 0 0 40 %.2f %.2f cm /Qr Do Q" % (x, y - 10)),
    "ornaments under the words": under_the_texts(
        lambda x, y: b"q 0.62 0.09 0.11 rg %.2f %.2f 11 11 re f Q" % (x, y - 2)
    ),
    "a word at the place of another": on_pages(over_the_first_word),
    "a word that runs off the page": on_pages(shown(b"/B 30 Tf\n0 0 Td <%s> Tj" % (NINE[1:-1] * 60))),
    "a smaller page": everywhere(rb"/MediaBox \[0 0 595.28 841.89\]", b"/MediaBox [0 0 595.28 500]"),
    "a larger page": everywhere(rb"/MediaBox \[0 0 595.28 841.89\]", b"/MediaBox [0 0 700 842]"),
    "a cropped page": everywhere(rb"(/Type /Page .*) >>", rb"\1 /CropBox [0 0 595 400] >>"),
    "a turned page": everywhere(rb"(/Type /Page .*) >>", rb"\1 /Rotate 180 >>"),
    "a page in other units": everywhere(rb"(/Type /Page .*) >>", rb"\1 /UserUnit 3 >>"),
    "a note on the page": everywhere(
        rb"(/Type /Page .*) >>",
        rb"\1 /Annots [<</Type /Annot /Subtype /Square /Rect [50 300 500 700] /IC [1 1 1] /C [1 1 1]>>] >>",
    ),
    "clipped away": on_pages(lambda content: b"0 0 9 9 re W n\n" + content),
    "a layer that is off": with_state(b" /Properties << /Off << /Type /OCG /Name (x) >> >>", b"/OC /Off BDC"),
    "a soft mask": with_state(b" /ExtGState << /Gone << /ca 0 /CA 0 >> >>", b"/Gone gs"),
    "blended away": with_state(b" /ExtGState << /Gone << /BM /Difference >> >>", b"/Gone gs"),
    "a pattern for a colour": on_pages(lambda content: content.replace(b" rg\n", b" rg\n/Pattern cs\n", 1)),
    "a typeface that is not embedded": everywhere(rb"/FontFile2 \d+ 0 R", b""),
    "a typeface drawn by procedures": everywhere(rb"/Subtype /Type0 ", b"/Subtype /Type3 "),
    "another writing direction": everywhere(rb"/Identity-H", b"/Identity-V"),
    "numbers of other glyphs": everywhere(rb"/CIDToGIDMap /Identity", b"/CIDToGIDMap 5 0 R"),
    "two tables of outlines": of_font(b"Tinos-Regular", 0, two_tables_of_outlines),
    "a typeface of few points": of_font(b"Tinos-Regular", 0, in_table(b"maxp", 6, b"\0\1\0\1")),
    "a typeface of another size": of_font(b"Tinos-Regular", 0, in_table(b"head", 18, b"\x00\x40")),
    "a typeface of tall lines": of_font(b"Tinos-Regular", 0, in_table(b"hhea", 4, b"\x7f\xff")),
    "a typeface that says it is wider": everywhere(rb"/FontBBox \[[^\]]*\]", b"/FontBBox [0 0 1 1]"),
    "colours that mean white": white_profile,
    "a picture turned inside out": everywhere(rb"(/Subtype /Image .*/BitsPerComponent 1)", rb"\1 /Decode [1 0]"),
    "two pictures of one name": everywhere(rb"/XObject << (/Qr \d+ 0 R)", rb"/XObject << \1 \1"),
    "no code in the foot": on_pages(lambda content: content.replace(REGULAR.encode(CODE_LABEL).encode(), NINE[1:-1])),
}
