"""Points a process passes on its way, each of which may be its last."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

_passed = 0
_last: int | None = None
_trail: list[str] = []


def arm(last: int | None) -> None:
    """Die at this point; None: live."""
    global _passed, _last
    _passed, _last = 0, last
    _trail.clear()


def passed(name: str) -> None:
    """One more point."""
    global _passed
    _passed += 1
    _trail.append(name)
    if _passed == _last:
        os.kill(os.getpid(), signal.SIGKILL)


def trail() -> list[str]:
    """The points passed since :func:`arm`."""
    return list(_trail)


def passing(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The function with a point before and after it."""

    def run(*arguments: Any, **more: Any) -> Any:
        passed(f"{name}.before")
        result = call(*arguments, **more)
        passed(f"{name}.after")
        return result

    return run


class Passing:
    """An object with points around some of its methods."""

    def __init__(self, inner: object, names: tuple[str, ...]) -> None:
        self._inner = inner
        for name in names:
            setattr(self, name, passing(name, getattr(inner, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)
