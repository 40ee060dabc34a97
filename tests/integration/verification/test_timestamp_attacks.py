"""Time stamps that look right and are not: by units of another kind, changed and signed again, over something else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from bench.sealed_record import Record, World
from hocba_app.simulators.trust.profiles import authority_name
from hocba_app.simulators.trust.timestamp import TimestampUnit
from tests.integration.verification.crafted import (
    AUTHORITY,
    DAY,
    SIGNER,
    UNIT,
    Extension,
    Issuer,
    authority,
    issue,
    issuing,
    namesake,
    new_key,
    resigned,
    root_of,
)
from tests.integration.verification.judging import codes, judge

NOW = datetime.now(UTC).replace(microsecond=0)
Token = Callable[[World, bytes], bytes]
_SIGNING_CERTIFICATE = ("signing_certificate", "signing_certificate_v2")


def unit(
    issuer: Callable[[World], Issuer], *extensions: Extension, shift: timedelta = timedelta(), **validity: datetime
) -> Token:
    """A token by a unit with these extensions."""

    def made(world: World, imprint: bytes) -> bytes:
        key, above = new_key(), issuer(world)
        certificate = issue(above, authority_name("TSA", "Thử nghiệm"), key, extensions, **validity)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(world, "_unit", TimestampUnit(key, certificate, above.certificate))
            patch.setattr(world, "clock", lambda: (datetime.now(UTC) + shift).timestamp())
            return World.token_over(world, imprint)

    return made


def changed(change: Callable[[asn1_cms.SignedData], None], *, digest: str = "sha256") -> Token:
    """An honest token changed and signed again by its unit."""
    return lambda world, imprint: resigned(
        World.token_over(world, imprint), world.authority.tsa.key, change, digest=digest
    )


def without(*kinds: str) -> Callable[[asn1_cms.SignedData], None]:
    def change(data: asn1_cms.SignedData) -> None:
        signer = data["signer_infos"][0]
        signer["signed_attrs"] = asn1_cms.CMSAttributes(
            [item for item in signer["signed_attrs"] if item["type"].native not in kinds]
        )

    return change


def naming_another(data: asn1_cms.SignedData) -> None:
    for attribute in data["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native in _SIGNING_CERTIFICATE:
            attribute["values"][0]["certs"][0]["cert_hash"] = bytes(32)


def of_info(**entries: object) -> Callable[[asn1_cms.SignedData], None]:
    def change(data: asn1_cms.SignedData) -> None:
        info = data["encap_content_info"]["content"].parsed
        for key, value in entries.items():
            info[key] = value
        data["encap_content_info"]["content"] = core.ParsableOctetString(info.dump(force=True))

    return change


def weak_imprint(data: asn1_cms.SignedData) -> None:
    of_info(message_imprint={"hash_algorithm": {"algorithm": "sha1"}, "hashed_message": bytes(20)})(data)


def of_no_token(data: asn1_cms.SignedData) -> None:
    data["encap_content_info"]["content_type"] = "data"


def of_weak_digest(data: asn1_cms.SignedData) -> None:
    signer = data["signer_infos"][0]
    signer["digest_algorithm"] = {"algorithm": "sha1"}
    data["digest_algorithms"] = [{"algorithm": "sha1"}]
    signer["signature_algorithm"] = {"algorithm": "sha1_ecdsa"}


def two_signers(data: asn1_cms.SignedData) -> None:
    data["signer_infos"].append(data["signer_infos"][0].copy())


TOKENS: dict[str, Token] = {
    "a unit of no such purpose": unit(issuing, *SIGNER),
    "a unit of two purposes": unit(
        issuing,
        *SIGNER,
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH]), True),
    ),
    "a unit whose purpose is not critical": unit(
        issuing, *SIGNER, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), False)
    ),
    "a unit that had expired": unit(issuing, *UNIT, begins=NOW - 90 * DAY, ends=NOW - 30 * DAY),
    "a unit of an authority without basic constraints": unit(
        lambda world: authority(root_of(world), AUTHORITY[1:]), *UNIT
    ),
    "a unit of no root": unit(lambda world: authority(None), *UNIT),
    "a unit of a namesake": unit(namesake, *UNIT),
    "a token of the day after tomorrow": unit(issuing, *UNIT, shift=timedelta(days=2)),
    "a token of yesterday": unit(issuing, *UNIT, shift=timedelta(days=-1)),
    "a token that names no unit": changed(without(*_SIGNING_CERTIFICATE)),
    "a token that names another unit": changed(naming_another),
    "a token without a message digest": changed(without("message_digest")),
    "a token without a content type": changed(without("content_type")),
    "a token over a weak imprint": changed(weak_imprint),
    "a token of another version": changed(of_info(version=2)),
    "a token of no token": changed(of_no_token),
    "a token by a weak digest": changed(of_weak_digest, digest="sha1"),
    "a token of two signers": changed(two_signers),
    "a token with something behind it": lambda world, imprint: World.token_over(world, imprint) + b"\x04\x00",
    "a token over something else": lambda world, imprint: World.token_over(world, bytes(32)),
    "a token that is none": lambda world, imprint: b"\x30\x03\x02\x01\x01",
}


OF_NOBODY = ("a unit of no root", "a unit of a namesake")
"""Sound stamps, by units that nobody trusted vouches for."""


def stamped_with(world: World, record: Record, token: Token, which: str, patch: pytest.MonkeyPatch) -> None:
    for slot in record.manifest.slots:
        with patch.context() as inside:
            if slot.field == which:
                inside.setattr(world, "token_over", lambda imprint, *_: token(world, imprint))
            record.sign(slot.field)


def test_a_unit_of_this_form_is_taken(world: World, brief: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    """The controls: another unit, and an honest token signed again."""
    stamped_with(world, brief, unit(issuing, *UNIT), "principal", monkeypatch)
    assert codes(judge(brief.file, world)) == {"not_archived"}, "nothing else is wrong with it"


def test_a_token_signed_again_is_taken(world: World, brief: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped_with(world, brief, changed(lambda data: None), "principal", monkeypatch)
    assert codes(judge(brief.file, world)) == {"not_archived"}, "nothing else is wrong with it"


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("which", ["principal", "seal"])
def test_a_time_stamp_that_only_looks_right(
    world: World, brief: Record, name: str, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle, where later signatures cover it, and in the seal, which nothing covers."""
    stamped_with(world, brief, TOKENS[name], which, monkeypatch)
    report = judge(brief.file, world)
    assert report.verdict == "invalid", report.reasons
    assert codes(report) & {
        "timestamp_untrusted" if name in OF_NOBODY else "timestamp_invalid",
        "time_mismatch",
        "no_timestamp",
        "signature_altered",
        "update_not_ours",
    }, report.reasons


@pytest.mark.parametrize("name", [name for name in TOKENS if "day" not in name])
def test_an_archive_by_such_a_stamp(world: World, brief: Record, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    brief.sign_all()
    with monkeypatch.context() as inside:
        inside.setattr(world, "token_over", lambda imprint, *_: TOKENS[name](world, imprint))
        brief.archive()
    report = judge(brief.file, world)
    assert report.verdict == "invalid", report.reasons
