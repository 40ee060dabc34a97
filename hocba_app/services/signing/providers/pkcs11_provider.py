"""Keys in a token or HSM of the school's, through its PKCS#11 library: signs at once, asks nobody.

The tap in this product is the whole confirmation. Whose key it may be is decided by the certificate, as at every service:
it must carry the person's own id number or the school's MST.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.exceptions import PKCS11Error

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki.signer_certificate import certificates_of
from hocba_app.services.credential_cipher import revealed
from hocba_app.services.signing.providers.pkcs11_token import Token
from hocba_app.services.signing.providers.provider import (
    NOBODY_ASKED,
    Credential,
    ProviderEntry,
    ProviderStatus,
    SignRequest,
    Submitted,
    Words,
)
from hocba_app.settings import Settings

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What PKCS#1 v1.5 puts before a SHA-256 digest (RFC 8017, 9.2); ``CKM_RSA_PKCS`` pads what it is given."""
MAX_LABEL = 80
_MAX_PATH = 6
_MAX_ID = 40
"""Bytes of a key's id, so that it fits the column of a credential's."""


class Pkcs11Provider:
    """Keys of one token; any thread. A user is a certificate's label, or the key's id in hexadecimal.

    Args:
        module: path of the vendor's PKCS#11 library.
        token: label of the token.
        pin: of the token's user.
        issuers: DER, certificates of authorities that the token lacks.
    """

    max_hashes, window_seconds, poll_seconds = 500, 30, 0.5

    def __init__(self, module: str, token: str, pin: str, *, issuers: tuple[bytes, ...] = ()) -> None:
        self._token, self._issuers = Token(module, token, pin), issuers

    def credentials(self, user: str) -> list[Credential]:
        """See :class:`SigningProvider`. One for each key, with its newest certificate.

        Raises:
            HocbaError: PROVIDER_UNKNOWN_USER, TOKEN_* and PROVIDER_* as :meth:`Token.use`; TOKEN_KEY_MISSING when the
                certificates of this name are there and no key of theirs.
        """
        return self._token.use(lambda session: _credentials(session, user, self._issuers))

    def start(self, request: SignRequest) -> Submitted:
        """See :class:`SigningProvider`; the signatures come with the answer. Nobody is asked: it may be done again.

        Raises:
            HocbaError: as :meth:`credentials`; CREDENTIAL_GONE.
        """
        return self._token.use(lambda session: Submitted(None, self._signed(session, request)))

    def poll(self, user: str, transaction_id: str) -> ProviderStatus:
        """See :class:`SigningProvider`; there is never a transaction to ask about."""
        return ProviderStatus("failed")

    def log_in(self) -> None:
        """Find the token and log in.

        Raises:
            HocbaError: as :meth:`Token.use`.
        """
        self._token.use(lambda session: None)

    def close(self) -> None:
        """Log out of the token."""
        self._token.close()

    def _signed(self, session: Any, request: SignRequest) -> tuple[bytes, ...]:
        kept = {key_id.hex(): (key_id, found) for key_id, found in _by_key(session, request.user).items()}
        if request.credential_id not in kept:
            raise HocbaError(ErrorCode.CREDENTIAL_GONE)
        key_id, found = kept[request.credential_id]
        key = _private_key(session, key_id, found)
        if key is None:
            raise HocbaError(ErrorCode.TOKEN_KEY_MISSING)
        pin = self._token.pin if _asks_each_time(key) else None
        return tuple(
            key.sign(_DIGEST_INFO + digest, mechanism=Mechanism.RSA_PKCS, pin=pin) for digest in request.hashes
        )


def _credentials(session: Any, user: str, issuers: tuple[bytes, ...]) -> list[Credential]:
    named = _by_key(session, user)
    if not named:
        raise HocbaError(ErrorCode.PROVIDER_UNKNOWN_USER)
    kept = {key_id: found for key_id, found in named.items() if _private_key(session, key_id, found) is not None}
    if not kept:
        raise HocbaError(ErrorCode.TOKEN_KEY_MISSING)
    others = [
        *(certificate for _, certificate in _certificates(session, {})),
        *(x509.load_der_x509_certificate(each) for each in issuers),
    ]
    return [
        Credential(
            credential_id=key_id.hex(),
            status="valid",
            chain=_path(found, others),
            valid_from=found.not_valid_before_utc,
            valid_to=found.not_valid_after_utc,
            description=found.subject.rfc4514_string(),
        )
        for key_id, found in kept.items()
    ]


def _by_key(session: Any, user: str) -> dict[bytes, x509.Certificate]:
    """The certificates of this label or key id, the newest of each key: a renewed one takes its predecessor's place."""
    # One form of Vietnamese letters was typed, either may be in the token.
    labels = dict.fromkeys((user, unicodedata.normalize("NFC", user), unicodedata.normalize("NFD", user)))
    found = [entry for label in labels for entry in _certificates(session, {Attribute.LABEL: label})]
    if not found and (key_id := _hexadecimal(user)):
        found = _certificates(session, {Attribute.ID: key_id})
    newest = sorted(found, key=lambda entry: entry[1].not_valid_after_utc)
    return {key_id: certificate for key_id, certificate in newest if 0 < len(key_id) <= _MAX_ID}


def _certificates(session: Any, wanted: dict[Attribute, Any]) -> list[tuple[bytes, x509.Certificate]]:
    """Key ids and certificates; what cannot be read as one is passed over."""
    found = []
    for entry in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, **wanted})):
        try:
            found.append((bytes(entry[Attribute.ID]), x509.load_der_x509_certificate(bytes(entry[Attribute.VALUE]))))
        except (ValueError, PKCS11Error):
            continue
    return found


def _private_key(session: Any, key_id: bytes, certificate: x509.Certificate) -> Any | None:
    """The RSA key of a certificate. One that only shares its id would make signatures that verify nowhere."""
    public = certificate.public_key()
    if not isinstance(public, rsa.RSAPublicKey):
        return None
    modulus = public.public_numbers().n
    wanted = {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: KeyType.RSA, Attribute.ID: key_id}
    return next(
        (key for key in list(session.get_objects(wanted)) if int.from_bytes(key[Attribute.MODULUS], "big") == modulus),
        None,
    )


def _asks_each_time(key: Any) -> bool:
    try:
        return bool(key[Attribute.ALWAYS_AUTHENTICATE])
    except PKCS11Error:
        return False  # an attribute older tokens do not know


def _path(signer: x509.Certificate, others: list[x509.Certificate]) -> tuple[bytes, ...]:
    """The signer and whatever of its issuers is at hand, DER."""
    path = [signer]
    while len(path) < _MAX_PATH and path[-1].issuer != path[-1].subject:
        issuer = next((each for each in others if each not in path and _issued(each, path[-1])), None)
        if issuer is None:
            break
        path.append(issuer)
    return tuple(each.public_bytes(Encoding.DER) for each in path)


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def token_arguments(settings: Settings, _: object = None) -> tuple[str, str, str, str]:
    """What the installation's token is opened with.

    Raises:
        HocbaError: SECRET_KEY_*.
    """
    return settings.pkcs11_module, settings.pkcs11_token, revealed(settings.pkcs11_pin), settings.pkcs11_issuers


def _make(module: str, token: str, pin: str, issuers: str) -> Pkcs11Provider:
    try:
        return Pkcs11Provider(module, token, pin, issuers=certificates_of(Path(issuers)) if issuers else ())
    except (OSError, ValueError) as error:
        raise HocbaError(ErrorCode.TOKEN_ISSUERS) from error


def _label(text: str) -> str:
    """A label is what the vendor's program wrote: words, with blanks and marks."""
    if not (user := text.strip()) or len(user) > MAX_LABEL or not user.isprintable():
        raise HocbaError(ErrorCode.INVALID_INPUT, detail=f"nhãn chứng thư số có từ 1 đến {MAX_LABEL} ký tự")
    return user


ENTRY = ProviderEntry(
    name="pkcs11",
    setting="pkcs11_module",
    words=Words(
        title="Token hoặc HSM ở máy chủ (PKCS#11)",
        account=("nhãn của chứng thư số trong token, hoặc mã khóa (ID) dạng thập lục phân",) * 2,
        confirming=("Chứng thư số nằm trong token hoặc HSM cắm ở máy chủ của trường.", NOBODY_ASKED),
        at_once=True,
    ),
    arguments=token_arguments,
    make=_make,
    parse_user=_label,
)
