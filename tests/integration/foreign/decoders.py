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


def refuse(files: Sequence[bytes]) -> Iterator[tuple[Any, bytes]]:
    raise HocbaError(ErrorCode.FILE_TYPE, accepted="ảnh PNG")
    yield


def surroundings(files: Sequence[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    try:
        with open("/tmp/hocba-foreign-test", "wb") as file:
            file.write(b"x" * 100)
            file.flush()
        wrote = True
    except OSError:
        wrote = False
    sys.stderr.write("noise")
    yield (
        {
            "names": sorted(os.environ),
            "nice": os.nice(0),
            "wrote": wrote,
            "descriptors": len(os.listdir("/proc/self/fd")),
        },
        b"",
    )


def hungry(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    yield len(bytearray(3 << 30)), b""


def endless(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    yield os.getpid(), b""
    while True:
        pass


def talkative(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    while True:
        yield 1, bytes(1 << 20)


def dying(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    yield 1, b""
    os._exit(9)


def lying(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    """Speaks our language and means harm: a refusal with a code nobody has."""
    error = HocbaError(ErrorCode.FILE_TYPE)
    error.code = type("Code", (), {"value": "no such code"})()
    raise error
    yield


def defective(files: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
    raise ZeroDivisionError
    yield
