"""Evidence that did not come in the file: fetched for this verdict, where the network may be asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fetched:
    """Judged revocation answers, DER."""

    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def as_json(self) -> dict[str, list[str]]:
        """For a child process."""
        return {"ocsps": [item.hex() for item in self.ocsps], "crls": [item.hex() for item in self.crls]}

    @classmethod
    def of(cls, shape: Mapping[str, Sequence[str]] | None) -> Fetched:
        """Read what :meth:`as_json` wrote; None is none."""
        found = shape or {}
        return cls(*(tuple(bytes.fromhex(item) for item in found.get(key, ())) for key in ("ocsps", "crls")))
