"""Our writer beside pyHanko's: the same record signed both ways is judged the same at every step; and whatever name, image,
order and reserved size comes, pyHanko finds every signature intact and nothing changed but by signing."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from asn1crypto import keys
from asn1crypto import x509 as asn1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from bench.records import snapshot_of
from bench.sealed_record import Record, Signer, World, ink, open_record, staff
from hocba_app.domain.errors import ErrorCode
from hocba_app.pki import cms
from hocba_app.recordfile.appearance import Appearance, InkImage
from hocba_app.recordfile.append_state import AppendState, read_tip
from hocba_app.recordfile.incremental_hash import PrefixHashes
from hocba_app.recordfile.incremental_writer import DirectWriter, PreparedUpdate, SignatureRequest, tip_after
from hocba_app.recordfile.signature_font import signature_face
from tests.refusals import refused

NOW = datetime(2026, 5, 25, 8, 30, tzinfo=UTC)
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyAĂÂĐÊÔƠƯÁÀẢÃẠẮẶẤẬÉẸẾỆÍỊÓỌỐỘỚỢÚỤỨỰÝỴ '-."


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(world: World) -> Record:
    snapshot = snapshot_of(3)
    return open_record(world, snapshot, staff(world, snapshot))


def sign(
    file: bytes, tip: AppendState, field: str, signer: Signer, look: Appearance, reserved: int | None = None
) -> tuple[bytes, AppendState]:
    writer = DirectWriter()
    request = SignatureRequest(field, NOW, look, reserved or cms.estimate_size(signer.chain, 0))
    prepared = PreparedUpdate.loads(
        writer.prepare(file, tip, request).dumps()
    )  # as it is stored while the phone is asked
    attributes = cms.signed_attributes(prepared.digest, signer.chain[0])
    update = writer.embed(
        prepared, cms.assemble(attributes, signer.sign(attributes), cms.strip_root(signer.chain), None)
    )
    return file + update, tip_after(tip, file, prepared, update)


def sign_with_pyhanko(file: bytes, field: str, signer: Signer) -> bytes:
    store = SimpleCertificateStore()
    certificates = [asn1.Certificate.load(item) for item in signer.chain]
    store.register_multiple(certificates[1:])
    der = signer.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    reference = signers.SimpleSigner(
        signing_cert=certificates[0], signing_key=keys.PrivateKeyInfo.load(der), cert_registry=store
    )
    writer = IncrementalPdfFileWriter(io.BytesIO(file))
    out = signers.sign_pdf(
        writer, signers.PdfSignatureMetadata(field_name=field), signer=reference, existing_fields_only=True
    )
    return out.getvalue()


def judged(file: bytes, root: bytes) -> list[tuple[str, bool, bool, bool, str]]:
    """For each signature: field, intact, valid, trusted, and how much was changed after it."""
    reader = PdfFileReader(io.BytesIO(file))
    found = []
    for signature in reader.embedded_signatures:
        context = ValidationContext(
            trust_roots=[asn1.Certificate.load(root)], allow_fetching=False, revocation_mode="soft-fail"
        )
        status = asyncio.run(async_validate_pdf_signature(signature, signer_validation_context=context))
        level = (status.modification_level or ModificationLevel.OTHER).name
        found.append((signature.field_name, status.intact, status.valid, status.trusted, level))
    return found


def look_of(name: str = "Nguyễn Thị Ánh", image: InkImage | None = None) -> Appearance:
    return Appearance(image or ink(), name, (), NOW)


def test_both_writers_are_judged_alike_at_every_step(world: World, base: Record) -> None:
    ours, tip, theirs = base.file, base.tip, base.file
    fields = ["s.VAN.1", "s.TOAN.1", "homeroom", "principal"]
    for number, field in enumerate(fields, 1):
        signer = base.signers[field]
        ours, tip = sign(ours, tip, field, signer, look_of())
        theirs = sign_with_pyhanko(theirs, field, signer)
        mine, reference = judged(ours, world.root), judged(theirs, world.root)
        assert (
            [entry[:4] for entry in mine]
            == [entry[:4] for entry in reference]
            == [(name, True, True, True) for name in fields[:number]]
        )
        assert {entry[4] for entry in (*mine, *reference)} <= {"NONE", "FORM_FILLING", "LTA_UPDATES"}


def test_what_is_stored_while_a_phone_is_asked_has_no_hole_in_it(base: Record) -> None:
    request = SignatureRequest("homeroom", NOW, look_of(), 6000)
    prepared = DirectWriter().prepare(base.file, base.tip, request)
    stored = prepared.dumps()
    assert len(stored) < len(prepared.update) - 2 * 6000 + 600
    assert PreparedUpdate.loads(stored) == prepared
    line, _ = stored.split(b"\n", 1)
    earlier = line.replace(b'"without_hole":true,', b"") + b"\n" + prepared.update
    assert PreparedUpdate.loads(earlier) == prepared, "as earlier versions stored it"


def test_the_two_mix(world: World, base: Record) -> None:
    """A signature of ours on a file pyHanko has signed, and the other way round."""
    file, tip = sign(base.file, base.tip, "s.VAN.1", base.signers["s.VAN.1"], look_of())
    file = sign_with_pyhanko(file, "s.TOAN.1", base.signers["s.TOAN.1"])
    assert [entry[:4] for entry in judged(file, world.root)] == [
        ("s.VAN.1", True, True, True),
        ("s.TOAN.1", True, True, True),
    ]
    assert tip.fields["s.VAN.1"].signed


images = st.builds(
    lambda width, height, seed: InkImage.from_mask(
        width, height, (seed % 256, 40, 150), bytes((seed * (at + 7)) % 256 for at in range(width * height))
    ),
    st.integers(1, 90),
    st.integers(1, 60),
    st.integers(0, 1 << 16),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.text(LETTERS, min_size=1, max_size=60), min_size=1, max_size=4),
    image=images,
    extra=st.integers(0, 6000),
    order=st.permutations(["s.VAN.1", "s.TOAN.1", "s.KHTN.2", "s.GDTC.1"]),
)
def test_any_name_image_order_and_size(
    world: World, base: Record, names: list[str], image: InkImage, extra: int, order: list[str]
) -> None:
    file, tip = base.file, base.tip
    for name, field in zip(names, order, strict=False):
        signer = base.signers[field]
        file, tip = sign(file, tip, field, signer, look_of(name, image), cms.estimate_size(signer.chain, 0) + extra)
    assert read_tip(file) == tip, "the tip that is carried along is the tip that is read"
    assert hashlib.sha256(file).hexdigest() == tip.sha256
    results = judged(file, world.root)
    assert [entry[:4] for entry in results] == [(field, True, True, True) for field in order[: len(names)]]
    assert {entry[4] for entry in results} <= {"NONE", "FORM_FILLING", "LTA_UPDATES"}


def test_refusals(base: Record) -> None:
    signer = base.signers["seal"]
    sealed, tip = sign(base.file, base.tip, "seal", signer, look_of(""))
    for file, field, now, code in (
        (base.file, "nobody", base.tip, ErrorCode.FORM_SLOT_MISMATCH),
        (sealed, "homeroom", tip, ErrorCode.SEALED),
        (sealed, "seal", tip, ErrorCode.SLOT_SIGNED),
    ):
        assert refused(DirectWriter().prepare, file, now, SignatureRequest(field, NOW, look_of(), 4000)) is code
    prepared = DirectWriter().prepare(base.file, base.tip, SignatureRequest("homeroom", NOW, look_of(), 100))
    assert refused(lambda: DirectWriter().embed(prepared, b"\0" * 101)) is ErrorCode.CMS_TOO_LARGE
    assert (
        refused(
            lambda: DirectWriter().prepare(
                base.file, base.tip, SignatureRequest("homeroom", NOW, look_of("Nguyễn 한"), 4000)
            )
        )
        is ErrorCode.SIGNATURE_TEXT_UNSUPPORTED
    )


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=6))
def test_hashing_goes_on_from_any_prefix(parts: list[bytes]) -> None:
    kept, file = PrefixHashes(kept=3), b""
    for part in parts:
        state = kept.after(file, hashlib.sha256(file).hexdigest())
        state.update(part)
        file += part
        kept.keep(state, len(file))
        assert state.hexdigest() == hashlib.sha256(file).hexdigest()
    other = bytes(len(file)) if any(file) else file + b"x"
    assert kept.after(other, hashlib.sha256(other).hexdigest()).hexdigest() == hashlib.sha256(other).hexdigest()


def test_names_of_the_highlands_are_drawn_by_their_plain_letters() -> None:
    face = signature_face(2)
    assert face.drawable("Y Ngông Niê Kdăm") == "Y Ngông Niê Kdăm"
    assert face.drawable("HʼYuôm Kbŭôr Ƀuôn ê̆ Ơ̆") == "H’Yuôm Kbuôr Buôn ê Ơ"
    assert not face.missing_letters("HʼYuôm Kbŭôr ƀ ơ̆") and face.missing_letters("Nguyễn 中 🌟") == ["中", "🌟"]
    assert face.glyph_hex(face.drawable("Siu Ƀlêk ŭ"))
