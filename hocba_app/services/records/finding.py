"""One thing the check before a lock has to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend. A blocking one keeps its pupil out of the lock."""

    severity: Literal["blocking", "warning"]
    text: str
    acceptable: bool = False
    """Blocks only until a member of the office locks all the same and says why."""
    checkable: bool = True
    """False: nobody can say whether the value is right or wrong."""
