"""Paths to a trusted root for certificates that come from a service we asked: a signer's, or a time-stamp unit's.

The path builder and its constraints are those of the verdict (`chain_validation`). Where a path needs more of RFC 5280 than that one
understands – name or policy constraints –, pyHanko's validator decides, as it does in a verdict.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Literal

from asn1crypto import x509 as asn1_x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown

Purpose = Literal["signer", "timestamp"]
_TOLERANCE = timedelta(minutes=5)


def trusted_paths(
    certificate: bytes, others: Sequence[bytes], roots: Sequence[bytes], at: datetime, *, purpose: Purpose
) -> tuple[tuple[bytes, ...], ...]:
    """Every path that may be relied on at an instant, the likeliest first; revocation is asked separately.

    Args:
        certificate: DER.
        others: certificates that came with it, DER.
        roots: trusted roots, DER.
        at: UTC.
        purpose: what the certificate is used for.

    Returns:
        Certificate first, root last; empty when there is no such path.
    """
    try:
        paths = chain_validation.paths_of(certificate, tuple(others), tuple(roots))
    except NotShown:
        return ()
    return tuple(path for path in paths if chain_validation.are_valid(path, at) and _holds(path, purpose, at))


def _holds(path: tuple[bytes, ...], purpose: Purpose, at: datetime) -> bool:
    try:
        if purpose == "timestamp":
            chain_validation.require_timestamp_unit(path[0])  # RFC 3161 is strict about it, and pyHanko is not
    except NotShown:
        return False
    try:
        if purpose == "signer":
            chain_validation.require_signer(path[0])
        chain_validation.require_constraints(path)
    except NotShown:
        return _holds_for_pyhanko(path, purpose, at)
    return True


@lru_cache(maxsize=256)
def _holds_for_pyhanko(path: tuple[bytes, ...], purpose: Purpose, at: datetime) -> bool:
    *between, root = path[1:]
    context = ValidationContext(
        trust_roots=[_asn1(root)],
        other_certs=[_asn1(item) for item in between],
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
        time_tolerance=_TOLERANCE,
    )
    validator = CertificateValidator(_asn1(path[0]), validation_context=context)
    usage = {"non_repudiation"} if purpose == "signer" else set()
    extended = {"time_stamping"} if purpose == "timestamp" else None
    try:
        asyncio.run(validator.async_validate_usage(usage, extended))
    except (PathError, ValidationError):
        return False
    return True


def _asn1(certificate: bytes) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate)
