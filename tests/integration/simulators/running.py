"""Run a simulator's application in a thread, on a port the system chooses: real HTTP without another process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from hocba_app.simulators.serving import bind, server


@contextmanager
def running(make_app: Callable[[str], ASGIApp]) -> Iterator[str]:
    """Serve ``make_app(url)`` while inside; gives the URL."""
    listener = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    service = server(make_app(url))
    thread = threading.Thread(target=service.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 180
    while not service.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the simulator did not start"
        time.sleep(0.01)
    try:
        yield url
    finally:
        service.should_exit = True
        thread.join(180)
        listener.close()
