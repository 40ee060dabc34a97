"""Run a signing service with its phone as a process; two services are of this kind."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from hocba_app.simulators.mysign.service import Limits, Service
from hocba_app.simulators.serving import bind, serve
from hocba_app.simulators.trust.authority import Authority


def run(name: str, description: str, window_seconds: float, create_app: Callable[[Service], ASGIApp]) -> None:
    """Serve until stopped; the first line of output says where.

    Args:
        window_seconds: how long a request waits for the phone, unless ``--window`` says otherwise.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trust-data", type=Path, required=True)
    parser.add_argument("--trust-url", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--window", type=float, default=window_seconds, help="seconds a request waits for the phone")
    given = parser.parse_args()
    socket = bind(given.host, given.port)
    service = Service(given.data, Authority(given.trust_data, given.trust_url), Limits(window_seconds=given.window))
    url = f"http://{given.host}:{socket.getsockname()[1]}"
    print(json.dumps({"service": name, "url": url, "phone": f"{url}/phone"}), flush=True)
    serve(create_app(service), socket)
