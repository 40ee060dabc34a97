"""A file signed by hand, because no library writes a signature whose ``/SubFilter`` is a reference."""

from __future__ import annotations

import asyncio
import hashlib

from bench.sealed_record import World
from tests.integration.verification.foreign_forms import page_file, signer_of

_ROOM = 16_000


def signed_with_indirect_kind(world: World) -> bytes:
    """One page and one detached signature in one update."""
    base = page_file()
    at, objects = len(base), {}
    out = b""

    def add(number: int, body: bytes) -> None:
        nonlocal out
        objects[number] = at + len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)

    add(6, b"/adbe.pkcs7.detached")
    before = at + len(out)
    value = b"<</Type /Sig /Filter /Adobe.PPKLite /SubFilter 6 0 R /ByteRange %s /Contents <%s>>>"
    span = b"[0 0000000000 0000000000 0000000000]"
    add(7, value % (span, b"0" * _ROOM))
    add(8, b"<</Type /Annot /Subtype /Widget /FT /Sig /T (Chu ky) /F 132 /Rect [0 0 0 0] /P 3 0 R /V 7 0 R>>")
    add(1, b"<</Type /Catalog /Pages 2 0 R /AcroForm <</Fields [8 0 R] /SigFlags 3>>>>")
    page = b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [8 0 R]"
    add(3, page + b" /Resources <</Font <</F1 5 0 R>>>>>>")
    xref = at + len(out)
    previous = int(base.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    out += b"xref\n" + b"".join(b"%d 1\n%010d 00000 n \n" % item for item in sorted(objects.items()))
    out += b"trailer\n<</Root 1 0 R /Size 9 /Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (previous, xref)
    file = base + out
    hole = file.index(b"/Contents <", before) + len(b"/Contents ")
    after = hole + _ROOM + 2
    file = file.replace(span, b"[0 %010d %010d %010d]" % (hole, after, len(file) - after))
    digest = hashlib.sha256(file[:hole] + file[after:]).digest()
    cms = asyncio.run(signer_of(world).async_sign(digest, "sha256")).dump().hex().encode()
    return file[: hole + 1] + cms.ljust(_ROOM, b"0") + file[after - 1 :]
