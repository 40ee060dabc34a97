"""The parts of a signature's dictionary and its CMS: certificates, time stamps, hashes, what a seal vouches for."""

from __future__ import annotations

import contextlib
from datetime import datetime

from asn1crypto import cms
from pyhanko.pdf_utils.generic import DictionaryObject
from pyhanko.sign.validation import EmbeddedPdfSignature

from hocba_app.pki import algorithms
from hocba_app.recordfile.demands import Demand, Vouched


def certificates_in(signed: cms.SignedData) -> list[bytes]:
    """The certificates that came along, DER."""
    return [item.chosen.dump() for item in signed["certificates"] or () if item.name == "certificate"]


def hashes_of(token: cms.SignedData) -> tuple[str, ...]:
    """What a token rests on: the hash of its imprint, of its content and of its signature."""
    signer = token["signer_infos"][0]
    imprint = token["encap_content_info"]["content"].parsed["message_imprint"]["hash_algorithm"]["algorithm"].native
    digest = signer["digest_algorithm"]["algorithm"].native
    try:
        signed_with = signer["signature_algorithm"].hash_algo
    except ValueError:
        signed_with = digest
    return tuple({imprint, digest, signed_with})


def token_of(signature: EmbeddedPdfSignature) -> cms.SignedData | None:
    """The signature's own time stamp; None without one."""
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            return attribute["values"][0]["content"]
    return None


def token_bytes_of(signature: EmbeddedPdfSignature) -> bytes | None:
    """The time-stamp token inside a signature, as it is in the file."""
    for attribute in signature.signer_info["unsigned_attrs"] or ():
        if attribute["type"].native == "signature_time_stamp_token":
            return bytes(attribute["values"][0].dump())
    return None


def token_time_of(signature: EmbeddedPdfSignature) -> datetime | None:
    """What the signature's own time stamp says; None without one."""
    found = token_of(signature)
    return found["encap_content_info"]["content"].parsed["gen_time"].native if found is not None else None


def own_token_time_of(signature: EmbeddedPdfSignature) -> datetime | None:
    """What a document time stamp says."""
    return signature.signed_data["encap_content_info"]["content"].parsed["gen_time"].native


def vouched_by(signature: EmbeddedPdfSignature) -> dict[str, Vouched]:
    """What a seal of ours vouches for, by field."""
    return {str(entry["/Field"]): _vouched(entry) for entry in signature.sig_object.get("/HBReassigned", [])}


def _vouched(entry: DictionaryObject) -> Vouched:
    reason, delegation = str(entry.get("/Reason", "")), str(entry.get("/Delegation", ""))
    if "/Signer" in entry:  # writer 1
        return Vouched(Demand((str(entry["/Signer"]),)), reason, delegation)
    demand = Demand(tuple(str(signer) for signer in entry["/Signers"]), str(entry["/Name"]), str(entry["/PlainName"]))
    return Vouched(demand, reason, delegation, str(entry.get("/NameReason", "")))


def weak_hash_of(signature: EmbeddedPdfSignature, at: datetime, *, old_kind: bool) -> bool:
    """Whether a signature rests on a hash that is no longer relied on.

    Args:
        at: the instant of the verdict, UTC.
        old_kind: it signs the SHA-1 of the file, whatever its own hash.
    """
    signer = signature.signer_info
    names = {signer["digest_algorithm"]["algorithm"].native, *(("sha1",) if old_kind else ())}
    with contextlib.suppress(ValueError):  # its mechanism has one of its own, or leaves it to the digest
        names.add(signer["signature_algorithm"].hash_algo)
    return any(algorithms.has_ended(str(name), at) for name in names)
