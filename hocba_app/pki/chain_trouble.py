"""Why a certificate is not trusted, so that a foreign root is not reported where a certificate is merely missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown

ChainTrouble = Literal["outside", "incomplete", "unsuitable"]
"""It ends at an authority that is not trusted; no path can be built or one of its certificates may not be there; the
certificate was not issued for signing documents."""

_MAX_REACHED = 16
"""Authorities looked at on the way up."""


def chain_trouble(
    certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...], *, require: Callable[[bytes], None] | None
) -> ChainTrouble | None:
    """What is wrong with the way from a certificate to the trusted roots.

    Args:
        certificate: DER.
        pool: certificates at hand, DER.
        roots: trusted roots, DER.
        require: raises :class:`NotShown` for a certificate that may not do what it did; None asks for nothing.

    Returns:
        None where a sound path exists and the certificate may sign.
    """
    pool = pool[: chain_validation.MAX_POOL]
    try:
        if require is not None:
            require(certificate)
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
        return "outside" if _ends_outside(certificate, pool, roots) else "incomplete"
    except NotShown:
        return "incomplete"


def _ends_outside(certificate: bytes, pool: tuple[bytes, ...], roots: tuple[bytes, ...]) -> bool:
    """Whether an authority that signed the certificate is known, and none of those above it leads to a trusted root."""
    reached: dict[bytes, None] = {certificate: None}
    waiting = [certificate]
    while waiting and len(reached) <= _MAX_REACHED:
        for issuer in _issuers(waiting.pop(), (*roots, *pool)):
            if issuer in roots:
                return False  # by a way that is not sound
            if issuer not in reached:
                reached[issuer] = None
                waiting.append(issuer)
    return len(reached) > 1


def _issuers(certificate: bytes, among: tuple[bytes, ...]) -> Iterator[bytes]:
    mine = chain_validation.comparable_name(chain_validation.names(certificate).issuer)
    for other in among:
        try:
            theirs = chain_validation.comparable_name(chain_validation.names(other).subject)
            if theirs == mine and chain_validation.is_unchanged(certificate, other):
                yield other
        except (NotShown, ValueError, IndexError):
            continue
