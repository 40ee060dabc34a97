"""The child process of the sandbox: reads a request on standard input, writes one answer a line. Started by `sandbox`."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hocba_app.verification.printed_text import content_of
from hocba_app.verification.pyhanko_verifier import examine_file


def _limit(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no limits of this kind; the parent's clock still ends the child
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024 * 1024, 64 * 1024 * 1024))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_processor(seconds: int) -> None:
    """Seconds of processor time from now on, kept by the kernel: a clock thread gets no turn inside a long C call."""
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(usage.ru_utime + usage.ru_stime) + seconds + 1, resource.RLIM_INFINITY))


def _answer(report: Any) -> None:
    sys.stdout.write(json.dumps(asdict(report), ensure_ascii=True) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Examine each file under a clock of its own: a file that takes too long ends the process, and so is known.

    The clock on the wall gives twice the processor's time: an honest file must not fail because the machine is busy.
    """
    request = json.load(sys.stdin)
    _limit(request["memory"])
    roots = [bytes.fromhex(root) for root in request.get("roots", ())]
    only_content = request["what"] == "content"

    for number, (name, deviation) in enumerate(request["files"]):
        clock = threading.Timer(2 * request["seconds"], os._exit, (3,))
        clock.daemon = True
        clock.start()
        _limit_processor(request["seconds"])
        data = Path(request["folder"], str(number)).read_bytes()
        _answer(content_of(data) if only_content else examine_file(name, data, roots, request["issuers"], deviation))
        clock.cancel()


if __name__ == "__main__":
    main()
