"""Signatures that other readers judge and pyHanko does not, each signer's written anew as the CMS it reads.

A CMS of several signers is judged signer by signer. ``adbe.x509.rsa_sha1`` (ISO 32000-1, 12.8.3.2) is a bare signature value beside
its certificates: what a CMS without signed attributes holds, otherwise wrapped.
"""

from __future__ import annotations

from collections.abc import Iterable

from asn1crypto import algos, cms, core, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name

RSA_SHA1 = "/adbe.x509.rsa_sha1"
_CONTENTS = pdf_name("/Contents")


class _Value(generic.IndirectObject):
    """A reference to a signature's dictionary that leads to another one."""

    def __init__(self, original: generic.IndirectObject, instead: generic.DictionaryObject) -> None:
        super().__init__(original.idnum, original.generation, original.get_pdf_handler())
        self._instead = instead

    def get_object(self) -> generic.DictionaryObject:
        """See :class:`IndirectObject`."""
        return self._instead


def with_contents(body: generic.DictionaryObject, encoded: bytes) -> generic.DictionaryObject:
    """A field whose signature has other contents.

    Raises:
        TypeError: its signature is written in place.
    """
    value = body.raw_get("/V")
    if not isinstance(value, generic.IndirectObject):
        raise TypeError("signature in place")
    dictionary = generic.DictionaryObject(dict(body["/V"]))
    dictionary[_CONTENTS] = generic.ByteStringObject(encoded)
    return generic.DictionaryObject({**body, pdf_name("/V"): _Value(value, dictionary)})


def one_for_each_signer(dictionary: generic.DictionaryObject, contents: bytes) -> list[bytes]:
    """The contents as CMS structures of one signer each; none where they are that already.

    Args:
        dictionary: of the signature.
        contents: its ``/Contents``.

    Raises:
        Exception: whatever broken contents make the parser raise.
    """
    if str(dictionary["/SubFilter"]) == RSA_SHA1:
        return [_wrapped(_certificates(dictionary), core.OctetString.load(contents).native)]
    content = cms.ContentInfo.load(contents)["content"]
    infos = list(content["signer_infos"])
    return [_with_signers(content, [info]) for info in infos] if len(infos) > 1 else []


def _with_signers(content: cms.SignedData, infos: Iterable[cms.SignerInfo]) -> bytes:
    alone = content.copy()
    alone["signer_infos"] = list(infos)
    return cms.ContentInfo({"content_type": "signed_data", "content": alone}).dump()


def _certificates(dictionary: generic.DictionaryObject) -> list[x509.Certificate]:
    held = dictionary["/Cert"]
    return [x509.Certificate.load(each.original_bytes) for each in (held if isinstance(held, list) else [held])]


def _wrapped(certificates: list[x509.Certificate], value: bytes) -> bytes:
    signer = certificates[0]
    digest = algos.DigestAlgorithm({"algorithm": "sha1"})
    info = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {"issuer_and_serial_number": {"issuer": signer.issuer, "serial_number": signer.serial_number}}
            ),
            "digest_algorithm": digest,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha1_rsa"}),
            "signature": value,
        }
    )
    data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": certificates,
            "signer_infos": [info],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": data}).dump()
