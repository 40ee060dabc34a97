"""The trust simulator, judged by others: pyHanko's validator, certomancer's structures, OpenSSL's command line."""

from __future__ import annotations

import base64
import hashlib
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from asn1crypto import cms, crl, ocsp, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp as crypto_ocsp
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.sign.general import load_cert_from_pemder
from pyhanko.sign.timestamps import HTTPTimeStamper
from pyhanko.sign.validation.generic_cms import async_validate_cms_signature
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import RevokedError
from pyhanko_certvalidator.fetchers.requests_fetchers import RequestsFetcherBackend

from hocba_app.simulators.trust import der
from hocba_app.simulators.trust.app import create_app
from hocba_app.simulators.trust.authority import Authority
from hocba_app.simulators.trust.timestamp import TimestampUnit, generalized_time, parse_request
from tests.integration.simulators.running import running

KEY = rsa.generate_private_key(65537, 2048)


class Trust:
    """A running service and its authority."""

    def __init__(self, url: str, authority: Authority) -> None:
        self.url, self.authority = url, authority

    def person(
        self, name: str = "Nguyễn Thị Ánh", uid: str = "CCCD:079204001234", **times: datetime
    ) -> x509.Certificate:
        return self.authority.issue_person(name, uid, KEY.public_key(), **times)

    def faults(self, **values: object) -> None:
        assert httpx.put(f"{self.url}/_faults", json=values).status_code == 200

    def revoke(self, certificate: x509.Certificate) -> None:
        answer = httpx.post(
            f"{self.url}/_revoke", json={"serial": f"{certificate.serial_number:x}", "reason": "superseded"}
        )
        assert answer.status_code == 200

    def revocation_list(self, issuer: str) -> bytes:
        return httpx.get(f"{self.url}/crl/{issuer}.crl").content

    def stamp(self, message: bytes, *, certificate: bool = True, nonce: int | None = None) -> tsp.TimeStampResp:
        answer = httpx.post(f"{self.url}/tsa", content=request(message, certificate=certificate, nonce=nonce).dump())
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/timestamp-reply"
        return tsp.TimeStampResp.load(answer.content, strict=True)


def request(message: bytes, *, certificate: bool = True, nonce: int | None = None) -> tsp.TimeStampReq:
    values = {
        "version": "v1",
        "cert_req": certificate,
        "message_imprint": {
            "hash_algorithm": {"algorithm": "sha256"},
            "hashed_message": hashlib.sha256(message).digest(),
        },
    }
    return tsp.TimeStampReq({**values, "nonce": nonce} if nonce is not None else values)


@pytest.fixture(scope="module", params=["ec", "rsa"])
def trust(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trust]:
    folder = tmp_path_factory.mktemp("trust")
    made: list[Authority] = []

    def make(url: str):
        made.append(Authority(folder, url, timestamp_key=request.param))
        return create_app(made[0])

    with running(make) as url:
        yield Trust(url, made[0])


@pytest.fixture(autouse=True)
def _well(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "trust" in request.fixturenames:
        httpx.delete(f"{request.getfixturevalue('trust').url}/_faults")


def asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


# --- certificates ------------------------------------------------------------------------------------------------------


def test_subjects_follow_vietnamese_practice(trust: Trust) -> None:
    person = trust.person()
    assert person.subject.rfc4514_string().endswith("CN=Nguyễn Thị Ánh,L=TP. Hồ Chí Minh,C=VN")
    assert asn1(person).subject.native["user_id"] == "CCCD:079204001234"
    school = trust.authority.issue_organisation("Trường THCS Kim Đồng", "0312345678", KEY.public_key())
    names = asn1(school).subject.native
    assert (names["user_id"], names["organization_name"]) == ("MST:0312345678", "Trường THCS Kim Đồng")
    assert asn1(person).key_usage_value.native == {"digital_signature", "non_repudiation"}
    assert asn1(person).ocsp_urls == [f"{trust.url}/ocsp"]


async def test_chain_is_trusted_and_revocation_is_fetched(trust: Trust) -> None:
    person = trust.person()
    validator = _validator(trust, person)
    path = await validator.async_validate_usage({"digital_signature", "non_repudiation"})
    assert len(path) == 3
    trust.authority.revoke(person.serial_number, reason="key_compromise")
    with pytest.raises(RevokedError):
        await _validator(trust, person).async_validate_usage({"digital_signature"})
    trust.authority.reinstate(person.serial_number)
    await _validator(trust, person).async_validate_usage({"digital_signature"})


async def test_revocation_list_alone_finds_the_revoked(trust: Trust) -> None:
    good, bad = trust.person(), trust.person("Trần Văn Bình", "CMND:123456789")
    trust.revoke(bad)
    trust.faults(ocsp="down")
    lists = [trust.revocation_list(issuer) for issuer in ("root", "ca")]
    revoked = crl.CertificateList.load(lists[1])["tbs_cert_list"]["revoked_certificates"]
    assert bad.serial_number in {entry["user_certificate"].native for entry in revoked}
    assert len(crl.CertificateList.load(lists[0])["tbs_cert_list"]["revoked_certificates"]) == 0
    for certificate, refused in ((good, False), (bad, True)):
        validator = _validator(trust, certificate, fetch=False, crls=lists)
        if refused:
            with pytest.raises(RevokedError):
                await validator.async_validate_usage({"digital_signature"})
        else:
            await validator.async_validate_usage({"digital_signature"})


def _validator(
    trust: Trust, certificate: x509.Certificate, *, fetch: bool = True, crls: list[bytes] | None = None
) -> CertificateValidator:
    context = ValidationContext(
        trust_roots=[load_cert_from_pemder(str(trust.authority.folder / "root.pem"))],
        allow_fetching=fetch,
        revocation_mode="hard-fail",
        crls=crls or [],
        fetcher_backend=RequestsFetcherBackend(),
    )
    return CertificateValidator(
        asn1(certificate), intermediate_certs=[asn1(trust.authority.ca.certificate)], validation_context=context
    )


def test_two_processes_share_one_root(tmp_path: Path) -> None:
    first = Authority(tmp_path, "http://127.0.0.1:1")
    second = Authority(tmp_path)
    assert second.root.certificate == first.root.certificate and second.base_url == first.base_url
    issued = second.issue_person("A", "CCCD:000000000001", KEY.public_key())
    assert first.standing(issued.serial_number) is not None
    assert first.standing(1) is None
    with pytest.raises(KeyError):
        first.revoke(1)
    assert (tmp_path / "authority.db").stat().st_mode & 0o077 == 0
    first.close(), second.close()


# --- OCSP --------------------------------------------------------------------------------------------------------------


def test_ocsp_by_get_and_post_echoes_the_nonce(trust: Trust) -> None:
    person = trust.person()
    builder = crypto_ocsp.OCSPRequestBuilder().add_certificate(person, trust.authority.ca.certificate, hashes.SHA1())
    plain = builder.build().public_bytes(Encoding.DER)
    posted = httpx.post(f"{trust.url}/ocsp", content=plain).content
    got = httpx.get(f"{trust.url}/ocsp/{quote(base64.b64encode(plain), safe='')}").content
    assert posted == got, "without a nonce the answer is kept"
    assert crypto_ocsp.load_der_ocsp_response(got).certificate_status is crypto_ocsp.OCSPCertStatus.GOOD
    nonce = secrets.token_bytes(16)
    fresh = builder.add_extension(x509.OCSPNonce(nonce), critical=False).build().public_bytes(Encoding.DER)
    answer = ocsp.OCSPResponse.load(httpx.post(f"{trust.url}/ocsp", content=fresh).content)
    assert answer.nonce_value.native == nonce


def test_a_revocation_by_another_process_ends_what_is_kept(trust: Trust) -> None:
    person = trust.person()
    body = (
        crypto_ocsp.OCSPRequestBuilder()
        .add_certificate(person, trust.authority.ca.certificate, hashes.SHA256())
        .build()
    )
    ask = lambda: crypto_ocsp.load_der_ocsp_response(  # noqa: E731
        httpx.post(f"{trust.url}/ocsp", content=body.public_bytes(Encoding.DER)).content
    )
    assert ask().certificate_status is crypto_ocsp.OCSPCertStatus.GOOD
    other = Authority(trust.authority.folder)
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    other.revoke(person.serial_number, reason="key_compromise", at=moment)
    other.close()
    answer = ask()
    assert answer.certificate_status is crypto_ocsp.OCSPCertStatus.REVOKED
    assert answer.revocation_time_utc == moment


def test_ocsp_says_unknown_unauthorized_and_malformed(trust: Trust, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "http://127.0.0.1:1")
    stranger = foreign.issue_person("A", "CCCD:000000000001", KEY.public_key())
    own_issuer = (
        crypto_ocsp.OCSPRequestBuilder()
        .add_certificate(stranger, trust.authority.ca.certificate, hashes.SHA1())
        .build()
    )
    other_issuer = (
        crypto_ocsp.OCSPRequestBuilder().add_certificate(stranger, foreign.ca.certificate, hashes.SHA1()).build()
    )
    foreign.close()

    def ask(body: bytes) -> crypto_ocsp.OCSPResponse:
        return crypto_ocsp.load_der_ocsp_response(httpx.post(f"{trust.url}/ocsp", content=body).content)

    assert ask(own_issuer.public_bytes(Encoding.DER)).certificate_status is crypto_ocsp.OCSPCertStatus.UNKNOWN
    assert ask(other_issuer.public_bytes(Encoding.DER)).response_status is crypto_ocsp.OCSPResponseStatus.UNAUTHORIZED
    assert ask(b"nonsense").response_status is crypto_ocsp.OCSPResponseStatus.MALFORMED_REQUEST
    trust.faults(ocsp="try_later")
    assert ask(b"").response_status is crypto_ocsp.OCSPResponseStatus.TRY_LATER
    trust.faults(ocsp="down")
    assert httpx.post(f"{trust.url}/ocsp", content=b"").status_code == 503


def test_openssl_accepts_ocsp(trust: Trust, tmp_path: Path) -> None:
    person = trust.person()
    (tmp_path / "person.pem").write_bytes(person.public_bytes(Encoding.PEM))
    (tmp_path / "issuing.pem").write_bytes(trust.authority.ca.certificate.public_bytes(Encoding.PEM))
    done = _openssl(
        "ocsp",
        "-issuer",
        str(tmp_path / "issuing.pem"),
        "-cert",
        str(tmp_path / "person.pem"),
        "-url",
        f"{trust.url}/ocsp",
        "-CAfile",
        str(trust.authority.folder / "chain.pem"),
    )
    assert "Response verify OK" in done and "person.pem: good" in done


# --- time stamps -------------------------------------------------------------------------------------------------------


async def test_token_holds_by_pyhanko(trust: Trust) -> None:
    token = await HTTPTimeStamper(f"{trust.url}/tsa").async_timestamp(hashlib.sha256(b"x").digest(), "sha256")
    signed = token["content"]
    context = ValidationContext(
        trust_roots=[load_cert_from_pemder(str(trust.authority.folder / "root.pem"))],
        other_certs=[asn1(trust.authority.ca.certificate)],
        allow_fetching=True,
        revocation_mode="hard-fail",
        fetcher_backend=RequestsFetcherBackend(),
    )
    status = await async_validate_cms_signature(signed, validation_context=context)
    assert status.valid and status.intact
    assert isinstance(signed["encap_content_info"]["content"].parsed, tsp.TSTInfo)


def test_openssl_verifies_the_reply(trust: Trust, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"hoc ba")
    _openssl("ts", "-query", "-data", str(tmp_path / "data"), "-sha256", "-cert", "-out", str(tmp_path / "query"))
    (tmp_path / "reply").write_bytes(httpx.post(f"{trust.url}/tsa", content=(tmp_path / "query").read_bytes()).content)
    files = ("-queryfile", str(tmp_path / "query"), "-in", str(tmp_path / "reply"))
    chain = (
        "-CAfile",
        str(trust.authority.folder / "root.pem"),
        "-untrusted",
        str(trust.authority.folder / "chain.pem"),
    )
    assert "Verification: OK" in _openssl("ts", "-verify", *files, *chain)


def test_token_repeats_what_was_asked(trust: Trust) -> None:
    before = datetime.now(UTC)
    response = trust.stamp(b"m", nonce=2**63 + 5)
    info = _info(response)
    assert info["nonce"].native == 2**63 + 5
    assert info["message_imprint"]["hashed_message"].native == hashlib.sha256(b"m").digest()
    assert before - timedelta(seconds=1) < info["gen_time"].native < datetime.now(UTC) + timedelta(seconds=1)
    assert info["accuracy"]["millis"].native == 1
    assert len(response["time_stamp_token"]["content"]["certificates"]) == 2
    bare = trust.stamp(b"m", certificate=False)
    assert len(bare["time_stamp_token"]["content"]["certificates"]) == 0
    assert len(bare.dump()) < len(response.dump()) - 500
    assert _info(bare)["nonce"].native is None
    serials = {_info(trust.stamp(b"m"))["serial_number"].native for _ in range(50)}
    assert len(serials) == 50


def _info(response: tsp.TimeStampResp) -> tsp.TSTInfo:
    assert response["status"]["status"].native == "granted"
    token = response["time_stamp_token"]
    assert isinstance(token, cms.ContentInfo)
    return token["content"]["encap_content_info"]["content"].parsed


def test_certomancer_agrees_on_the_structure(trust: Trust) -> None:
    """The same request to certomancer's authority, with our key: all fields but time, serial and signature are equal."""
    from asn1crypto.keys import PrivateKeyInfo
    from certomancer.services import TimeStamper
    from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat

    key = trust.authority.tsa.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    other = TimeStamper(
        asn1(trust.authority.tsa.certificate),
        PrivateKeyInfo.load(key),
        certs_to_embed=[],
        policy="1.3.6.1.4.1.32473.704.3",
    )
    asked = request(b"m", nonce=77)
    theirs, ours = other.request_tsa_response(asked), trust.stamp(b"m", nonce=77)
    left, right = (each["time_stamp_token"]["content"] for each in (ours, theirs))
    assert left["version"].native == right["version"].native
    assert left["signer_infos"][0]["sid"].native == right["signer_infos"][0]["sid"].native
    for field in ("version", "policy", "message_imprint", "nonce"):
        assert _info(ours)[field].native == _info(theirs)[field].native
    kinds = lambda content: {each["type"].native for each in content["signer_infos"][0]["signed_attrs"]}  # noqa: E731
    assert kinds(left) >= {"content_type", "message_digest", "signing_certificate_v2"} and kinds(left) <= kinds(
        right
    ) | {"signing_certificate_v2"}


@pytest.mark.parametrize(
    ("spoil", "failure"),
    [
        (lambda _: b"nonsense", "bad_data_format"),
        (lambda asked: asked.dump()[:-3], "bad_data_format"),
        (lambda asked: _changed(asked, policy="1.2.3.4"), "unaccepted_policy"),
        (lambda asked: _changed(asked, imprint=("sha1", 20)), "bad_alg"),
        (lambda asked: _changed(asked, imprint=("sha256", 31)), "bad_data_format"),
    ],
)
def test_a_bad_request_gets_a_reason(trust: Trust, spoil, failure: str) -> None:
    status = _refusal(httpx.post(f"{trust.url}/tsa", content=spoil(request(b"m"))).content)
    assert status["status"].native == "rejection"
    assert status["fail_info"].native == {failure}


def _refusal(answer: bytes) -> tsp.PKIStatusInfo:
    """asn1crypto does not know that a response may lack its token, so the status is read alone."""
    _, start, end = der.read(answer)
    parts = list(der.children(answer, start, end))
    assert len(parts) == 1
    return tsp.PKIStatusInfo.load(parts[0][2], strict=True)


def _changed(asked: tsp.TimeStampReq, *, policy: str = "", imprint: tuple[str, int] = ("", 0)) -> bytes:
    if policy:
        asked["req_policy"] = policy
    if imprint[0]:
        asked["message_imprint"] = {"hash_algorithm": {"algorithm": imprint[0]}, "hashed_message": bytes(imprint[1])}
    return asked.dump()


def test_faults_of_the_authority(trust: Trust) -> None:
    body = request(b"m", nonce=9).dump()
    post = lambda: httpx.post(f"{trust.url}/tsa", content=body)  # noqa: E731
    trust.faults(tsa="down", tsa_times=2)
    assert [post().status_code for _ in range(3)] == [503, 503, 200]
    trust.faults(tsa="refuse")
    assert _refusal(post().content)["fail_info"].native == {"time_not_available"}
    trust.faults(tsa="wrong_imprint")
    assert _info(trust.stamp(b"m"))["message_imprint"]["hashed_message"].native != hashlib.sha256(b"m").digest()
    trust.faults(tsa="no_nonce")
    assert _info(trust.stamp(b"m", nonce=9))["nonce"].native is None
    trust.faults(tsa_clock_offset=-7200)
    assert _info(trust.stamp(b"m"))["gen_time"].native < datetime.now(UTC) - timedelta(hours=1)
    trust.faults(tsa_delay=0.3)
    begun = time.monotonic()
    post()
    assert time.monotonic() - begun >= 0.3
    assert httpx.put(f"{trust.url}/_faults", json={"nonsense": 1}).status_code == 400


def test_a_token_is_cheap(trust: Trust) -> None:
    """About 0.05 ms with P-256, 0.3 with RSA; said in signatures, which a slow machine makes as slowly."""
    unit = TimestampUnit(trust.authority.tsa.key, trust.authority.tsa.certificate, trust.authority.ca.certificate)
    body = request(b"m", nonce=2**60).dump()

    def processor_time(act: Callable[[], object]) -> float:
        """Of fifty, the least disturbed of five times."""
        spans = []
        for _ in range(5):
            begun = time.process_time()
            for _ in range(50):
                act()
            spans.append(time.process_time() - begun)
        return min(spans)

    key = rsa.generate_private_key(65537, 2048)
    signature = processor_time(lambda: key.sign(b"m", padding.PKCS1v15(), hashes.SHA256()))
    assert processor_time(lambda: unit.respond(body)) < 3 * signature, (
        "what a token is beside its own signature is little"
    )


# --- DER ---------------------------------------------------------------------------------------------------------------


@given(st.integers(min_value=0, max_value=2**130), st.binary(max_size=70_000))
@settings(max_examples=60, deadline=None)
def test_der_writes_what_asn1crypto_writes(number: int, data: bytes) -> None:
    from asn1crypto.core import Integer, OctetString

    assert der.integer(number) == Integer(number).dump()
    assert der.tlv(der.OCTET_STRING, data) == OctetString(data).dump()
    assert der.read(der.tlv(der.OCTET_STRING, data))[2] == len(der.tlv(der.OCTET_STRING, data))


@given(st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_refused_not_a_crash(data: bytes) -> None:
    from hocba_app.simulators.trust.timestamp import Refused

    try:
        parse_request(data)
    except Refused as refused:
        assert refused.failure in (0, 2, 5, 15, 16)


@pytest.mark.parametrize(
    ("moment", "text"), [(0.0, b"19700101000000Z"), (1.5, b"19700101000001.5Z"), (10.25, b"19700101000010.25Z")]
)
def test_time_has_no_trailing_zeros(moment: float, text: bytes) -> None:
    assert generalized_time(moment) == text


def test_oid_encoding() -> None:
    from asn1crypto.core import ObjectIdentifier

    for dotted in ("1.2.840.113549.1.7.2", "2.16.840.1.101.3.4.2.1", "1.3.6.1.4.1.32473.704.3"):
        assert der.oid(dotted) == ObjectIdentifier(dotted).dump()


def _openssl(*arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
