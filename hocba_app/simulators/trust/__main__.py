"""``python -m hocba_app.simulators.trust --data DIR --port P``"""

from __future__ import annotations

import argparse
from pathlib import Path

import uvicorn

from hocba_app.simulators.trust.app import TrustService
from hocba_app.simulators.trust.authority import Authority


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    service = TrustService(Authority(given.data, f"http://127.0.0.1:{given.port}"))
    uvicorn.run(service.app(), host="127.0.0.1", port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
