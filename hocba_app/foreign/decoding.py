"""Hand foreign bytes to a child and take its answers, as data only: nothing a child says is executed or believed to be short."""

from __future__ import annotations

import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.admission import ADMISSION, Abandoned, turn
from hocba_app.foreign.fork_server import ANSWER, END, HEADER, NAME_BYTES, REFUSED
from hocba_app.process_scope import on_close

MEGABYTE = 1024 * 1024
_PIECE = MEGABYTE
_ENVIRONMENT = ("PATH", "LANG", "SYSTEMROOT", "PYTHONPATH", "VIRTUAL_ENV")
"""All that children inherit of our environment: no database, no secrets."""
Decoder = Callable[..., Iterator[tuple[Any, bytes]]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one child may use."""

    seconds: int = 15
    """Of processor time, and twice that on the wall: an honest file must not fail because the machine is busy."""
    memory: int = 768 * MEGABYTE
    """Beyond what the decoder itself takes."""
    output: int = 16 * MEGABYTE
    """Bytes of all its answers."""


class LimitExceeded(HocbaError):
    """The child died, was killed or gave up: the file takes more than it may."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.FILE_TOO_COMPLEX)


def decode(
    decoder: Decoder, files: Sequence[bytes | BinaryIO], *, limits: Limits | None = None, **arguments: Any
) -> Iterator[tuple[Any, bytes]]:
    """Run a decoder over files in a child process of their own, when it is this thread's turn.

    Args:
        decoder: a function at the top of a module, ``(files: list[bytes], **arguments)``, that yields pairs of a value JSON
            can carry and bytes. It must not need the database or settings.
        files: bytes, or files that are read piece by piece so that this process never holds them.
        limits: of this child.
        arguments: for the decoder, as JSON can carry them.

    Yields:
        Each answer as it comes, with its bytes. Close the generator to end the child early.

    Raises:
        HocbaError: the decoder's own refusals; FILE_TOO_COMPLEX (:class:`LimitExceeded`); BUSY.
        Abandoned: whoever asked has left.
    """
    bounds = limits or Limits()
    with turn() as ticket:
        job = _children.job(decoder.__module__)
        try:
            ADMISSION.works_by(ticket, lambda: _shut(job))
            until = time.monotonic() + 2 * bounds.seconds + 1
            yield from _conversation(job, decoder, files, bounds, arguments, until)
        except (OSError, EOFError, struct.error, ValueError) as error:
            # A child that dies or talks nonsense is the file's fault; that it was killed because nobody waits is not.
            if ticket.dropped:
                raise Abandoned from error
            raise LimitExceeded from error
        finally:
            ADMISSION.works_by(ticket, None)
            job.close()


def decode_one(
    decoder: Decoder, files: Sequence[bytes | BinaryIO], *, limits: Limits | None = None, **arguments: Any
) -> tuple[Any, bytes]:
    """The only answer of a decoder; as :func:`decode`."""
    answers = list(decode(decoder, files, limits=limits, **arguments))
    if len(answers) != 1:
        raise LimitExceeded
    return answers[0]


def warm_up(*modules: str) -> None:
    """Start the fork server and let it load decoders, so that the first visitor need not wait for it. Returns at once."""
    for module in modules:
        with suppress(OSError):
            _children.job(module).close()


def _conversation(
    job: socket.socket,
    decoder: Decoder,
    files: Sequence[bytes | BinaryIO],
    limits: Limits,
    arguments: dict[str, Any],
    until: float,
) -> Iterator[tuple[Any, bytes]]:
    request = {
        "module": decoder.__module__,
        "function": decoder.__qualname__,
        "arguments": arguments,
        "sizes": [_size(file) for file in files],
        "memory": limits.memory,
        "seconds": limits.seconds,
    }
    text = json.dumps(request).encode()
    _timed(job, until)
    job.sendall(struct.pack("!I", len(text)) + text)
    for file in files:
        for piece in _pieces(file):
            _timed(job, until)
            job.sendall(piece)
    left = limits.output
    while True:
        kind, json_size, data_size = HEADER.unpack(_exactly(job, HEADER.size, until))
        left -= json_size + data_size
        if left < 0:
            raise LimitExceeded
        value = _parsed(_exactly(job, json_size, until))
        data = _exactly(job, data_size, until) if data_size else b""
        if kind == ANSWER:
            yield value, data
        elif kind == END:
            return
        elif kind == REFUSED:
            code, params = value
            raise HocbaError(ErrorCode(code), **{key: str(text) for key, text in params.items() if key != "code"})
        else:
            raise LimitExceeded


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _size(file: bytes | BinaryIO) -> int:
    return len(file) if isinstance(file, bytes) else file.seek(0, io.SEEK_END)


def _pieces(file: bytes | BinaryIO) -> Iterator[bytes | memoryview]:
    if isinstance(file, bytes):
        with memoryview(file) as whole:
            for start in range(0, len(file), _PIECE):
                yield whole[start : start + _PIECE]
        return
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _timed(job: socket.socket, until: float) -> None:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    job.settimeout(left)


def _exactly(job: socket.socket, size: int, until: float) -> bytes:
    data, at = bytearray(), 0
    while at < size:
        _timed(job, until)
        piece = job.recv(min(_PIECE, size - at))
        if not piece:
            raise EOFError
        data += piece
        at += len(piece)
    return bytes(data)


def _shut(job: socket.socket) -> None:
    with suppress(OSError):
        job.shutdown(socket.SHUT_RDWR)


class _Children:
    """The fork server of this process: started when first needed, and again when it is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._of = 0

    def job(self, module: str) -> socket.socket:
        """The socket of a new child that has this module."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            for again in (True, False):
                if self._control is None or self._of != os.getpid():  # forked: the parent's server is the parent's
                    self._start()
                assert self._control is not None
                try:
                    socket.send_fds(self._control, [module.encode().ljust(NAME_BYTES, b"\0")], [theirs.fileno()])
                    return ours
                except OSError:
                    self._end()
                    if not again:
                        ours.close()
                        raise
        raise AssertionError("sent or failed")

    def close(self) -> None:
        """End the server and with it every child."""
        with self._lock:
            if self._of == os.getpid():
                self._end()

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "hocba_app.foreign.fork_server", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env={key: os.environ[key] for key in _ENVIRONMENT if key in os.environ},
                cwd=Path(__file__).resolve().parents[2],
            )
        self._control, self._of = ours, os.getpid()

    def _end(self) -> None:
        control, process = self._control, self._process
        self._control = self._process = None
        if control is not None:
            control.close()
        if process is not None:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


_children = _Children()


@on_close
def close() -> None:
    """End the fork server; it is started again when needed."""
    _children.close()
