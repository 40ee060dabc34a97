"""What the subject of a certificate says: whose it is, by number and by name."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.x509.oid import NameOID

_PERSON = re.compile(r"(?:CCCD|CMND|CMT|CC|HC)?[:_\-]?\s*(\d{9}|\d{12})\Z", re.IGNORECASE)
_PERSONAL = re.compile(r"(?:CCCD|CMND|CMT|CC|HC)[:_\-]?\s*\d", re.IGNORECASE)
_ORGANISATION = re.compile(r"MST[:_\-]?\s*(\d{10}(?:-?\d{3})?)\Z", re.IGNORECASE)


class Subject(NamedTuple):
    """A certificate's subject."""

    id_numbers: tuple[str, ...]
    """Personal id numbers (12-digit, or old 9-digit) in the UID, whatever the prefix (CCCD, CMND)."""
    tax_code: str | None
    """The organisation's MST in the UID; None for a person's certificate, also one that names his organisation."""
    names: tuple[str, ...]
    """Common names as they are written; of an organisation's certificate its organisation names too."""


@lru_cache(maxsize=2048)
def subject_of(certificate: bytes) -> Subject:
    """Read a certificate's subject.

    Args:
        certificate: DER.

    Raises:
        ValueError: it cannot be read.
    """
    name = x509.load_der_x509_certificate(certificate).subject
    uids = _texts(name, NameOID.USER_ID) + _texts(name, NameOID.SERIAL_NUMBER)
    numbers = tuple(found.group(1) for text in uids if (found := _PERSON.match(text)))
    tax_code = None
    if not any(_PERSONAL.match(text) for text in uids):
        tax_code = next((found.group(1) for text in uids if (found := _ORGANISATION.match(text))), None)
    names = _texts(name, NameOID.COMMON_NAME) + (_texts(name, NameOID.ORGANIZATION_NAME) if tax_code else [])
    return Subject(numbers, tax_code, tuple(dict.fromkeys(names)))


def _texts(name: x509.Name, kind: x509.ObjectIdentifier) -> list[str]:
    return [str(entry.value) for entry in name.get_attributes_for_oid(kind)]
