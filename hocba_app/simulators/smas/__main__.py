"""``python -m hocba_app.simulators.smas --data DIR --schools lower_secondary:students=135,seed=1 --port P``"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from hocba_app.simulators.serving import bind, serve
from hocba_app.simulators.smas.app import Service, create_app
from hocba_app.simulators.smas.spec import parse


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(
        description="A school's SMAS, the sector database and the Ministry's platform (simulator)"
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of the data; schools that are there are not made again"
    )
    parser.add_argument(
        "--schools",
        action="append",
        default=[],
        metavar="LEVEL:students=N,seed=S,year=Y,special=0|1,moment=M",
        help="may be repeated",
    )
    parser.add_argument("--port", type=int, default=0, help="0: the system chooses; the first line of output names it")
    parser.add_argument("--host", default="127.0.0.1")
    given = parser.parse_args()
    try:
        specs = [parse(text) for text in given.schools]
    except ValueError as error:
        parser.error(f"--schools: {error}")
    if len({spec.code for spec in specs}) < len(specs):
        parser.error("--schools: two schools of one level need different seeds")
    socket = bind(given.host, given.port)
    service = Service(given.data, specs)
    url = f"http://{given.host}:{socket.getsockname()[1]}"
    print(json.dumps({"service": "smas", "url": url, "schools": service.schools()}, ensure_ascii=False), flush=True)
    serve(create_app(service), socket)


if __name__ == "__main__":
    main()
