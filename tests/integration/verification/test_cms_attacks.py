"""Signatures whose value holds and whose CMS is not what our template makes: in the middle, and in the seal that nothing covers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp

from bench.sealed_record import Record, Signer, World
from hocba_app.pki import cms
from tests.integration.verification.crafted import resigned
from tests.integration.verification.judging import codes, fast, judge

Change = Callable[[asn1_cms.SignedData], None]
Made = Callable[[bytes, Signer, World], bytes]
"""From an honest CMS, its signer and the world to a hostile one."""


def signed_again(change: Change, *, digest: str = "sha256") -> Made:
    return lambda honest, signer, _: resigned(honest, signer.key, change, digest=digest)


def attributes(data: asn1_cms.SignedData) -> list[asn1_cms.CMSAttribute]:
    return list(data["signer_infos"][0]["signed_attrs"])


def without(kind: str) -> Change:
    def change(data: asn1_cms.SignedData) -> None:
        data["signer_infos"][0]["signed_attrs"] = asn1_cms.CMSAttributes(
            [item for item in attributes(data) if item["type"].native != kind]
        )

    return change


def naming_another(data: asn1_cms.SignedData) -> None:
    for item in attributes(data):
        if item["type"].native == "signing_certificate_v2":
            item["values"][0]["certs"][0]["cert_hash"] = bytes(32)


def named_by_sha1(data: asn1_cms.SignedData) -> None:
    certificate = data["certificates"][0].dump()
    old = asn1_cms.CMSAttribute(
        {
            "type": "signing_certificate",
            "values": [tsp.SigningCertificate({"certs": [{"cert_hash": hashlib.sha1(certificate).digest()}]})],
        }
    )
    kept = [item for item in attributes(data) if item["type"].native != "signing_certificate_v2"]
    data["signer_infos"][0]["signed_attrs"] = asn1_cms.CMSAttributes([*kept, old])


def with_signing_time(data: asn1_cms.SignedData) -> None:
    from datetime import UTC, datetime

    when = asn1_cms.CMSAttribute(
        {"type": "signing_time", "values": [asn1_cms.Time({"utc_time": datetime(2020, 1, 1, tzinfo=UTC)})]}
    )
    data["signer_infos"][0]["signed_attrs"] = asn1_cms.CMSAttributes([*attributes(data), when])


def message_digest_twice(data: asn1_cms.SignedData) -> None:
    extra = asn1_cms.CMSAttribute({"type": "message_digest", "values": [bytes(32)]})
    data["signer_infos"][0]["signed_attrs"] = asn1_cms.CMSAttributes([extra, *attributes(data)])


def two_digests_in_one(data: asn1_cms.SignedData) -> None:
    for item in attributes(data):
        if item["type"].native == "message_digest":
            item["values"] = [bytes(32), item["values"][0].native]


def two_signers(data: asn1_cms.SignedData) -> None:
    data["signer_infos"].append(data["signer_infos"][0].copy())


def no_signer(data: asn1_cms.SignedData) -> None:
    data["signer_infos"] = []


def content_inside(data: asn1_cms.SignedData) -> None:
    data["encap_content_info"]["content"] = b"something else"


def other_version(data: asn1_cms.SignedData) -> None:
    data["version"] = "v3"


def no_certificates(data: asn1_cms.SignedData) -> None:
    data["certificates"] = []


def second_token(data: asn1_cms.SignedData) -> None:
    data["signer_infos"][0]["unsigned_attrs"].append(data["signer_infos"][0]["unsigned_attrs"][0].copy())


def two_tokens_in_one(data: asn1_cms.SignedData) -> None:
    token = data["signer_infos"][0]["unsigned_attrs"][0]
    token["values"].append(token["values"][0].copy())


def counter_signature(data: asn1_cms.SignedData) -> None:
    copy = data["signer_infos"][0].copy()
    data["signer_infos"][0]["unsigned_attrs"].append(
        asn1_cms.CMSAttribute({"type": "counter_signature", "values": [copy]})
    )


def sha1_digest(data: asn1_cms.SignedData) -> None:
    signer = data["signer_infos"][0]
    data["digest_algorithms"] = [{"algorithm": "sha1"}]
    signer["digest_algorithm"] = {"algorithm": "sha1"}
    signer["signature_algorithm"] = {"algorithm": "sha1_rsa"}
    for item in attributes(data):
        if item["type"].native == "message_digest":
            item["values"] = [bytes(20)]


def sha512_digest(data: asn1_cms.SignedData) -> None:
    signer = data["signer_infos"][0]
    data["digest_algorithms"] = [{"algorithm": "sha512"}]
    signer["digest_algorithm"] = {"algorithm": "sha512"}
    signer["signature_algorithm"] = {"algorithm": "sha512_rsa"}


def pss(salt: int, mask: str = "sha256", trailer: int = 1) -> Change:
    def change(data: asn1_cms.SignedData) -> None:
        data["signer_infos"][0]["signature_algorithm"] = {
            "algorithm": "rsassa_pss",
            "parameters": {
                "hash_algorithm": {"algorithm": "sha256"},
                "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": mask}},
                "salt_length": salt,
                "trailer_field": trailer,
            },
        }

    return change


def signed_by_another(honest: bytes, signer: Signer, world: World) -> bytes:
    """The assigned person's certificate, somebody else's key."""
    return resigned(honest, world.person("Kẻ Khác", "079085999999", key=2).key, lambda data: None)


def behind(more: bytes) -> Made:
    return lambda honest, *_: honest + more


def of_indefinite_length(honest: bytes, *_: object) -> bytes:
    head = 2 + (honest[1] & 0x7F)
    return b"\x30\x80" + honest[head:] + b"\0\0"


CMS: dict[str, Made] = {
    "garbage behind it": behind(b"\x04\x03abc"),
    "a second CMS behind it": lambda honest, *_: honest + honest[:200],
    "of indefinite length": of_indefinite_length,
    "no name of the certificate": signed_again(without("signing_certificate_v2")),
    "another certificate's name": signed_again(naming_another),
    "the certificate named by SHA-1": signed_again(named_by_sha1),
    "no message digest": signed_again(without("message_digest")),
    "no content type": signed_again(without("content_type")),
    "a signing time of its own": signed_again(with_signing_time),
    "two message digests": signed_again(message_digest_twice),
    "two digests in one attribute": signed_again(two_digests_in_one),
    "two signers": signed_again(two_signers),
    "no signer": signed_again(no_signer),
    "content inside": signed_again(content_inside),
    "another version": signed_again(other_version),
    "no certificates": signed_again(no_certificates),
    "a second token": signed_again(second_token),
    "two tokens in one attribute": signed_again(two_tokens_in_one),
    "a counter signature": signed_again(counter_signature),
    "a digest by SHA-1": signed_again(sha1_digest, digest="sha1"),
    "another digest than the template's": signed_again(sha512_digest, digest="sha512"),
    "PSS": signed_again(pss(32)),
    "PSS with no salt": signed_again(pss(0)),
    "PSS with another mask": signed_again(pss(32, "sha1")),
    "PSS with another trailer": signed_again(pss(32, trailer=2)),
    "another's key": signed_by_another,
    "nothing": lambda *_: b"\x30\x03\x02\x01\x01",
}


def with_cms(world: World, record: Record, made: Made, which: str, patch: pytest.MonkeyPatch) -> None:
    honest = cms.assemble
    for slot in record.manifest.slots:
        with patch.context() as inside:
            inside.setattr(cms, "estimate_size", lambda *_: 20_000)
            if slot.field == which:
                inside.setattr(cms, "assemble", lambda *args: made(honest(*args), record.signers[which], world))
            record.sign(slot.field)


def test_an_honest_cms_signed_again_is_taken(world: World, brief: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: RSA PKCS#1 v1.5 gives the same value again."""
    with_cms(world, brief, signed_again(lambda data: None), "principal", monkeypatch)
    brief.archive()
    assert judge(brief.file, world).verdict == "valid"


@pytest.mark.parametrize("name", CMS)
@pytest.mark.parametrize("which", ["principal", "seal"])
def test_a_cms_that_is_not_ours(
    world: World, brief: Record, name: str, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_cms(world, brief, CMS[name], which, monkeypatch)
    assert fast(brief.file, [world.root])[0] is None
    report = judge(brief.file, world)
    assert report.verdict == "invalid" and codes(report) & {
        "update_not_ours",
        "signature_altered",
        "signature_broken",
        "signature_kind",
    }, report.reasons
    assert len({item.field.partition(" ")[0] for item in report.signatures}) == 2  # a second signer is "principal (2)"
