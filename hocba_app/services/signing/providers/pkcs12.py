"""Keys in PKCS#12 files beside the program, for development and rehearsal without any service: signs at once, asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signing.providers.provider import (
    NOBODY_ASKED,
    Credential,
    ProviderEntry,
    ProviderStatus,
    SignRequest,
    Submitted,
    Words,
)

_USER = re.compile(r"[A-Za-z0-9_-]{1,80}\Z")
_PREHASHED = Prehashed(hashes.SHA256())


class Pkcs12Provider:
    """One file a user, ``<user>.p12``, without a password: whoever can read the folder can sign.

    Args:
        folder: of the files.
    """

    max_hashes, window_seconds, poll_seconds = 500, 120, 0.5

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def credentials(self, user: str) -> list[Credential]:
        """See :class:`SigningProvider`."""
        stored = self._load(user)
        certificate = self._certificate(stored)
        others = [item.certificate for item in stored.additional_certs]
        return [
            Credential(
                credential_id=user,
                status="valid",
                chain=tuple(item.public_bytes(Encoding.DER) for item in (certificate, *others)),
                valid_from=certificate.not_valid_before_utc,
                valid_to=certificate.not_valid_after_utc,
                description=certificate.subject.rfc4514_string(),
            )
        ]

    def start(self, request: SignRequest) -> Submitted:
        """See :class:`SigningProvider`; the signatures come with the answer."""
        if request.credential_id != request.user:
            raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail="credential")
        key = self._load(request.user).key
        if not isinstance(key, rsa.RSAPrivateKey):
            raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail="key")
        return Submitted(None, tuple(key.sign(digest, padding.PKCS1v15(), _PREHASHED) for digest in request.hashes))

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """See :class:`SigningProvider`; there is never a transaction to ask about."""
        return ProviderStatus("failed")

    def close(self) -> None:
        """Nothing is kept open."""

    def _load(self, user: str) -> PKCS12KeyAndCertificates:
        if not _USER.match(user):
            raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)
        try:
            return load_pkcs12((self._folder / f"{user}.p12").read_bytes(), None)
        except OSError as error:
            raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER) from error
        except ValueError as error:
            raise HocbaError(ErrorCode.PROVIDER_REFUSED_REQUEST, detail="p12") from error

    def _certificate(self, stored: PKCS12KeyAndCertificates) -> x509.Certificate:
        if stored.cert is None:
            raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)
        return stored.cert.certificate


ENTRY = ProviderEntry(
    name="pkcs12",
    setting="pkcs12_dir",
    words=Words(
        title="Tệp khóa (chỉ để thử nghiệm)",
        account=("tên tệp .p12, không có đuôi",) * 2,
        confirming=("Chứng thư số nằm trong một tệp trên máy chủ, chỉ để thử nghiệm.", NOBODY_ASKED),
        at_once=True,
    ),
    arguments=lambda settings, _: (settings.pkcs12_dir,),
    make=lambda folder: Pkcs12Provider(Path(folder)),
)
