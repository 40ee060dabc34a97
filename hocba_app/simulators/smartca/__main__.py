"""``python -m hocba_app.simulators.smartca --data DIR --trust-data DIR --trust-url URL --port P``"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from hocba_app.simulators.mysign.service import Limits, Service
from hocba_app.simulators.serving import bind, serve
from hocba_app.simulators.smartca.app import create_app
from hocba_app.simulators.trust.authority import Authority


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description="VNPT SmartCA and its phone (simulator)")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--trust-data", type=Path, required=True)
    parser.add_argument("--trust-url", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--window", type=float, default=300.0, help="seconds a request waits for the phone")
    given = parser.parse_args()
    socket = bind(given.host, given.port)
    service = Service(given.data, Authority(given.trust_data, given.trust_url), Limits(window_seconds=given.window))
    url = f"http://{given.host}:{socket.getsockname()[1]}"
    print(json.dumps({"service": "smartca", "url": url, "phone": f"{url}/phone"}), flush=True)
    serve(create_app(service), socket)


if __name__ == "__main__":
    main()
