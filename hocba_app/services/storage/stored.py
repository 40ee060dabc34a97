"""What a store tells of one thing in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Stored:
    """A name that has bytes."""

    name: str
    size: int
    """Bytes."""
    modified: datetime
    """When it was written, UTC, by the store's clock."""
