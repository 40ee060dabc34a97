"""What is special about one pupil of a generated school."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hocba_app.simulators.smas.generation.marks import Pupil


@dataclass(slots=True)
class Case:
    """What is special about one pupil."""

    name: str
    pupil: Pupil
    summer: dict[str, Any] | None = None
    """Merged into his result in August."""
    enrolment: dict[str, Any] = field(default_factory=dict)
    """Of who came in mid-year, or what changes when term I ends of who left."""
    circumstances: list[dict[str, Any]] = field(default_factory=list)
    """By which exceptions of the law he is here."""
