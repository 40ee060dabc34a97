"""RFC 3161 time stamps: asked for sixteen at a time, each checked before it is used, never silently left out."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache

import httpx
from asn1crypto import algos, cms, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from hocba_app.domain.errors import ErrorCode, HocbaError

AT_ONCE = 16
TIMEOUT = 10.0
_HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


class TimestampClient:
    """One time-stamp authority.

    Args:
        url: where requests are posted.
        trust_roots: roots the authority's certificate must lead to, DER.
        timeout: seconds a request may take.
    """

    def __init__(self, url: str, *, trust_roots: Sequence[bytes], timeout: float = TIMEOUT) -> None:
        self._url = url
        self._roots = tuple(trust_roots)
        self._client = httpx.Client(timeout=timeout, limits=httpx.Limits(max_connections=AT_ONCE))
        self.largest_token = 0
        """Bytes of the largest token seen, for the reserved space (core decision 5)."""
        self.certificates: tuple[bytes, ...] = ()
        """The authority's certificates as its last token carried them, the signer's first."""

    def tokens(self, values: Sequence[bytes], *, certificate_required: bool = True) -> list[bytes]:
        """A checked token over each value, in order.

        Args:
            values: what to stamp (signature values); the authority sees only their SHA-256.
            certificate_required: ask for the authority's certificates inside the token.

        Raises:
            HocbaError: TIMESTAMP_UNAVAILABLE; all may be asked again.
        """
        with ThreadPoolExecutor(min(AT_ONCE, max(1, len(values)))) as pool:
            return list(
                pool.map(lambda value: self.token_over(hashlib.sha256(value).digest(), certificate_required), values)
            )

    def token_over(self, imprint: bytes, certificate_required: bool = True) -> bytes:
        """One checked token over a SHA-256.

        Raises:
            HocbaError: TIMESTAMP_UNAVAILABLE.
        """
        nonce = secrets.randbits(63)
        request = tsp.TimeStampReq(
            {
                "version": "v1",
                "message_imprint": {"hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}), "hashed_message": imprint},
                "nonce": nonce, "cert_req": certificate_required,
            }
        ).dump()
        try:
            answer = self._client.post(self._url, content=request, headers={"Content-Type": "application/timestamp-query"})
            answer.raise_for_status()
            response = tsp.TimeStampResp.load(answer.content)
            if response["status"]["status"].native not in ("granted", "granted_with_mods"):
                raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)
            token = response["time_stamp_token"].dump()
            self._check(token, imprint, nonce)
        except (httpx.HTTPError, ValueError, KeyError, InvalidSignature) as error:
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE) from error
        self.largest_token = max(self.largest_token, len(token))
        return token

    def _check(self, token: bytes, imprint: bytes, nonce: int) -> None:
        """Imprint and nonce are ours, the signature holds, and the signer is a time-stamp unit under our roots."""
        signed = cms.ContentInfo.load(token)["content"]
        info = signed["encap_content_info"]["content"].parsed
        if info["message_imprint"]["hashed_message"].native != imprint or info["nonce"].native != nonce:
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)
        found = tuple(certificates_in(token)) or self.certificates
        signer = _signer_certificate(signed, found)
        self.certificates = (signer, *(certificate for certificate in found if certificate != signer))
        _verify_token(signed, signer)
        if not _is_timestamp_unit(signer, self.certificates, self._roots):
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)


def token_time(token: bytes) -> datetime:
    """The time a token states, UTC: the time that is shown and judged."""
    content = cms.ContentInfo.load(token)["content"]["encap_content_info"]["content"]
    return content.parsed["gen_time"].native


def certificates_in(token: bytes) -> list[bytes]:
    """The certificates a token carries, DER."""
    found = cms.ContentInfo.load(token)["content"]["certificates"]
    return [choice.chosen.dump() for choice in found] if found.native else []


def _signer_certificate(signed: cms.SignedData, certificates: Sequence[bytes]) -> bytes:
    wanted = signed["signer_infos"][0]["sid"].chosen
    for certificate in certificates:
        parsed = asn1_x509.Certificate.load(certificate)
        if parsed.serial_number == wanted["serial_number"].native and parsed.issuer == wanted["issuer"]:
            return certificate
    raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)


def _verify_token(signed: cms.SignedData, certificate: bytes) -> None:
    info = signed["signer_infos"][0]
    attributes = info["signed_attrs"]
    digest_name = info["digest_algorithm"]["algorithm"].native
    digests = [attribute["values"][0].native for attribute in attributes if attribute["type"].native == "message_digest"]
    content = signed["encap_content_info"]["content"].contents
    if digests != [hashlib.new(digest_name, content).digest()]:
        raise InvalidSignature
    key = _public_key(certificate)
    body = b"\x31" + attributes.dump()[1:]
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(info["signature"].native, body, padding.PKCS1v15(), _HASHES[digest_name])
    else:
        key.verify(info["signature"].native, body, ec.ECDSA(_HASHES[digest_name]))


@lru_cache(maxsize=16)
def _public_key(certificate: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise InvalidSignature
    return key


@lru_cache(maxsize=16)
def _is_timestamp_unit(certificate: bytes, others: tuple[bytes, ...], roots: tuple[bytes, ...]) -> bool:
    """EKU timeStamping, and a chain of verified signatures to a root."""
    current = x509.load_der_x509_certificate(certificate)
    try:
        usages = current.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    if list(usages) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        return False
    pool = [x509.load_der_x509_certificate(item) for item in (*roots, *others)]
    for _ in range(6):
        issuer = next((item for item in pool if item.subject == current.issuer), None)
        if issuer is None:
            return False
        try:
            current.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return False
        if issuer.public_bytes(Encoding.DER) in roots:
            return True
        current = issuer
    return False
