"""What cryptography says of one signature, whichever way it was judged; the record's rules start from here."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from hocba_app.pki import chain_validation
from hocba_app.pki.chain_trouble import ChainTrouble
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.past_validation import Proof
from hocba_app.recordfile.demands import Vouched
from hocba_app.verification.report_model import Coverage, Integrity, Revocation, Trust

Problem = Literal["broken", "unknown_kind", "unjudged"]
"""Why nothing can be said of a signature: it cannot be read, is of a kind this software does not know, or the analysis gave up."""

Doubt = Literal["unanswered", "expired", "algorithm"]
"""No answer about revocation that counts; the last proof has ended; its algorithms are no longer relied on."""


@dataclass(slots=True)
class Judged:
    """One signature or document time stamp."""

    field: str
    is_timestamp: bool
    certificate: bytes | None
    """The signer's, DER; None when it cannot even be read."""
    claimed: datetime | None
    stamped: datetime | None
    coverage: Coverage
    integrity: Integrity
    trust: Trust
    modified: bool
    """Whether anything but further signing came after it."""
    is_unclear: bool = False
    """Whether what came after it could not be analysed."""
    is_permitted: bool = False
    """Whether what came after it is more than signing, and may have come: the file shows something else, with leave."""
    signed_after: bool = True
    """Whether anything but validation data and document time stamps came after it."""
    timestamp_bad: bool = False
    timestamp_untrusted: bool = False
    """Whether its time stamp holds, by a unit that is not trusted."""
    expired: bool = False
    expired_since: bool = False
    """Whether it has expired by now, was valid when it says it was made, and nothing proves that."""
    is_weak: bool = False
    """Whether it rests on a hash that is no longer relied on."""
    is_unfinished: bool = False
    """Whether digest and signature value were judged and the signer could not be."""
    revoked: bool = False
    revocation: Revocation = "unknown"
    revision: int = 0
    """Number of the revision that brought it; later ones are greater."""
    shown_name: str = ""
    """That readers show for its signer; "" for none."""
    reassigned: dict[str, Vouched] = dataclasses.field(default_factory=dict)
    """Of a seal: slots it vouches for, by field (core decision 9)."""
    problem: Problem | None = None
    """Set where the signature could not be judged at all."""
    paths: tuple[tuple[bytes, ...], ...] = ()
    """Of the signer's certificate, root last; the likeliest first."""
    chain: ChainTrouble | None = None
    """What is wrong with its chain, where it is not trusted and the reason is known."""
    proof: Proof | None = None
    """Its own time stamp, or the document time stamp itself; None without one that holds."""
    doubt: Doubt | None = None
    """Why nobody can tell (any more) whether the signer or his time stamp was good."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a certificate says in words."""

    holder: str = ""
    subject: str = ""
    issuer: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@lru_cache(maxsize=256)
def names_in(certificate: bytes | None) -> Names:
    """Holder's common name, whole subject, issuing authority and validity; empty for what cannot be read."""
    if certificate is None:
        return Names()
    try:
        parsed = chain_validation.parsed(certificate)
        return Names(
            _common_name(parsed.subject),
            parsed.subject.rfc4514_string(),
            _common_name(parsed.issuer) or parsed.issuer.rfc4514_string(),
            parsed.not_valid_before_utc,
            parsed.not_valid_after_utc,
        )
    except (ValueError, NotShown):
        return Names()


def _common_name(name: x509.Name) -> str:
    return " ".join(str(part.value) for part in name.get_attributes_for_oid(NameOID.COMMON_NAME))
