"""``hocba simulators``: everything outside the product, to try it by hand."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from hocba_app.processes import Family, require_free_port, say, stopped_by_signals
from hocba_app.rehearsal.simulator_processes import Ports, start_simulators


def run_simulators(data: Path, schools: Sequence[str], ports: Ports) -> None:
    """Run until SIGINT or SIGTERM; prints addresses, credentials and the settings to export.

    Raises:
        HocbaError: PORT_TAKEN, CHILD_FAILED.
    """
    data = data.resolve()
    for name, port in asdict(ports).items():
        if port:
            require_free_port(port, f"--{name}-port")
    with stopped_by_signals() as stop, Family(data / "logs") as family:
        outside = start_simulators(family, data, schools, ports)
        say("Mô phỏng đang chạy (Ctrl-C để dừng). / Simulators are running (Ctrl-C stops them).")
        say(f"  Điện thoại MySign / phone: {outside.mysign_url}/phone")
        say(f"  SMAS, CSDL ngành: {outside.smas_url}  (API: {outside.smas_url}/docs)")
        for school in outside.schools:
            say(
                f"  {school['code']} {school['name']} · {school['level']} · {school['school_year']} · MST {school['tax_code']}"
                f"\n    SMAS: {school['client_id']} / {school['client_secret']}"
            )
        say(f"  MySign: {outside.mysign_client['client_id']} / {outside.mysign_client['client_secret']}")
        for name, value in outside.settings().items():
            print(f"export {name}={value}")
        print(f"export HOCBA_SECRET_KEY={_secret_key(data)}", flush=True)
        family.watch(stop)


def _secret_key(data: Path) -> str:
    """A key made once: what was stored under it must stay readable."""
    path = data / "secret.key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), encoding="utf-8")
    return path.read_text(encoding="utf-8")
