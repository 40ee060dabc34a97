"""Certificates and revocation data that a file carries (its DSS), as far as they can be read. Runs inside the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

MOST_ITEMS = 2000
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the DSS holds."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[asn1_ocsp.OCSPResponse, ...] = ()
    crls: tuple[asn1_crl.CertificateList, ...] = ()
    complete: bool = True
    """Whether everything in it could be read."""

    @property
    def has_revocation(self) -> bool:
        """Whether certificates must be covered by it: evidence that was made unreadable must not count as none."""
        return bool(self.ocsps or self.crls) or not self.complete


def evidence_in(reader: PdfFileReader) -> Evidence:
    """The file's DSS, or nothing. An entry that cannot be read costs only itself."""
    try:
        store = reader.root["/DSS"]
    except KeyError:
        return Evidence()
    except Exception:
        # Whatever a broken object raises: there is a store, and nothing of it is known.
        return Evidence(complete=False)
    if not isinstance(store, generic.DictionaryObject):
        return Evidence(complete=False)
    certificates, first = _items(store, "/Certs", _certificate)
    ocsps, second = _items(store, "/OCSPs", _ocsp)
    crls, third = _items(store, "/CRLs", _crl)
    return Evidence(certificates, ocsps, crls, first and second and third)


def _items(store: generic.DictionaryObject, key: str, read: Callable[[bytes], _Item]) -> tuple[tuple[_Item, ...], bool]:
    """Those that can be read, and whether these are all."""
    found: list[_Item] = []
    try:
        entries = store.get(key) or generic.ArrayObject()
        complete = isinstance(entries, generic.ArrayObject) and len(entries) <= MOST_ITEMS
    except Exception:
        return (), False
    for entry in entries if complete else ():
        try:
            found.append(read(entry.get_object().data))
        except Exception:
            # Hostile input raises whatever it likes.
            complete = False
    return tuple(found), complete


def _certificate(data: bytes) -> x509.Certificate:
    found = x509.Certificate.load(data)
    _ = found.native  # asn1crypto parses only what is asked for; later it would fail in the middle of a signature
    return found


def _ocsp(data: bytes) -> asn1_ocsp.OCSPResponse:
    found = asn1_ocsp.OCSPResponse.load(data)
    _ = found.native
    return found


def _crl(data: bytes) -> asn1_crl.CertificateList:
    found = asn1_crl.CertificateList.load(data)
    _ = found["tbs_cert_list"]["issuer"].native, found["tbs_cert_list"]["this_update"].native
    return found
