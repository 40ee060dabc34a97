"""Certificates as the signing service has them, each judged for its owner. Everything here talks to the outside: never
call it inside a transaction."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import SEAL
from hocba_app.models.base import utc_now
from hocba_app.pki import signer_certificate
from hocba_app.pki.subjects import subject_of
from hocba_app.services.signers.key_owner import Owner, other_name
from hocba_app.services.signing.integrations import trust_roots
from hocba_app.services.signing.providers.provider import Credential, SigningProvider

_STORE_ALL_THE_SAME = (
    ErrorCode.REVOCATION_UNKNOWN,
    ErrorCode.CERTIFICATE_NOT_YET_VALID,
    ErrorCode.CERTIFICATE_OTHER_NAME,
)
"""Problems that pass by themselves, or that the principal may settle: the certificate may be chosen, and is tested again."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One certificate at the service and what speaks against it."""

    credential_id: str
    chain: tuple[str, ...]
    """Base64 DER, signer first."""
    subject: str
    """RFC 4514, with the id number: for the database, not for the screen."""
    name: str
    """Common name and organisation."""
    number: str
    """The id number or MST, its middle hidden."""
    issuer: str
    serial_number: str
    valid_from: datetime
    valid_to: datetime
    own: bool
    """Carries the owner's id number, or the school's MST."""
    trusted: bool
    """The chain ends in a configured root. Not judged (False) for a certificate without any id number."""
    problem: HocbaError | None

    @property
    def usable(self) -> bool:
        """May be chosen: nothing speaks against it that does not pass by itself."""
        return self.problem is None or self.problem.code in _STORE_ALL_THE_SAME


def ask(provider: SigningProvider, user: str, owner: Owner) -> list[Judged]:
    """Every certificate of a user at the service, judged now.

    Raises:
        HocbaError: PROVIDER_*, CREDENTIAL_NONE, TRUST_ROOTS_MISSING.
    """
    found = provider.credentials(user)
    if not found:
        raise HocbaError(ErrorCode.CREDENTIAL_NONE)
    try:
        roots = trust_roots()
    except (OSError, ValueError) as error:
        raise HocbaError(ErrorCode.TRUST_ROOTS_MISSING) from error
    return [_judge(credential, owner, roots) for credential in found]


def _judge(credential: Credential, owner: Owner, roots: tuple[bytes, ...]) -> Judged:
    chain = tuple(base64.b64encode(item).decode() for item in credential.chain)
    try:
        certificate = x509.load_der_x509_certificate(credential.chain[0])
    except (IndexError, ValueError):
        return Judged(
            credential.credential_id,
            chain,
            "",
            credential.description,
            "",
            "",
            "",
            credential.valid_from,
            credential.valid_to,
            own=False,
            trusted=False,
            problem=HocbaError(ErrorCode.CERTIFICATE_UNTRUSTED),
        )
    own = _refusal_of_owner(credential.chain[0], owner)
    chain_problem = _refusal_of_chain(credential, roots)
    begins, ends = signer_certificate.validity(credential.chain[0])
    return Judged(
        credential.credential_id,
        chain,
        certificate.subject.rfc4514_string()[:500],
        _said(certificate, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME),
        _hidden(credential.chain[0]),
        _said_of(certificate.issuer, NameOID.COMMON_NAME),
        f"{certificate.serial_number:x}",
        begins,
        ends,
        own=own is None,
        trusted=chain_problem is None
        or chain_problem.code not in (ErrorCode.CERTIFICATE_UNTRUSTED, ErrorCode.CERTIFICATE_NOT_OWN),
        problem=own or chain_problem or _refusal_of_name(credential.chain[0], owner),
    )


def _refusal_of_owner(certificate: bytes, owner: Owner) -> HocbaError | None:
    try:
        signer_certificate.require_own(certificate, **owner.identity)
    except HocbaError as error:
        return error
    return None


def _refusal_of_name(certificate: bytes, owner: Owner) -> HocbaError | None:
    if owner.key == SEAL or not other_name(certificate, owner.name, owner.accepted_name):
        return None
    return HocbaError(ErrorCode.CERTIFICATE_OTHER_NAME)


def _refusal_of_chain(credential: Credential, roots: tuple[bytes, ...]) -> HocbaError | None:
    """Validity, chain and revocation, whoever's the certificate is: a stranger's is reported as a stranger's *and* valid."""
    signer = credential.chain[0]
    try:
        subject = subject_of(signer)
        if not (subject.tax_code or subject.id_numbers):
            return HocbaError(ErrorCode.CERTIFICATE_NOT_OWN)
        signer_certificate.check_good(credential.chain, trust_roots=roots, at=utc_now())
    except HocbaError as error:
        return error
    except ValueError:  # a certificate of the chain that does not parse
        return HocbaError(ErrorCode.CERTIFICATE_UNTRUSTED)
    # What the service says of a certificate comes last: ours names the reason.
    return None if credential.status == "valid" else HocbaError(ErrorCode.SIGNING_CERTIFICATE)


def certificate_name(chain: list[str]) -> tuple[str, str]:
    """Name and half-hidden number of a stored chain's first certificate; empty where there is none."""
    if not chain:
        return "", ""
    der = base64.b64decode(chain[0])
    try:
        certificate = x509.load_der_x509_certificate(der)
    except ValueError:
        return "", ""
    return _said(certificate, NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME), _hidden(der)


def _said(certificate: x509.Certificate, *kinds: x509.ObjectIdentifier) -> str:
    return _said_of(certificate.subject, *kinds)


def _said_of(name: x509.Name, *kinds: x509.ObjectIdentifier) -> str:
    found = [str(entry.value) for kind in kinds for entry in name.get_attributes_for_oid(kind)]
    return ", ".join(dict.fromkeys(found))[:200]


def _hidden(certificate: bytes) -> str:
    """``CCCD …1234``: enough to tell a wrong certificate, too little to learn a stranger's number."""
    subject = subject_of(certificate)
    if subject.tax_code:
        return f"MST {subject.tax_code}"  # an organisation's is public
    return f"CCCD …{subject.id_numbers[0][-4:]}" if subject.id_numbers else ""
