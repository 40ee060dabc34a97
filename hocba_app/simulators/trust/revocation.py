"""OCSP responses and revocation lists, kept until the register changes or they grow old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from asn1crypto import core as asn1_core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from hocba_app.simulators.trust import der
from hocba_app.simulators.trust.authority import Authority, Pair

KEEP_FOR = timedelta(seconds=60)
"""How long an answer without nonce is given again, if the register has not changed."""
NEXT_UPDATE = timedelta(days=1)
_ALGORITHMS = (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())  # noqa: S303 - OCSP names issuers by SHA-1


def _dated(answer: bytes, moment: datetime, signer: Pair) -> bytes:
    """An OCSP response (DER) given at another moment, signed again."""
    response = asn1_ocsp.OCSPResponse.load(answer).copy()
    basic = response["response_bytes"]["response"].parsed
    basic["tbs_response_data"]["produced_at"] = moment
    message = basic["tbs_response_data"].dump(force=True)
    if isinstance(signer.key, ec.EllipticCurvePrivateKey):
        basic["signature"] = signer.key.sign(message, ec.ECDSA(hashes.SHA256()))
    else:
        basic["signature"] = signer.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    response["response_bytes"]["response"] = asn1_core.ParsableOctetString(basic.dump(force=True))
    return response.dump(force=True)


def serial_asked(body: bytes) -> int | None:
    """The serial number an OCSP request (DER) asks about; None for what is no request."""
    try:
        return ocsp.load_der_ocsp_request(body).serial_number
    except ValueError:
        return None


class RevocationService:
    """Answers for every certificate the issuing authority gave out.

    Args:
        authority: register and keys.
        clock: tells the time, UTC; the machine's by default.
    """

    def __init__(self, authority: Authority, clock: Callable[[], datetime] | None = None) -> None:
        self._clock = clock
        self._authority = authority
        self._revision: tuple[int, int] | None = None
        self._kept: dict[object, tuple[datetime, bytes]] = {}
        self._issuers = {
            (name, algorithm.name): (
                _digest(algorithm, pair.certificate.subject.public_bytes()),
                _digest(algorithm, _key_bits(pair)),
            )
            for name, pair in (("ca", authority.ca), ("root", authority.root))
            for algorithm in _ALGORITHMS
        }

    def _now(self) -> datetime:
        return self._clock() if self._clock else datetime.now(UTC)

    def respond(self, body: bytes, *, fault: str = "ok") -> bytes:
        """An OCSP response (DER) to a request (DER); a nonce is echoed and makes the answer a fresh one.

        Args:
            fault: ``stale`` answers as of last week, ``unknown`` as if the certificate had never been issued.
        """
        try:
            request = ocsp.load_der_ocsp_request(body)
            algorithm = request.hash_algorithm
            asked = request.issuer_name_hash, request.issuer_key_hash
        except Exception:  # whatever an unreadable request does to the parser, the protocol's answer is "malformed"
            return _unsuccessful(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        issuer = next((name for name in ("ca", "root") if self._issuers.get((name, algorithm.name)) == asked), None)
        if issuer is None:
            return _unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)
        try:
            nonce = request.extensions.get_extension_for_class(x509.OCSPNonce).value
        except x509.ExtensionNotFound:
            return self._keep(
                ("ocsp", issuer, request.serial_number, algorithm.name, fault),
                lambda: self._answer(request, issuer, None, fault),
            )
        return self._answer(request, issuer, nonce, fault)

    def revocation_list(self, issuer: str) -> bytes:
        """The CRL (DER) of ``"ca"`` or ``"root"``."""
        return self._keep(("crl", issuer), lambda: self._list(issuer))

    def _answer(self, request: ocsp.OCSPRequest, issuer: str, nonce: x509.OCSPNonce | None, fault: str) -> bytes:
        authority, now = self._authority, self._now().replace(microsecond=0)
        if fault == "stale":
            now -= 7 * NEXT_UPDATE
        standing = authority.standing(request.serial_number) if fault != "unknown" else None
        if standing is None:
            status, moment, reason = ocsp.OCSPCertStatus.UNKNOWN, None, None
        elif standing.revoked_at is None:
            status, moment, reason = ocsp.OCSPCertStatus.GOOD, None, None
        else:
            status, moment = ocsp.OCSPCertStatus.REVOKED, datetime.fromisoformat(standing.revoked_at)
            reason = x509.ReasonFlags[standing.reason or "unspecified"]
        signer = authority.ocsp if issuer == "ca" else authority.root_ocsp
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=request.issuer_name_hash,
                issuer_key_hash=request.issuer_key_hash,
                serial_number=request.serial_number,
                algorithm=request.hash_algorithm,
                cert_status=status,
                this_update=now,
                next_update=now + NEXT_UPDATE,
                revocation_time=moment,
                revocation_reason=reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
            .certificates([signer.certificate])
        )
        if nonce is not None:
            builder = builder.add_extension(nonce, critical=False)
        answer = builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)
        # The library dates answers by the machine's clock; this authority's may be moved.
        return answer if abs(datetime.now(UTC) - now) < NEXT_UPDATE or fault == "stale" else _dated(answer, now, signer)

    def _list(self, issuer: str) -> bytes:
        authority, now = self._authority, self._now().replace(microsecond=0)
        pair = authority.root if issuer == "root" else authority.ca
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(pair.certificate.subject)
            .last_update(now)
            .next_update(now + NEXT_UPDATE)
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(pair.key.public_key()), critical=False)
        )
        for standing in authority.register.revoked():
            if (standing.serial == authority.ca.certificate.serial_number) != (issuer == "root"):
                continue
            entry = (
                x509.RevokedCertificateBuilder()
                .serial_number(standing.serial)
                .revocation_date(datetime.fromisoformat(standing.revoked_at or ""))
            )
            if standing.reason not in (None, "unspecified"):  # RFC 5280 5.3.1: leave "unspecified" out
                entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags[standing.reason]), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(pair.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _keep(self, key: object, make: Callable[[], bytes]) -> bytes:
        revision = self._authority.register.revision()
        if revision != self._revision:
            self._kept.clear()
            self._revision = revision
        now = self._now()
        made_at, content = self._kept.get(key, (now, b""))
        if (
            not content or not timedelta(0) <= now - made_at < KEEP_FOR
        ):  # one from a later moment: the clock was set back
            content = make()
            self._kept[key] = now, content
        return content


def _key_bits(pair: Pair) -> bytes:
    """The BIT STRING of a public key, without its count of unused bits: what OCSP hashes."""
    key = pair.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, start, end = der.read(key)
    return list(der.children(key, start, end))[1][1][1:]


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()


def _unsuccessful(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)


TRY_LATER = _unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
