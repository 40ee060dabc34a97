"""A base revision may hold nothing but what our layout writes: shadow content, scripts and actions have no place to be."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import pytest

from hocba_app.forms.render import render
from hocba_app.pki.not_shown import NotShown
from hocba_app.recordfile.base_revision import build_base
from hocba_app.recordfile.demands import demand_of
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot
from hocba_app.recordfile.signature_fields import RenderedDocument
from hocba_app.verification.base_grammar import read_base
from hocba_app.verification.layout_grammar import HEADER
from hocba_app.verification.strict_pdf_objects import Deviation, read_objects, require_section, unpack
from tests import samples

SNAPSHOT = samples.history_snapshot()
RENDERED = render(SNAPSHOT)
MANIFEST = Manifest(
    kind="history",
    school=ManifestSchool("1", "Trường", "0312345678"),
    student_code="1",
    snapshot_sha256="0" * 64,
    code="K7QM-2RTX-9BHD",
    version=1,
    salt="00",
    slots=tuple(
        ManifestSlot(slot["field"], "x", slot["stage"], demand_of("00", ("1",), "x")) for slot in SNAPSHOT["slots"]
    ),
)


def relaid(change: Callable[[list[bytes]], None]) -> bytes:
    """A base on a layout whose objects were changed by a forger who has our own writer."""
    objects, _ = read_objects(RENDERED.pdf, len(HEADER))
    bodies = [RENDERED.pdf[item.offset : item.end].split(b"\n", 1)[1].removesuffix(b"\nendobj\n") for item in objects]
    change(bodies)
    out, offsets = bytearray(HEADER), []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1) + b"".join(
        b"%010d 00000 n \n" % offset for offset in offsets
    )
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 3 0 R /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(bodies) + 1,
        b"0" * 32,
        b"0" * 32,
        at,
    )
    return build_base(RenderedDocument(bytes(out), RENDERED.fields), MANIFEST)


def page_content(bodies: list[bytes]) -> int:
    return next(at for at, body in enumerate(bodies) if b"/Type /Page " in body) - 1


def drawn(bodies: list[bytes], extra: bytes) -> None:
    at = page_content(bodies)
    plain = zlib.decompress(bodies[at].split(b"stream\n", 1)[1].removesuffix(b"\nendstream"))
    packed = zlib.compress(plain + extra)
    bodies[at] = b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(packed), packed)


def replaced(bodies: list[bytes], old: bytes, new: bytes) -> None:
    at = next(at for at, body in enumerate(bodies) if old in body)
    bodies[at] = bodies[at].replace(old, new, 1)


SHADOWS: dict[str, Callable[[list[bytes]], None]] = {
    "script on opening": lambda bodies: replaced(
        bodies, b"/Lang (vi-VN)", b"/Lang (vi-VN) /OpenAction << /S /JavaScript /JS (x) >>"
    ),
    "optional content": lambda bodies: replaced(
        bodies, b"/Lang (vi-VN)", b"/Lang (vi-VN) /OCProperties << /OCGs [] /D << >> >>"
    ),
    "a form of its own": lambda bodies: replaced(bodies, b"/Lang (vi-VN)", b"/Lang (vi-VN) /AcroForm << /Fields [] >>"),
    "embedded file": lambda bodies: replaced(
        bodies, b"/Lang (vi-VN)", b"/Lang (vi-VN) /Names << /EmbeddedFiles << >> >>"
    ),
    "page action": lambda bodies: replaced(bodies, b"/Type /Page /Parent", b"/Type /Page /AA << /O 3 0 R >> /Parent"),
    "annotation on a page": lambda bodies: replaced(
        bodies, b"/Type /Page /Parent", b"/Type /Page /Annots [3 0 R] /Parent"
    ),
    "second content on a page": lambda bodies: replaced(bodies, b"/Contents ", b"/Contents [3 0 R] /X "),
    "an object nobody refers to": lambda bodies: bodies.append(b"<< /Type /XObject >>"),
    "a waiting page": lambda bodies: bodies.append(
        b"<< /Filter /FlateDecode /Length 8 >>\nstream\n" + zlib.compress(b"") + b"\nendstream"
    ),
    "inline image": lambda bodies: drawn(bodies, b"\nBI /W 1 /H 1 ID x EI"),
    "marked as optional": lambda bodies: drawn(bodies, b"\n/OC /X BDC q Q EMC"),
    "shading": lambda bodies: drawn(bodies, b"\n/S sh"),
    "invisible text": lambda bodies: drawn(bodies, b"\nBT 3 Tr ET"),
    "graphics state": lambda bodies: drawn(bodies, b"\n/G gs"),
    "content with a tail": lambda bodies: replaced(bodies, b"/Type /Metadata", b"/Type /Metadata /A 1"),
    "page of another size": lambda bodies: replaced(bodies, b"/MediaBox [0 0 ", b"/MediaBox [0 -900 "),
    "page turned": lambda bodies: replaced(bodies, b"/Type /Page /Parent", b"/Type /Page /Rotate 180 /Parent"),
    "font from outside": lambda bodies: replaced(bodies, b"/Identity-H", b"/Identity-V"),
    "more resources": lambda bodies: replaced(bodies, b"<< /Font <<", b"<< /ExtGState << /G 3 0 R >> /Font <<"),
    "image that acts": lambda bodies: replaced(bodies, b"/Subtype /Image", b"/Subtype /Image /OC 3 0 R"),
}


def test_the_honest_base_is_read() -> None:
    base = read_base(build_base(RENDERED, MANIFEST))
    assert base.manifest == MANIFEST and set(base.fields) == {"principal", "seal"}
    assert read_base(relaid(lambda _: None)).manifest == MANIFEST


@pytest.mark.parametrize("name", SHADOWS)
def test_a_shadow_in_the_base_is_seen(name: str) -> None:
    with pytest.raises(Deviation) as seen:
        read_base(relaid(SHADOWS[name]))
    assert seen.value.where == "base"


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n", RENDERED.pdf[:9] + b"x" + RENDERED.pdf[9:]]
)
def test_a_foreign_file_is_nothing_of_ours(data: bytes) -> None:
    with pytest.raises(NotShown) as seen:
        read_base(data)
    assert not isinstance(seen.value, Deviation)


def test_a_field_outside_its_page_or_over_the_marks() -> None:
    from dataclasses import replace

    for rect in (
        (-50.0, 10.0, 40.0, 50.0),
        (0.0, 0.0, 2000.0, 100.0),
        (50.0, 50.0, 40.0, 90.0),
        (50.0, 300.0, 550.0, 400.0),
        (50.0, 300.0, 150.0, 700.0),
    ):
        fields = (replace(RENDERED.fields[0], rect=rect), *RENDERED.fields[1:])
        with pytest.raises(Deviation):
            read_base(build_base(RenderedDocument(RENDERED.pdf, fields), MANIFEST))


def test_every_single_byte_of_the_structure_counts() -> None:
    """Changes outside streams: never read as ours unless they only say something else in words (title, identity)."""
    base = build_base(RENDERED, MANIFEST)
    streams = [(found.start(), found.end()) for found in re.finditer(rb"stream\n.*?\nendstream", base, re.DOTALL)]
    free = re.compile(
        rb"<FEFF[0-9A-F]*>|\[<[0-9a-f]{32}> <[0-9a-f]{32}>\]|/MediaBox \[[^]]*\]|/FontBBox \[[^]]*\]|/W \[.*\] >>|/Flags \d+|Length1 \d+"
        rb"|/(?:ItalicAngle|Ascent|Descent|CapHeight|StemV) -?[\d.]+|/[A-Z]{6}\+[A-Za-z-]+|/Rect \[[^]]*\]|/Width \d+ /Height \d+|/BitsPerComponent \d"
    )
    loose = [(found.start(), found.end()) for found in free.finditer(base)]
    spots = [at for at in range(0, len(base), 7) if not any(start <= at < end for start, end in (*streams, *loose))]
    assert len(spots) > 500
    for at in spots:
        with pytest.raises(NotShown):
            read_base(base[:at] + bytes((base[at] ^ 0x11,)) + base[at + 1 :])


def test_unpack_is_whole_and_bounded() -> None:
    packed = zlib.compress(b"x" * 1000)
    assert unpack(packed, 1000) == b"x" * 1000
    for broken in (packed + b"y", packed[:-1], b"", b"no zlib", zlib.compress(b"x" * 1001), None):
        with pytest.raises(NotShown):
            unpack(broken, 1000)


def test_an_object_twice_in_one_update_is_refused() -> None:
    objects, _ = read_objects(b"7 0 obj\n<</A 1>>\nendobj\n7 0 obj\n<</A 2>>\nendobj\n", 0)
    with pytest.raises(NotShown):
        require_section(b"", 0, objects, size=8, root=1, info=b"", file_id=b"[]", previous=0)
