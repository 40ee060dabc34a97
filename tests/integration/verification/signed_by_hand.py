"""PDF files signed, changed and extended by hand, in the shapes that Acrobat, iText, PDFBox (DSS) and their like write."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.integration.verification.cms_kinds import Sign
from tests.integration.verification.foreign_forms import page_file, stream

SIG = b"/Type /Sig /Filter /Adobe.PPKLite /SubFilter /adbe.pkcs7.detached"
SPAN = b"[0 0000000000 0000000000 0000000000]"
WIDGET = b"/Type /Annot /Subtype /Widget /FT /Sig /F 132 /Rect [0 0 0 0] /P 3 0 R"
PAGE = b"/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>"


@dataclass
class Habit:
    """How a program writes an update."""

    is_packed: bool = False
    """A stream for the table, and object streams for whatever may be in them."""
    comment: bytes = b""
    """Before ``startxref``."""
    free: bytes = b"0 1\n0000000000 65535 f \n"
    """What a table begins with."""
    eol: bytes = b"\n"
    before: bytes = b""
    """Between the last end and the first object."""
    trailer: bytes = b""
    contents: str = "<%s>"
    """Round the hexadecimal digits of a signature."""
    room: int = 16_000
    last: bytes = b"%%EOF\n"


CLASSIC = Habit()
ACROBAT = Habit(is_packed=True, eol=b"\r", before=b"", last=b"%%EOF\r\n")
ITEXT = Habit(comment=b"%iText-Core-8.0.4\n", trailer=b" /Info 6 0 R", free=b"")
ITEXT_PACKED = Habit(is_packed=True, comment=b"%iText-7.2.5\n")
PDFBOX = Habit(
    before=b"\n",
    free=b"0 1\n0000000000 65535 f\r\n",
    eol=b"\n",
    trailer=b" /DocChecksum /0123456789ABCDEF0123456789ABCDEF",
)
HABITS = {"classic": CLASSIC, "Acrobat": ACROBAT, "iText": ITEXT, "iText packed": ITEXT_PACKED, "PDFBox": PDFBOX}


@dataclass
class Draft:
    """A file that grows by updates; remembers what each object was last."""

    file: bytes = field(default_factory=page_file)
    bodies: dict[int, bytes] = field(
        default_factory=lambda: {
            1: b"<</Type /Catalog /Pages 2 0 R>>",
            3: b"<<%s>>" % PAGE,
            5: b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        }
    )
    size: int = 7
    """The next free number; 6 is kept for the document's information."""
    evidence: dict[bytes, list[int]] = field(default_factory=dict)
    """Numbers of what its DSS lists, by kind."""
    entries: bytes = b""
    """Of its VRI."""

    def new(self) -> int:
        """A number nobody has."""
        self.size += 1
        return self.size - 1

    def entry(self, number: int, added: bytes) -> bytes:
        """A dictionary with one more entry, which replaces one of the same name."""
        key = added.split(None, 1)[0]
        body = re.sub(
            re.escape(key) + rb"\b (?:\[[^\]]*\]|<<(?:[^<>]|<<[^<>]*>>)*>>|\d+ 0 R|/\w+)", b"", self.bodies[number]
        )
        return body[:-2] + b" " + added + b">>"

    def update(
        self, objects: Mapping[int, bytes], habit: Habit = CLASSIC, *, whole: frozenset[int] = frozenset()
    ) -> None:
        """Append an update.

        Args:
            whole: numbers that may not be packed.
        """
        self.bodies.update(objects)
        out, offsets, packed = habit.before, {}, {}
        given = dict(sorted(objects.items()))
        if habit.is_packed:
            loose = [number for number, body in given.items() if number not in whole and b"\nstream" not in body]
            holder = self.new()
            head = data = b""
            for index, number in enumerate(loose):
                head += b"%d %d " % (number, len(data))
                data += given.pop(number) + b" "
                packed[number] = (holder, index)
            given[holder] = stream(
                zlib.compress(head + data),
                b"/Type /ObjStm /N %d /First %d /Filter /FlateDecode" % (len(loose), len(head)),
            )
        for number, body in given.items():
            offsets[number] = len(self.file) + len(out)
            out += b"%d 0 obj%s%s%sendobj%s" % (number, habit.eol, body, b"\n", habit.eol)
        previous = int(re.findall(rb"startxref\s+(\d+)", self.file)[-1])
        at = len(self.file) + len(out)
        if habit.is_packed:
            table = self.new()
            offsets[table] = at
            rows = {number: b"\1" + offset.to_bytes(4) + b"\0\0" for number, offset in offsets.items()}
            rows |= {number: b"\2" + held.to_bytes(4) + index.to_bytes(2) for number, (held, index) in packed.items()}
            index = b" ".join(b"%d 1" % number for number in sorted(rows))
            entries = b"/Type /XRef /W [1 4 2] /Index [%s] /Size %d /Root 1 0 R /Prev %d /Filter /FlateDecode" % (
                index,
                self.size,
                previous,
            )
            out += b"%d 0 obj%s%s%sendobj%s" % (
                table,
                habit.eol,
                stream(zlib.compress(b"".join(rows[n] for n in sorted(rows))), entries),
                b"\n",
                habit.eol,
            )
        else:
            out += (
                b"xref\n" + habit.free + b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(offsets.items()))
            )
            out += b"trailer\n<</Root 1 0 R /Size %d /Prev %d%s>>\n" % (self.size, previous, habit.trailer)
        self.file += out + habit.comment + b"startxref\n%d\n" % at + habit.last

    def sign(
        self,
        sign: Sign,
        name: str = "Chu ky",
        habit: Habit = CLASSIC,
        *,
        entries: bytes = SIG,
        widget: bytes = b"",
        catalog: bytes = b"",
        objects: Mapping[int, bytes] | None = None,
    ) -> None:
        """Append an update with a signature.

        Args:
            entries: of the signature's dictionary.
            widget: further entries of its field.
            catalog: a further entry of the catalog; ``%d`` is the signature's number.
            objects: what else changes.
        """
        value, place = self.new(), self.new()
        fields = re.search(rb"/Fields \[([^\]]*)\]", self.bodies[1])
        listed = (fields.group(1) if fields else b"") + b" %d 0 R" % place
        notes = re.search(rb"/Annots \[([^\]]*)\]", self.bodies[3])
        changed = {
            value: b"<<%s /ByteRange %s /Contents %s>>"
            % (entries, SPAN, habit.contents.replace("%s", "0" * habit.room).encode()),
            place: b"<<%s /T (%s) /V %d 0 R%s>>" % (WIDGET, name.encode(), value, widget),
            3: self.entry(3, b"/Annots [%s %d 0 R]" % (notes.group(1) if notes else b"", place)),
            1: self.entry(1, b"/AcroForm <</Fields [%s] /SigFlags 3>>" % listed),
            **(objects or {}),
        }
        if catalog:
            self.bodies[1] = changed[1]
            changed[1] = self.entry(1, catalog.replace(b"%d", b"%d" % value))
        start = len(self.file)
        self.update(changed, habit, whole=frozenset({value}))
        self.file = filled(self.file, start, sign, habit)


def filled(file: bytes, start: int, sign: Sign, habit: Habit = CLASSIC) -> bytes:
    """A file whose last update waits for its signature."""
    before, after = habit.contents.encode().split(b"%s")
    hole = file.index(b"/Contents " + before, start) + len(b"/Contents ")
    end = hole + len(before) + habit.room + len(after)
    span = b"[0 %d %d %d]" % (hole, end, len(file) - end)
    file = file.replace(SPAN, span.ljust(len(SPAN)), 1)
    signature = sign(file[:hole] + file[end:]).hex().encode()
    assert len(signature) <= habit.room
    return file[: hole + len(before)] + signature.ljust(habit.room, b"0") + file[end - len(after) :]
