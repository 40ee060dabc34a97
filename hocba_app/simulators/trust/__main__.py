"""``python -m hocba_app.simulators.trust --data DIR --port P``: run the trust service until it is stopped."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from hocba_app.simulators.serving import bind, serve
from hocba_app.simulators.trust.app import create_app
from hocba_app.simulators.trust.authority import Authority, Lifetimes


def main() -> None:
    parser = argparse.ArgumentParser(description="Test CA, OCSP, CRL and time stamps (simulator)")
    parser.add_argument("--data", type=Path, required=True, help="folder of the hierarchy; made on first start")
    parser.add_argument("--port", type=int, default=0, help="0: the system chooses; the first line of output names it")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--url", default="", help="address written into certificates; default: where it listens")
    parser.add_argument("--tsa-key", choices=("ec", "rsa"), default="ec")
    parser.add_argument("--name", default="", help="of the hierarchy, to tell two of them apart")
    years = Lifetimes()
    for member, text in (
        ("root", "root"),
        ("issuing", "issuing authority"),
        ("responder", "OCSP responders"),
        ("unit", "time-stamp units"),
    ):
        parser.add_argument(
            f"--{member}-years",
            type=int,
            default=getattr(years, member),
            help=f"validity of the {text}; made on first start",
        )
    arguments = parser.parse_args()
    socket = bind(arguments.host, arguments.port)
    url = arguments.url or f"http://{arguments.host}:{socket.getsockname()[1]}"
    lifetimes = Lifetimes(
        arguments.root_years, arguments.issuing_years, arguments.responder_years, arguments.unit_years
    )
    authority = Authority(
        arguments.data, url, timestamp_key=arguments.tsa_key, name=arguments.name, lifetimes=lifetimes
    )
    if not _same_address(authority):
        print(
            f"Older certificates in {arguments.data} name another address than {url}; revocation checks of those will fail.",
            file=sys.stderr,
        )
    print(json.dumps({"service": "trust", "url": url, "root": str(arguments.data / "root.pem")}), flush=True)
    serve(create_app(authority), socket)


def _same_address(authority: Authority) -> bool:
    from cryptography import x509

    points = authority.ca.certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    return str(points[0].full_name[0].value).startswith(f"{authority.base_url}/")


if __name__ == "__main__":
    main()
