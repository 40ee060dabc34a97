"""Why a certificate is not trusted, so that a foreign root is not reported where a certificate is merely missing."""

from __future__ import annotations

from typing import Literal

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown

ChainTrouble = Literal["outside", "incomplete", "unsuitable"]
"""It ends at an authority that is not trusted; no path can be built or one of its certificates may not be there; the
certificate was not issued for signing documents."""


def chain_trouble(
    certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...], *, is_signer: bool = True
) -> ChainTrouble | None:
    """What is wrong with the way from a certificate to the trusted roots.

    Args:
        certificate: DER.
        pool: certificates at hand, DER.
        roots: trusted roots, DER.
        is_signer: a person's or an organisation's, not a time-stamp unit's.

    Returns:
        None where a sound path exists and the certificate may sign.
    """
    pool = pool[: chain_validation.MAX_POOL]
    try:
        if is_signer:
            chain_validation.require_signer(certificate)
    except NotShown:
        return "unsuitable"
    try:
        chain_validation.sound_paths(certificate, pool, roots)
    except NotShown:
        pass
    else:
        return None
    try:
        if chain_validation.paths_of(certificate, pool, roots):
            return "incomplete"
        return "outside" if _has_issuer(certificate, pool) else "incomplete"
    except NotShown:
        return "incomplete"


def _has_issuer(certificate: bytes, pool: tuple[bytes, ...]) -> bool:
    """Whether an authority that signed the certificate is known, and so known not to lead to a trusted root."""
    mine = chain_validation.comparable_name(chain_validation.names(certificate).issuer)
    for other in pool:
        try:
            theirs = chain_validation.comparable_name(chain_validation.names(other).subject)
            if theirs == mine and chain_validation.is_unchanged(certificate, other):
                return True
        except (NotShown, ValueError, IndexError):
            continue
    return False
