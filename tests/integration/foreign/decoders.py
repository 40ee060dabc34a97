"""What the tests let children do: work, and everything a hostile file might make a decoder do."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from hocba_app.domain.errors import ErrorCode, HocbaError


def lengths(files: Sequence[bytes], *, times: int) -> Iterator[tuple[int, bytes]]:
    for file in files:
        yield len(file) * times, file[:3]


def refuse(files: Sequence[bytes]) -> Iterator[Any]:
    raise HocbaError(ErrorCode.FILE_TYPE, accepted="ảnh PNG")
    yield


def surroundings(files: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    try:
        with open("/tmp/hocba-foreign-test", "wb") as file:
            file.write(b"x" * 100)
            file.flush()
        wrote = True
    except OSError:
        wrote = False
    sys.stderr.write("noise")
    yield {
        "names": sorted(os.environ),
        "nice": os.nice(0),
        "wrote": wrote,
        "descriptors": len(os.listdir("/proc/self/fd")),
    }


def hungry(files: Sequence[bytes]) -> Iterator[int]:
    yield len(bytearray(3 << 30))


def endless(files: Sequence[bytes]) -> Iterator[int]:
    yield os.getpid()
    while True:
        pass


def talkative(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    while True:
        yield 1, bytes(1 << 20)


def dying(files: Sequence[bytes]) -> Iterator[int]:
    yield 1
    os._exit(9)


def lying(files: Sequence[bytes]) -> Iterator[int]:
    """Speaks our language and means harm: a refusal with a code nobody has."""
    error = HocbaError(ErrorCode.FILE_TYPE)
    error.code = type("Code", (), {"value": "no such code"})()
    raise error
    yield


def defective(files: Sequence[bytes]) -> Iterator[int]:
    raise ZeroDivisionError
    yield
