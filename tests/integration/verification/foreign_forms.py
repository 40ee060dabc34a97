"""Sound PDF files in forms that other programs write: linearised, hybrid, with streams for tables, with indirect entries.

Each maker gives an unsigned file or changes how a signed one will be laid out; :func:`signed` signs it.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Callable

import pikepdf
from asn1crypto import keys, x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.sealed_record import World

TEXT = b"BT /F1 24 Tf 60 700 Td (Diem trung binh: 7.0) Tj ET"
FORGED = b"BT /F1 24 Tf 60 700 Td (Diem trung binh: 10.0) Tj ET"


def signer_of(world: World) -> signers.SimpleSigner:
    person = world.person("Người Ngoài", "079085123123")
    store = SimpleCertificateStore()
    for item in person.chain[1:]:
        store.register(x509.Certificate.load(item))
    key = person.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return signers.SimpleSigner(x509.Certificate.load(person.chain[0]), keys.PrivateKeyInfo.load(key), store)


def signed(world: World, file: bytes, *names: str, **metadata: object) -> bytes:
    """The file signed once for each name, each time by an incremental update."""
    signer = signer_of(world)
    for name in names or ("Chu ky",):
        writer = IncrementalPdfFileWriter(io.BytesIO(file), strict=False)
        if writer.prev.encrypted:
            writer.encrypt(b"")
        chosen = signers.PdfSignatureMetadata(field_name=name, **metadata)  # type: ignore[arg-type]
        file = signers.sign_pdf(writer, chosen, signer=signer).getvalue()
    return file


def page_file() -> bytes:
    """One page with a line of text, a classic table."""
    return assembled(
        [
            b"<</Type /Catalog /Pages 2 0 R>>",
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>>",
            stream(TEXT),
            b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        ]
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s /Length %d>>\nstream\n%s\nendstream" % (entries, len(data), data)


def assembled(objects: list[bytes]) -> bytes:
    """Objects numbered from 1, the first the catalog."""
    out, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return out + b"trailer\n<</Root 1 0 R /Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, at)


def saved(**options: object) -> bytes:
    """The page written by qpdf."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(page_file())) as pdf:
        pdf.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def hybrid() -> bytes:
    """Text editors write a classic table for old readers and a stream with the rest for new ones."""
    file = page_file()
    start = file.rindex(b"xref\n", 0, file.rindex(b"startxref"))
    out = file[:start]
    packed = zlib.compress(b"6 0 <</Note (hybrid)>>")
    holder = len(out)
    out += b"7 0 obj\n" + stream(packed, b"/Type /ObjStm /N 1 /First 4 /Filter /FlateDecode") + b"\nendobj\n"
    table = len(out)
    rows = bytes((2, 0, 7, 0)) + bytes((1,)) + holder.to_bytes(2) + bytes(1)
    out += b"8 0 obj\n" + stream(rows, b"/Type /XRef /W [1 2 1] /Index [6 2] /Size 9 /Root 1 0 R") + b"\nendobj\n"
    at = len(out)
    lines = file[start:].split(b"trailer")[0].replace(b"0 6\n", b"0 9\n", 1)
    free = b"0000000000 65535 f \n" * 3
    trailer = b"trailer\n<</Root 1 0 R /Size 9 /XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n"
    return out + lines + free + trailer % (table, at)


def with_header_later(file: bytes) -> bytes:
    """Offsets count from the first byte, as some scanners write them."""
    before = b"\r\n"
    moved = re.sub(rb"(\d{10}) 00000 n", lambda found: b"%010d 00000 n" % (int(found.group(1)) + len(before)), file)
    at = int(re.findall(rb"startxref\n(\d+)", file)[-1])
    return before + moved.replace(b"startxref\n%d" % at, b"startxref\n%d" % (at + len(before)))


def one_key_twice() -> bytes:
    return assembled(
        [
            b"<</Type /Catalog /Pages 2 0 R /Lang (vi) /Lang (vi)>>",
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>>",
            stream(TEXT),
            b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
        ]
    )


def indirect_form() -> bytes:
    """A form whose lists and kinds are objects of their own, with an empty signature field."""
    return assembled(
        [
            b"<</Type /Catalog /Pages 2 0 R /AcroForm 6 0 R>>",
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Annots [8 0 R]"
            b" /Resources <</Font <</F1 5 0 R>>>>>>",
            stream(TEXT),
            b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
            b"<</Fields 7 0 R /SigFlags 3>>",
            b"[8 0 R]",
            b"<</Type /Annot /Subtype /Widget /FT 9 0 R /T (Chu ky) /F 132 /Rect [0 0 0 0] /P 3 0 R>>",
            b"/Sig",
        ]
    )


FORMS: dict[str, Callable[[], bytes]] = {
    "classic": page_file,
    "linearised": lambda: saved(linearize=True),
    "linearised with packed objects": lambda: saved(
        linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
    ),
    "packed objects": lambda: saved(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "hybrid": hybrid,
    "one key twice": one_key_twice,
    "header not in the first byte": lambda: with_header_later(page_file()),
    "size too small": lambda: page_file().replace(b"/Size 6", b"/Size 5"),
    "generation of the first free object": lambda: page_file().replace(b"65535 f", b"65536 f"),
    "lists as objects": indirect_form,
    "encrypted for everybody": lambda: saved(encryption=pikepdf.Encryption(owner="chu", user="", R=6)),
    "encrypted the old way": lambda: saved(encryption=pikepdf.Encryption(owner="chu", user="", R=4, aes=True)),
    "no line end at the end": lambda: page_file().rstrip(),
}
METADATA: dict[str, dict[str, object]] = {
    "pkcs7": {},
    "PAdES": {"subfilter": fields.SigSeedSubFilter.PADES},
    "sha512": {"md_algorithm": "sha512"},
    "certified": {"certify": True, "docmdp_permissions": fields.MDPPerm.FILL_FORMS},
}
