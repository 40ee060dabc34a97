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

from hocba_app.pki.revocation import Answer, Answers
from hocba_app.verification.fetched import Fetched
from hocba_app.verification.signature_fields import entry_of

MAX_ITEMS = 2000
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the DSS holds."""

    certificates: tuple[x509.Certificate, ...] = ()
    ocsps: tuple[asn1_ocsp.OCSPResponse, ...] = ()
    crls: tuple[asn1_crl.CertificateList, ...] = ()
    complete: bool = True
    """Whether everything in it could be read."""
    ocsps_since: tuple[int, ...] = ()
    """The revision that last changed each of ``ocsps``: no stamp before it covers it."""
    crls_since: tuple[int, ...] = ()

    def answers(self, fetched: Fetched) -> Answers:
        """For the judge of revocation, together with what was fetched."""
        ocsps = [Answer(item.dump(), since) for item, since in zip(self.ocsps, self.ocsps_since, strict=True)]
        crls = [Answer(item.dump(), since) for item, since in zip(self.crls, self.crls_since, strict=True)]
        return Answers([*ocsps, *map(Answer, fetched.ocsps)], [*crls, *map(Answer, fetched.crls)])

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
    certificates, _, first = _items(reader, store, "/Certs", _certificate)
    ocsps, ocsps_since, second = _items(reader, store, "/OCSPs", _ocsp)
    crls, crls_since, third = _items(reader, store, "/CRLs", _crl)
    return Evidence(certificates, ocsps, crls, first and second and third, ocsps_since, crls_since)


def _items(
    reader: PdfFileReader, store: generic.DictionaryObject, key: str, read: Callable[[bytes], _Item]
) -> tuple[tuple[_Item, ...], tuple[int, ...], bool]:
    """Those that can be read, the revision that last changed each, and whether these are all."""
    found: list[_Item] = []
    since: list[int] = []
    try:
        entries = entry_of(store, key) or generic.ArrayObject()
    except Exception:
        return (), (), False
    if not isinstance(entries, generic.ArrayObject) or len(entries) > MAX_ITEMS:
        return (), (), False
    complete = True
    for entry in entries:
        try:
            item, revision = read(entry.get_object().data), reader.xrefs.get_last_change(entry.reference)
        except Exception:
            # Hostile input raises whatever it likes.
            complete = False
        else:
            found.append(item)
            since.append(revision)
    return tuple(found), tuple(since), complete


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
