"""How long algorithms may be relied on: the horizon of hashes and keys, as data with its source (``algorithms.json``).

A proof made with an algorithm is good until that algorithm's end; longer only if a later proof, with a better one, shows
that it existed before (ETSI EN 319 102-1, 5.2.6 and 5.6.2.4: cryptographic constraints).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""No end announced."""
NEVER = datetime(1, 1, 1, tzinfo=UTC)
"""Not accepted at any time."""


@cache
def _table() -> tuple[dict[str, datetime], tuple[tuple[str, int, datetime], ...]]:
    data = json.loads(Path(__file__).with_name("algorithms.json").read_text(encoding="utf-8"))
    keys = tuple((entry["family"], int(entry["bits"]), _instant(entry["until"])) for entry in data["keys"])
    return {entry["name"]: _instant(entry["until"]) for entry in data["hashes"]}, keys


def _instant(day: str | None) -> datetime:
    """The last instant of a day, UTC."""
    if day is None:
        return FOREVER
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)


def hash_until(name: str) -> datetime:
    """Last instant at which a hash may be relied on."""
    return _table()[0].get(name, NEVER)


def has_ended(name: str, at: datetime) -> bool:
    """Whether a hash is known to be relied on no longer at an instant; of one that is not known nothing is said."""
    return _table()[0].get(name, FOREVER) < at


def key_until(family: str, bits: int) -> datetime:
    """Last instant at which a key may be relied on: the entry of its family with the most bits that it has.

    Args:
        family: ``rsa`` or ``ec``.
        bits: of the modulus, or of the curve's field.
    """
    known = [(needed, until) for name, needed, until in _table()[1] if name == family and needed <= bits]
    return max(known)[1] if known else NEVER


@lru_cache(maxsize=1024)
def path_until(path: tuple[bytes, ...]) -> datetime:
    """Last instant at which every key and every signature of a certificate path may be relied on.

    The root's signature on itself counts for nothing: the root is trusted, its key signs what is below.

    Args:
        path: signer first, root last, DER.
    """
    try:
        ends = [certificate_key_until(certificate) for certificate in path]
        ends += [hash_until(_hash_of(certificate)) for certificate in path[:-1]]
    except NotShown:
        return NEVER
    return min(ends)


@lru_cache(maxsize=1024)
def certificate_key_until(certificate: bytes) -> datetime:
    """Last instant at which a certificate's key may be relied on.

    Raises:
        NotShown: a key of another kind.
    """
    key = chain_validation.public_key(certificate)
    return key_until("rsa" if isinstance(key, rsa.RSAPublicKey) else "ec", key.key_size)


def _hash_of(certificate: bytes) -> str:
    algorithm = chain_validation.parsed(certificate).signature_hash_algorithm
    return algorithm.name if algorithm is not None else ""


def hashes_until(names: Iterable[str]) -> datetime:
    """Last instant at which all of these hashes may be relied on."""
    return min((hash_until(name) for name in names), default=FOREVER)


def end_of(path: Sequence[bytes], hashes: Iterable[str] = ("sha256",)) -> datetime:
    """Until when a proof by a path is valid by itself: its certificates' validity and its algorithms.

    Args:
        path: a time-stamp unit's, root last.
        hashes: of the token.
    """
    held = tuple(path)
    return min(chain_validation.validity_of(held)[1], path_until(held), hashes_until(hashes))
