"""RFC 3161 time stamps: asked for sixteen at a time, each checked before it is used, never silently left out."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import lru_cache

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.outside_calls import count
from hocba_app.pki import chain_validation, tsp_codec
from hocba_app.pki.http_pool import KeptConnections, RequestFailed
from hocba_app.pki.trusted_path import trusted_paths
from hocba_app.pki.tsp_codec import Token

log = structlog.get_logger()

MAX_CONCURRENT = 16
TIMEOUT = 10.0
_HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class TimestampClient:
    """One time-stamp authority.

    Args:
        url: where requests are posted.
        trust_roots: roots the authority's certificate must lead to, DER.
        timeout: seconds a request may take.
    """

    def __init__(self, url: str, *, trust_roots: Sequence[bytes], timeout: float = TIMEOUT) -> None:
        self._roots = tuple(trust_roots)
        self._connections = KeptConnections(url, timeout=timeout)
        self._paths: dict[bytes, tuple[tuple[bytes, ...], ...]] = {}
        self.largest_token = 0
        """Bytes of the largest token seen, for the reserved space (core decision 5)."""
        self.certificates: tuple[bytes, ...] = ()
        """The authority's certificates as its last token carried them, the signer's first."""

    def close(self) -> None:
        """Close its connections."""
        self._connections.close()

    def tokens(self, values: Sequence[bytes], *, certificate_required: bool = True) -> list[bytes]:
        """A checked token over each value, in order.

        Args:
            values: what to stamp (signature values); the authority sees only their SHA-256.
            certificate_required: ask for the authority's certificates inside the token.

        Raises:
            HocbaError: TIMESTAMP_UNAVAILABLE; all may be asked again.
        """
        with ThreadPoolExecutor(min(MAX_CONCURRENT, max(1, len(values)))) as pool:
            return list(
                pool.map(lambda value: self.token_over(hashlib.sha256(value).digest(), certificate_required), values)
            )

    def token_over(self, imprint: bytes, certificate_required: bool = True) -> bytes:
        """One checked token over a SHA-256.

        Raises:
            HocbaError: TIMESTAMP_UNAVAILABLE.
        """
        nonce = secrets.randbits(63)
        body = tsp_codec.request(imprint, nonce, certificate_required)
        try:
            token = tsp_codec.token_of(self._connections.post(body, _HEADERS))
            if token is None:
                raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)
            self._check(tsp_codec.read(token), imprint, nonce)
        except RequestFailed as error:
            count("tsa", None)
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE, away=True) from error
        except (ValueError, IndexError, KeyError, InvalidSignature) as error:
            count("tsa", 500)
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE) from error
        count("tsa", 200)
        self.largest_token = max(self.largest_token, len(token))
        return token

    def _check(self, token: Token, imprint: bytes, nonce: int) -> None:
        """Imprint and nonce are ours, the signature holds, and the signer is a time-stamp unit under our roots."""
        if not token.has_imprint(imprint) or not token.has_nonce(nonce):
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)
        found = token.certificates or self.certificates
        signer = next((item for item in found if tsp_codec.issuer_and_serial(item) == token.signer), None)
        if signer is None:
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE)
        self.certificates = (signer, *(certificate for certificate in found if certificate != signer))
        token.verify(_public_key(signer))
        if not token.names_its_unit or not self._is_trusted_unit(signer, token.stated):
            # Waiting does not mend it: `doctor` and the log say what an operator must change.
            log.warning(
                "timestamp.unit_refused", subject=x509.load_der_x509_certificate(signer).subject.rfc4514_string()
            )
            raise HocbaError(ErrorCode.TIMESTAMP_UNAVAILABLE, unit=True)

    def _is_trusted_unit(self, signer: bytes, stated: datetime) -> bool:
        """A time-stamp unit under our roots at the time it states. Its paths are kept: it is asked 22,000 times a year."""
        if any(chain_validation.are_valid(path, stated) for path in self._paths.get(signer, ())):
            return True
        paths = trusted_paths(signer, self.certificates[1:], self._roots, stated, purpose="timestamp")
        self._paths = {signer: paths}
        return bool(paths)


@lru_cache(maxsize=1024)
def token_time(token: bytes) -> datetime:
    """The time a token states, UTC: the time that is shown and judged."""
    return tsp_codec.read(token).stated


def certificates_in(token: bytes) -> list[bytes]:
    """The certificates a token carries, DER."""
    return list(tsp_codec.read(token).certificates)


@lru_cache(maxsize=16)
def _public_key(certificate: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise InvalidSignature
    return key
