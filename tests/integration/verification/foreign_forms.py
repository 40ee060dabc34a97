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


def leads_nowhere() -> bytes:
    """Its second content is an object that is not there."""
    return assembled(
        [
            b"<</Type /Catalog /Pages 2 0 R>>",
            b"<</Type /Pages /Kids [3 0 R] /Count 1>>",
            b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [4 0 R 90 0 R]"
            b" /Resources <</Font <</F1 5 0 R>>>>>>",
            stream(TEXT),
            b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>",
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
    "a reference that leads nowhere": leads_nowhere,
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
NOT_SIGNED_BY_ANY_LIBRARY = {"header not in the first byte"}
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


def object_90(file: bytes) -> bytes:
    """An update with nothing but an object that a page refers to and that was missing before."""
    root = re.findall(rb"/Root (\d+) 0 R", file)[-1]
    previous = re.findall(rb"startxref\s+(\d+)", file)[-1]
    body = b"90 0 obj\n%s\nendobj\n" % stream(FORGED)
    last = b"xref\n90 1\n%010d 00000 n \ntrailer\n<</Root %s 0 R /Size 91 /Prev %s>>\nstartxref\n%d\n%%%%EOF\n"
    return body + last % (len(file), root, previous, len(file) + len(body))


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


def with_evidence(world: World, file: bytes, *, reuse: bool = False) -> bytes:
    """A signed file of packed objects with validation data whose list is an object of its own.

    Args:
        reuse: let the new table's stream take the number of the one before it.
    """
    root = int(re.findall(rb"/Root (\d+) 0 R", file)[-1])
    size = int(re.findall(rb"/Size (\d+)", file)[-1])
    last = int(re.findall(rb"startxref\s+(\d+)", file)[-1])
    with pikepdf.open(io.BytesIO(file), password="") as pdf:
        catalog = pdf.Root.unparse(resolved=True)
    number = int(re.match(rb"\d+", file[last:]).group(0)) if reuse else size + 3  # type: ignore[union-attr]
    bodies = {
        size: stream(zlib.compress(world.certificates[1]), b"/Filter /FlateDecode"),
        size + 1: b"[%d 0 R]" % size,
        size + 2: b"<</Type /DSS /Certs %d 0 R>>" % (size + 1),
        root: catalog.rstrip()[:-2] + b" /DSS %d 0 R >>" % (size + 2),
    }
    offsets, out = {}, b""
    for each, body in bodies.items():
        offsets[each] = len(file) + len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (each, body)
    at = offsets[number] = len(file) + len(out)
    rows = b"".join(b"\1" + offset.to_bytes(4) + b"\0" for _, offset in sorted(offsets.items()))
    index = b" ".join(b"%d 1" % each for each in sorted(offsets))
    rest = b"/Type /XRef /W [1 4 1] /Index [%s] /Size %d /Root %d 0 R /Prev %d" % (index, size + 4, root, last)
    return file + out + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, stream(rows, rest), at)
