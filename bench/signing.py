"""How fast records are signed, beside pyHanko, endesive and OpenSSL's raw RSA-2048: one core, one process, the same key and image.

Times of single signatures are CPU time of this thread, medians; the batch is the time on the clock, from the answers
received to all committed, on SQLite, with a time-stamp authority in a process of its own.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    load_key_and_certificates,
    serialize_key_and_certificates,
)
from PIL import Image, ImageDraw

from bench.batch45 import batch45_seconds
from bench.records import snapshot_of
from bench.sealed_record import Record, Signer, World, ink, open_record, pem, staff
from hocba_app.forms.render import render
from hocba_app.pki import cms
from hocba_app.recordfile.appearance import Appearance
from hocba_app.recordfile.base_revision import build_base
from hocba_app.recordfile.incremental_writer import DirectWriter, SignatureRequest, tip_after
from hocba_app.services.signing.providers.ascii_names import plain_name
from hocba_app.services.verification.verify import verify
from hocba_app.verification.pyhanko_verifier import examine_file

EARLIER = 15
FIELD = "principal"
ROUNDS, SLOW_ROUNDS = 200, 5
NAME = "Nguyễn Thị Ánh Người Kiểm"
FONT = Path(__file__).resolve().parents[1] / "assets" / "fonts" / "pdf"
_PASSWORD = b"bench"


@dataclass(frozen=True)
class Stage:
    """A record with fifteen signatures, and what every way of adding the sixteenth is given."""

    world: World
    record: Record
    signer: Signer
    scan: Path
    """The handwritten signature as a school would have it: a PNG of 600 × 240."""
    keystore: Path
    key_file: Path
    certificate_file: Path
    chain_files: tuple[Path, ...]
    out: int
    """A file held open, which every way writes what it has made to."""


def run(as_json: bool) -> dict[str, Any]:
    """Measure, and print one line of JSON or a table with ratios.

    Returns:
        What is printed with ``as_json``.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        world = World(folder / "trust")
        try:
            numbers = _measure(world, folder)
        finally:
            world.close()
    sys.stdout.write(json.dumps(numbers) + "\n" if as_json else _table(numbers))
    return numbers


def _measure(world: World, folder: Path) -> dict[str, Any]:
    stage = _stage(world, folder)
    speeds: dict[str, float | None] = {
        "ours": _median(_ours(stage), ROUNDS),
        "pyhanko": _median(_pyhanko(stage), SLOW_ROUNDS),
        "pyhanko_tuned": _median(_pyhanko_tuned(stage), SLOW_ROUNDS * 4),
        "endesive": _endesive_or_none(stage),
        "rsa_floor": _median(_rsa(stage.signer), ROUNDS),
    }
    os.close(stage.out)
    full = _signed_by_all(world)
    return {
        "visible_signature_ms": {
            name: round(value, 3) if value is not None else None for name, value in speeds.items()
        },
        "earlier_signatures": EARLIER,
        "prepare_ms": round(_prepare_ms(stage), 3),
        "batch45_commit_s": round(batch45_seconds(folder / "batch"), 3),
        "bytes_17_signatures": full[1] - full[0],
        "verify_ms": _verify_ms(world, stage),
    }


def _stage(world: World, folder: Path) -> Stage:
    snapshot = snapshot_of(1)
    record = open_record(world, snapshot, staff(world, snapshot))
    for slot in record.manifest.slots[:EARLIER]:
        record.sign(slot.field)
    signer = record.signers[FIELD]
    scan = Image.new("RGBA", (600, 240), (255, 255, 255, 0))
    ImageDraw.Draw(scan).line(
        [(20 + 7 * x, 120 + (x * 37 % 90) - 45) for x in range(80)], fill=(20, 40, 150, 255), width=6
    )
    scan.save(folder / "scan.png")
    certificates = [x509.load_der_x509_certificate(item) for item in signer.chain]
    (folder / "signer.p12").write_bytes(
        serialize_key_and_certificates(
            b"signer", signer.key, certificates[0], certificates[1:], BestAvailableEncryption(_PASSWORD)
        )
    )
    (folder / "key.pem").write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    chain = []
    for number, certificate in enumerate(signer.chain):
        chain.append(folder / f"certificate{number}.pem")
        chain[-1].write_bytes(pem(certificate))
    return Stage(
        world,
        record,
        signer,
        folder / "scan.png",
        folder / "signer.p12",
        folder / "key.pem",
        chain[0],
        tuple(chain[1:]),
        os.open(folder / "signed.pdf", os.O_CREAT | os.O_WRONLY),
    )


def _median(call: Callable[[], object], rounds: int) -> float:
    """Milliseconds of CPU, after a first call that fills every cache a process has."""
    call()
    times = []
    for _ in range(rounds):
        begun = time.thread_time()
        call()
        times.append((time.thread_time() - begun) * 1000)
    return statistics.median(times)


def _rsa(signer: Signer) -> Callable[[], object]:
    digest, scheme, prehashed = bytes(32), padding.PKCS1v15(), Prehashed(hashes.SHA256())
    return lambda: signer.key.sign(digest, scheme, prehashed)


def _ours(stage: Stage) -> Callable[[], object]:
    """Digest, attributes, RSA, check of the answer, CMS, embedding, the new end of the file, the update written."""
    writer, record, signer = DirectWriter(), stage.record, stage.signer
    now = datetime.now(UTC).replace(microsecond=0)
    look = Appearance(ink(), NAME, ("KT. HIỆU TRƯỞNG", "PHÓ HIỆU TRƯỞNG"), now)
    chain = cms.strip_root(signer.chain)

    def sign() -> None:
        prepared = writer.prepare(
            record.file, record.tip, SignatureRequest(FIELD, now, look, cms.estimate_size(signer.chain, 0))
        )
        attributes = cms.signed_attributes(prepared.digest, signer.chain[0])
        signature = signer.sign(attributes)
        if not cms.verify_raw(signer.chain[0], attributes, signature):
            raise AssertionError("the answer does not fit")
        update = writer.embed(prepared, cms.assemble(attributes, signature, chain, None))
        tip_after(record.tip, record.file, prepared, update)
        os.pwrite(stage.out, update, 0)

    return sign


def _pyhanko(stage: Stage) -> Callable[[], object]:
    """As its tutorial has it: the key file opened, a stamp of image and text, `sign_pdf`.

    The text is Vietnamese where pyHanko's optional OpenType part is installed (slower); else without its marks.
    """
    from pyhanko.pdf_utils.images import PdfImage
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.text import TextBoxStyle
    from pyhanko.sign import signers
    from pyhanko.stamp import TextStampStyle

    try:
        from pyhanko.pdf_utils.font.opentype import GlyphAccumulatorFactory

        font = str(next(FONT.glob("*Regular.ttf")))
        name, box = NAME, lambda: TextBoxStyle(font=GlyphAccumulatorFactory(font))
    except ImportError:
        name, box = plain_name(NAME), TextBoxStyle

    def sign() -> None:
        signer = signers.SimpleSigner.load_pkcs12(str(stage.keystore), passphrase=_PASSWORD)
        style = TextStampStyle(stamp_text=f"{name}\n%(ts)s", background=PdfImage(str(stage.scan)), text_box_style=box())
        out = signers.PdfSigner(
            signers.PdfSignatureMetadata(field_name=FIELD, name=NAME), signer=signer, stamp_style=style
        ).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(stage.record.file)), existing_fields_only=True)
        os.pwrite(stage.out, out.getvalue(), 0)

    return sign


def _pyhanko_tuned(stage: Stage) -> Callable[[], object]:
    """Key kept, image read once, the font one of the fourteen, the space for the CMS fixed."""
    from asn1crypto import keys
    from asn1crypto import x509 as asn1
    from pyhanko.pdf_utils.images import PdfImage
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import signers
    from pyhanko.stamp import TextStampStyle
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    store = SimpleCertificateStore()
    certificates = [asn1.Certificate.load(item) for item in stage.signer.chain]
    store.register_multiple(certificates[1:])
    der = stage.signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    class Kept(signers.SimpleSigner):
        async def async_sign_raw(self, data: bytes, digest_algorithm: str, dry_run: bool = False) -> bytes:
            return bytes(256) if dry_run else stage.signer.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    signer = Kept(signing_cert=certificates[0], signing_key=keys.PrivateKeyInfo.load(der), cert_registry=store)
    style = TextStampStyle(
        stamp_text="Nguyen Thi Anh\n%(ts)s", background=PdfImage(Image.open(stage.scan).convert("L").resize((300, 120)))
    )

    def sign() -> None:
        out = signers.PdfSigner(
            signers.PdfSignatureMetadata(field_name=FIELD, name=NAME), signer=signer, stamp_style=style
        ).sign_pdf(
            IncrementalPdfFileWriter(io.BytesIO(stage.record.file)), existing_fields_only=True, bytes_reserved=16_384
        )
        os.pwrite(stage.out, out.getvalue(), 0)

    return sign


def _endesive_or_none(stage: Stage) -> float | None:
    """None where it is not installed, or fails on the installed pypdf (3.0.1 does on pypdf 5 and later)."""
    try:
        return _median(_endesive(stage), SLOW_ROUNDS)
    except Exception as error:
        sys.stderr.write(f"endesive: {type(error).__name__}: {error}\n")
        return None


def _endesive(stage: Stage) -> Callable[[], object]:
    # Its verifier needs oscrypto, which fails on OpenSSL 3.x of some systems; signing does not need the verifier.
    unused = ModuleType("endesive.verifier")
    unused.__getattr__ = lambda _name: object  # type: ignore[method-assign] # instead of the real one
    sys.modules.setdefault("endesive.verifier", unused)
    from endesive.pdf import cms as endesive_cms

    settings = {
        "sigflags": 3,
        "sigpage": 0,
        "sigfield": "Extra1",
        "auto_sigfield": True,
        "signaturebox": (100, 100, 250, 180),
        "signform": False,
        "signature": "Nguyen Thi Anh",
        "signature_img": str(stage.scan),
        "contact": "",
        "location": "",
        "reason": "",
        "signingdate": datetime.now(UTC).strftime("D:%Y%m%d%H%M%S+00'00'"),
    }

    def sign() -> None:
        key, certificate, others = load_key_and_certificates(stage.keystore.read_bytes(), _PASSWORD)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            update = endesive_cms.sign(stage.record.file, dict(settings), key, certificate, others, "sha256")
        os.pwrite(stage.out, stage.record.file + update, 0)

    return sign


def _prepare_ms(stage: Stage) -> float:
    """Fields, font, manifest and group tree of a card that is laid out."""
    rendered = render(snapshot_of(1))
    return _median(lambda: build_base(rendered, stage.record.manifest), ROUNDS)


def _signed_by_all(world: World) -> tuple[int, int]:
    """Length of a record's file before and after its seventeen time-stamped signatures, with the product's reserved space."""
    snapshot = snapshot_of(2)
    record = open_record(world, snapshot, staff(world, snapshot))
    before, writer = len(record.file), DirectWriter()
    world.token_over(bytes(32))  # a first token tells how large they are, as `outside.token_size` asks for one
    for slot in record.manifest.slots:
        record = _stamped(record, slot.field, writer)
    return before, len(record.file)


def _stamped(record: Record, field: str, writer: DirectWriter) -> Record:
    signer, now = record.signers[field], datetime.now(UTC).replace(microsecond=0)
    look = Appearance(ink(), "" if field == "seal" else signer.name, (), now)
    reserved = cms.estimate_size(signer.chain, record.world.largest_token)
    prepared = writer.prepare(record.file, record.tip, SignatureRequest(field, now, look, reserved))
    attributes = cms.signed_attributes(prepared.digest, signer.chain[0])
    signature = signer.sign(attributes)
    token = record.world.token_over(hashlib.sha256(signature).digest())
    update = writer.embed(prepared, cms.assemble(attributes, signature, cms.strip_root(signer.chain), token))
    return replace(record, file=record.file + update, tip=tip_after(record.tip, record.file, prepared, update))


def _verify_ms(world: World, stage: Stage) -> dict[str, float]:
    """The verdict on a sealed and archived record, by the product's own call, and by pyHanko's analysis in this process."""
    record = stage.record
    for slot in record.manifest.slots[EARLIER:]:
        record.sign(slot.field)
    record.archive()
    roots, issuers = [world.root], [{"tax_code": record.manifest.school.tax_code}]
    verdict = verify([("bench", record.file)], roots=roots, issuers=issuers, db=None)[0]
    if verdict.verdict != "valid":
        raise AssertionError(f"the bench's own record is {verdict.verdict}: {verdict.reasons}")
    return {
        "ours": round(_median(lambda: verify([("bench", record.file)], roots=roots, issuers=issuers, db=None), 15), 2),
        "pyhanko": round(_median(lambda: examine_file("bench", record.file, roots, issuers), 3), 1),
    }


def _table(numbers: dict[str, Any]) -> str:
    speeds = numbers["visible_signature_ms"]
    lines = [f"Một chữ ký hiển thị, {EARLIER} chữ ký trước đó (ms CPU, trung vị):"]
    for name, value in speeds.items():
        ratio = f"{value / speeds['ours']:8.1f} ×" if value else "       – "
        lines.append(f"  {name:14} {value if value is not None else '–':>9} {ratio}")
    lines += [
        f"  tốc độ so với RSA-2048 trần: {speeds['rsa_floor'] / speeds['ours']:.2f}",
        f"Chuẩn bị một hồ sơ: {numbers['prepare_ms']} ms",
        f"Lượt 45 hồ sơ, từ lúc nhận trả lời đến khi ghi xong: {numbers['batch45_commit_s']} s",
        f"17 chữ ký có dấu thời gian: {numbers['bytes_17_signatures']} byte",
        f"Xác minh hồ sơ đã đóng dấu: {numbers['verify_ms']['ours']} ms (pyHanko {numbers['verify_ms']['pyhanko']} ms)",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    run("--json" in sys.argv)
