"""Long checks in slices: what this machine has looked at last, so that the next look goes on from there.

Only where to begin is kept; a file that is lost or nonsense makes the check begin anew, and decides nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hocba_app.models import School
from hocba_app.private_files import opener, private_folder


class Slices:
    """How far a check of all schools has come.

    Args:
        path: the file that keeps it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last, self._firsts = "", {}
        with suppress(OSError, ValueError, TypeError, AttributeError):
            kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            self._last = str(kept.get("last", ""))
            self._firsts = {str(school): int(first) for school, first in kept.get("firsts", {}).items()}

    def in_turn(self, schools: Sequence[School]) -> list[School]:
        """Schools, ordered by id, those after the last one that was looked at first."""
        return [each for each in schools if each.id > self._last] + [each for each in schools if each.id <= self._last]

    def first_of(self, school_id: str, last: int) -> int:
        """The event to begin with; 1 when the kept one is past the end."""
        first = self._firsts.get(school_id, 1)
        return first if 1 <= first <= last else 1

    def done(self, school_id: str, first: int) -> None:
        """A school was looked at; next time begin with this event."""
        self._last = school_id
        if first > 1:
            self._firsts[school_id] = first
        else:
            self._firsts.pop(school_id, None)

    def keep(self) -> None:
        """Write it down."""
        with suppress(OSError):
            private_folder(self._path.parent)
            with open(self._path, "w", encoding="utf-8", opener=opener) as file:
                json.dump({"last": self._last, "firsts": self._firsts}, file)
