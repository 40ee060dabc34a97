"""A second machine, as far as the network goes: a namespace of its own, in which the services of this one answer at the same addresses,
over a cable that can be cut."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

_RELAY = """
import asyncio, sys

async def pump(source, sink):
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except OSError:
        pass
    finally:
        sink.close()

async def main():
    for pair in sys.argv[1:]:
        here, there = (part.rsplit(":", 1) for part in pair.split("=", 1))

        async def meet(reader, writer, there=there):
            try:
                to_reader, to_writer = await asyncio.open_connection(there[0], int(there[1]))
            except OSError:
                writer.close()
                return
            await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer))

        await asyncio.start_server(meet, here[0], int(here[1]))
    print("ready", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@dataclass
class Machine:
    """One machine beside this."""

    name: str
    running: list[subprocess.Popen[bytes]]

    def start(self, arguments: Sequence[str], **options: object) -> subprocess.Popen[bytes]:
        """Start a program on it."""
        command = ["ip", "netns", "exec", self.name, *arguments]
        process: subprocess.Popen[bytes] = subprocess.Popen(command, **options)  # type: ignore[call-overload]
        self.running.append(process)
        return process

    def cut(self) -> None:
        """Pull its cable: nothing arrives, and neither end gets an error."""
        _ip("link", "set", f"{self.name}-a", "down")

    def mend(self) -> None:
        """Put the cable back."""
        _ip("link", "set", f"{self.name}-a", "up")


@contextmanager
def machine(ports: Sequence[int]) -> Iterator[Machine]:
    """A machine from which these ports of this one's 127.0.0.1 are reached as its own.

    Skips the running test, and says so, where the system lets nobody make one.
    """
    name = f"hb{uuid.uuid4().hex[:8]}"
    third = int(name[2:4], 16)
    near, far = f"10.231.{third}.1", f"10.231.{third}.2"
    made = Machine(name, [])
    try:
        try:
            _ip("netns", "add", name)
            _ip("link", "add", f"{name}-a", "type", "veth", "peer", "name", f"{name}-b", "netns", name)
            _ip("addr", "add", f"{near}/30", "dev", f"{name}-a")
            _ip("-n", name, "addr", "add", f"{far}/30", "dev", f"{name}-b")
            made.mend()
            _ip("-n", name, "link", "set", f"{name}-b", "up")
            _ip("-n", name, "link", "set", "lo", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            sys.stderr.write(f"\nNOT TESTED: no network namespace can be made here ({error})\n")
            pytest.skip("no network namespace can be made here (root, iproute2)")
        relay = [sys.executable, "-c", _RELAY]
        here = subprocess.Popen(
            [*relay, *(f"{near}:{port}=127.0.0.1:{port}" for port in ports)], stdout=subprocess.PIPE
        )
        made.running.append(here)
        there = made.start([*relay, *(f"127.0.0.1:{port}={near}:{port}" for port in ports)], stdout=subprocess.PIPE)
        for each in (here, there):
            assert each.stdout is not None and each.stdout.readline() == b"ready\n"
        yield made
    finally:
        for process in made.running:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        for arguments in (("link", "delete", f"{name}-a"), ("netns", "delete", name)):
            subprocess.run(["ip", *arguments], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], capture_output=True, check=True)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[], Callable[[], None]]]:
    """A disk of that size mounted on a folder. Called, it is full; what that gives back makes room again.

    Skips the running test, and says so, where nobody may mount one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        sys.stderr.write("\nNOT TESTED: no disk can be mounted here (root)\n")
        pytest.skip("no disk can be mounted here (root)")

    def fill() -> Callable[[], None]:
        filling = folder / "filling"
        with filling.open("wb", buffering=0) as out, suppress(OSError):
            while True:
                out.write(bytes(4096))
        return filling.unlink

    try:
        yield fill
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True, check=True)


FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
"""Gives one process another clock."""


def wrong_clock(minutes: int) -> dict[str, str]:
    """Environment of a process whose clock is wrong by so many minutes; skips, and says so, where that cannot be had."""
    if FAKETIME is None:
        sys.stderr.write("\nNOT TESTED: libfaketime is missing (apt-get install libfaketime)\n")
        pytest.skip("libfaketime is not installed")
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{minutes:+d}m", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
