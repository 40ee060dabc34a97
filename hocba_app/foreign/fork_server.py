"""The process that makes children: decoders are loaded once, each file gets a process of its own by ``fork``.

Started by ``decoding`` with one end of a socket. For each job it gets the job's own socket over that one, forks, and kills
the child when the other end is closed: by a client that left, by a clock, by the death of the process that asked. It has no
threads (a fork copies only one), knows no secret and is not asked twice: when its socket closes it ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

from hocba_app.domain.errors import HocbaError

NAME_BYTES = 256
"""Of the message that brings a job: the decoder's module, padded."""
NICE = 10
HEADER = struct.Struct("!BII")
"""Before each answer: kind, length of its JSON, length of its bytes."""
ANSWER, REFUSED, FAILED, END = range(4)
_LENGTH = struct.Struct("!I")


def main() -> None:
    """Serve until the socket given by its number closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal is for whoever started us
    os.nice(NICE)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(woken, select.POLLIN)
    jobs: dict[int, tuple[socket.socket, int]] = {}
    while True:
        # Ended children first: the number of a socket closed here may be a new job's a moment later.
        for descriptor, event in sorted(poll.poll(), key=lambda pair: (pair[0] == control.fileno(), pair[0] == woken)):
            if descriptor == control.fileno():
                message, given, _, _ = socket.recv_fds(control, NAME_BYTES, 1)
                if not message or not given:
                    for job, child in jobs.values():
                        os.kill(child, signal.SIGKILL)
                        job.close()
                    return
                _load(message.rstrip(b"\0").decode())
                job = socket.socket(fileno=given[0])
                child = _fork(job, [control.fileno(), woken, wake, *jobs])
                jobs[job.fileno()] = job, child
                poll.register(job, 0)  # a close by the other side is reported without asking
            elif descriptor == woken:
                os.read(woken, 4096)
                _reap(jobs, poll)
            elif descriptor in jobs and event & (select.POLLHUP | select.POLLERR):
                os.kill(jobs[descriptor][1], signal.SIGKILL)  # not reaped yet, so the number is still its own
                poll.unregister(descriptor)


def _load(module: str) -> None:
    if module not in sys.modules:
        importlib.import_module(module)
        gc.collect()
        gc.freeze()  # so that no collection in a child touches, and thereby copies, what all share


def _reap(jobs: dict[int, tuple[socket.socket, int]], poll: select.poll) -> None:
    ended = set()
    while True:
        try:
            child, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            break
        if not child:
            break
        ended.add(child)
    for descriptor, (job, child) in list(jobs.items()):
        if child in ended:
            with suppress(KeyError):  # killed because its other end was closed
                poll.unregister(descriptor)
            job.close()
            del jobs[descriptor]


def _fork(job: socket.socket, ours: list[int]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in ours:
            os.close(descriptor)
        os.dup2(0, 2)  # what a decoder complains of is nobody's log
        _work(job)
        code = 0
    finally:
        os._exit(code)
    raise AssertionError("the child has ended")


def _work(job: socket.socket) -> None:
    request = json.loads(_exactly(job, _LENGTH.unpack(_exactly(job, _LENGTH.size))[0]))
    _limit(request["memory"], request["seconds"])
    try:
        files = [_exactly(job, size) for size in request["sizes"]]
        function = getattr(sys.modules[request["module"]], request["function"])
        for value, data in function(files, **request["arguments"]):
            _send(job, ANSWER, value, data)
        _send(job, END, None)
    except HocbaError as refusal:
        _send(job, REFUSED, [refusal.code.value, {key: str(value) for key, value in refusal.params.items()}])
    except Exception as error:
        _send(job, FAILED, type(error).__name__)


def _send(job: socket.socket, kind: int, value: Any, data: bytes = b"") -> None:
    text = json.dumps(value, ensure_ascii=True).encode()
    job.sendall(HEADER.pack(kind, len(text), len(data)) + text)
    if data:
        job.sendall(data)


def _exactly(job: socket.socket, size: int) -> bytes:
    data, view = bytearray(size), 0
    with memoryview(data) as whole:
        while view < size:
            got = job.recv_into(whole[view:])
            if not got:
                raise EOFError
            view += got
    return bytes(data)


def _limit(memory: int, seconds: int) -> None:
    import resource

    with open("/proc/self/statm" if sys.platform == "linux" else os.devnull) as file:
        loaded = int((file.read().split() or ["0"])[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, loaded + memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
