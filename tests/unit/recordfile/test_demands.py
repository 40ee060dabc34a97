"""Whether a certificate is the one a slot demands: every number, names in any spelling, hashes only; both manifest formats."""

from __future__ import annotations

import unicodedata

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from hocba_app.domain.errors import HocbaError
from hocba_app.recordfile.demands import Demand, Fit, SealDemand, demand_of, fit_of, named
from hocba_app.recordfile.manifest import Manifest, ManifestSchool, ManifestSlot

SALT = "5a" * 16
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = "Nguyễn Thị Hoà"
DEMAND = demand_of(SALT, ("079200000001", "079200001", None), NAME)


def certificate(uid: str, name: str, organisation: str = "") -> bytes:
    from datetime import UTC, datetime, timedelta

    parts = [x509.NameAttribute(NameOID.USER_ID, uid), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    subject, now = x509.Name(parts), datetime.now(UTC)
    built = x509.CertificateBuilder(subject, subject, KEY.public_key(), 1, now, now + timedelta(days=1))
    return built.sign(KEY, SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize("uid", ["CCCD:079200000001", "CMND:079200001", "079200000001"])
def test_any_of_his_numbers_is_his(uid: str) -> None:
    assert fit_of(DEMAND, SALT, certificate(uid, NAME)) is Fit.OWN


@pytest.mark.parametrize("uid", ["CCCD:079200000002", "MST:0312345678", "", "x"])
def test_no_other_number_is(uid: str) -> None:
    assert fit_of(DEMAND, SALT, certificate(uid or "CCCD:", NAME)) is Fit.NOT_OWN
    assert fit_of(DEMAND, SALT, b"no certificate") is Fit.NOT_OWN
    assert fit_of(DEMAND, "another salt", certificate("CCCD:079200000001", NAME)) is Fit.NOT_OWN


@pytest.mark.parametrize(
    ("written", "fit"),
    [
        (NAME.upper(), Fit.OWN),
        (unicodedata.normalize("NFD", NAME), Fit.OWN),
        ("Nguyễn  Thị\u00a0Hoà ", Fit.OWN),
        ("Nguyễn\u200b Thị Hoà", Fit.OWN),
        ("Nguyễn Thị Hòa", Fit.NAME_MARKS),
        ("NGUYEN THI HOA", Fit.NAME_MARKS),
        ("Nguyễn Thị Hoàng", Fit.OTHER_NAME),
        ("Hoà", Fit.OTHER_NAME),
    ],
)
def test_spellings_of_a_name(written: str, fit: Fit) -> None:
    assert fit_of(DEMAND, SALT, certificate("CCCD:079200000001", written)) is fit


def test_a_name_the_principal_accepted_and_one_of_format_1() -> None:
    other = certificate("CCCD:079200000001", "Trần Thị Bích")
    assert fit_of(DEMAND, SALT, other) is Fit.OTHER_NAME
    assert fit_of(named(DEMAND, SALT, "TRẦN THỊ BÍCH"), SALT, other) is Fit.OWN
    assert fit_of(Demand(DEMAND.signers[:1]), SALT, other) is Fit.OWN, "format 1 froze no name"


def test_the_seal_goes_by_its_tax_code() -> None:
    seal = SealDemand("0312345678", "Trường THCS Kim Đồng")
    assert fit_of(seal, SALT, certificate("MST:0312345678", "TRƯỜNG THCS KIM ĐỒNG")) is Fit.OWN
    assert fit_of(seal, SALT, certificate("MST:0312345678", "Con dấu", "Trường THCS Kim Đồng")) is Fit.OWN
    assert fit_of(seal, SALT, certificate("MST:0312345678", "Trường THCS Tên Cũ")) is Fit.OTHER_NAME
    assert fit_of(seal, SALT, certificate("MST:0399999999", "Trường THCS Kim Đồng")) is Fit.NOT_OWN
    assert fit_of(SealDemand("", ""), SALT, certificate("CCCD:079200000001", "Trường")) is Fit.NOT_OWN, (
        "no tax code is nobody's"
    )


def manifest(**changes: object) -> Manifest:
    values: dict[str, object] = {
        "kind": "history",
        "school": ManifestSchool("79001", "Trường", "0312345678"),
        "student_code": "HS1",
        "snapshot_sha256": "0" * 64,
        "code": "ABCD-EFGH-JKMN",
        "version": 1,
        "salt": SALT,
        "slots": (
            ManifestSlot("principal", "Hiệu trưởng", "principal", DEMAND),
            ManifestSlot("seal", "Nhà trường", "seal", Demand(())),
        ),
    }
    return Manifest(**values | changes)  # type: ignore[arg-type]


FIRST = (
    b'{"claim_early_seconds":300,"claim_limit_seconds":86400,"code":"ABCD-EFGH-JKMN","format":1,"kind":"history",'
    b'"salt":"5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a","school":{"code":"79001","name":"Tr\xc6\xb0\xe1\xbb\x9dng","tax_code":"0312345678"},'
    b'"slots":[{"field":"principal","role":"Hi\xe1\xbb\x87u tr\xc6\xb0\xe1\xbb\x9fng","signer":"ab","stage":"principal"}],'
    b'"snapshot_sha256":"%s","student_code":"HS1","version":1,"writer":1}' % (b"0" * 64)
)
"""A manifest of format 1, byte for byte: never to change."""


def test_format_1_is_read_and_written_as_it_was() -> None:
    read = Manifest.loads(FIRST)
    assert read.slots[0].demand == Demand(("ab",)) and read.dumps() == FIRST
    assert read == manifest(
        slots=(ManifestSlot("principal", "Hiệu trưởng", "principal", Demand(("ab",))),), format=1, writer=1
    )


def test_format_2_names_nobody_in_clear() -> None:
    made = manifest()
    assert Manifest.loads(made.dumps()) == made and (made.format, made.writer) == (2, 2)
    text = made.dumps().decode()
    assert NAME not in text and "079200" not in text


@pytest.mark.parametrize(
    "spoilt",
    [
        FIRST.replace(b'"format":1', b'"format":2'),
        manifest().dumps().replace(b'"format":2', b'"format":1'),
        FIRST.replace(b'"format":1', b'"format":3'),
    ],
)
def test_a_format_that_is_not_its_shape_is_broken(spoilt: bytes) -> None:
    with pytest.raises(HocbaError):
        Manifest.loads(spoilt)
