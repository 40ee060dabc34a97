"""How long each part of the year took, for the report and the table."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hocba_app.processes import say


@dataclass
class Stage:
    """One part: from the first beginning to the last end, parts of one name taken together."""

    count: int = 0
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "count": self.count,
            "seconds": round(self.seconds, 3),
            "rate": round(self.count / self.seconds, 2) if self.seconds else 0.0,
        }


@dataclass
class Stages:
    """All parts, in the order they began."""

    parts: dict[str, Stage] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def part(self, name: str, count: int = 0) -> Iterator[Stage]:
        """Time what is done inside; set or add to ``count`` on what it gives."""
        stage = self.parts.setdefault(name, Stage())
        stage.count += count
        start = time.monotonic()
        try:
            yield stage
        finally:
            seconds = time.monotonic() - start
            stage.seconds += seconds
            self.tell(name, stage.count, seconds)

    def add(self, name: str, count: int, seconds: float) -> None:
        """Enter a part that was timed elsewhere."""
        stage = self.parts.setdefault(name, Stage())
        stage.count += count
        stage.seconds += seconds
        self.tell(name, count, seconds)

    def tell(self, name: str, count: int, seconds: float) -> None:
        say(f"{time.monotonic() - self.began:7.1f} s  {name:<20} {count:>7}  {seconds:7.2f} s")

    def as_json(self) -> dict[str, dict[str, Any]]:
        return {name: stage.as_json() for name, stage in self.parts.items()}

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self.began
