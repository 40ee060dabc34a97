"""What an operator installs, as far as it can be looked at without a container engine or a root."""

from __future__ import annotations

import getpass
import grp
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from hocba_app.cli import app
from hocba_app.settings import Settings
from tests.missing_tools import need

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TIMERS = sorted((DEPLOY / "systemd").glob("*.timer"))
COMPOSE = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (DEPLOY / "container" / "Containerfile").read_text(encoding="utf-8")


def test_settings_exist() -> None:
    known = {f"HOCBA_{name.upper()}" for name in Settings.model_fields}
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert set(re.findall(r"HOCBA_[A-Z0-9_]*[A-Z0-9]", path.read_text(encoding="utf-8"))) - known == set(), path


def test_commands_exist() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    asked = [words for unit in UNITS for words in re.findall(r"ExecStart=/opt/hocba/hocba (\S+)", unit.read_text())]
    asked += re.findall(r"\./hocba (\S+)", CONTAINERFILE)
    asked += [service["command"][0] for name, service in COMPOSE["services"].items() if name in ("web", "worker")]
    assert len(asked) >= 8 and [word for word in asked if word not in commands] == []


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with programs that are there."""
    for path in (*UNITS, *TIMERS):
        text = (
            path.read_text(encoding="utf-8").replace("/opt/hocba/hocba", "/bin/true").replace("file:///opt", "file:///")
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    return tmp_path


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")


@needs_systemd
def test_systemd_takes_the_units(installed: Path) -> None:
    units = [str(installed / path.name.replace("@", "@1")) for path in (*UNITS, *TIMERS)]
    (installed / "hocba-worker@1.service").write_text((installed / "hocba-worker@.service").read_text())
    said = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0 and said.stderr == "", said.stderr


@needs_systemd
@pytest.mark.parametrize("unit", [path.name for path in UNITS])
def test_a_unit_is_hardened(installed: Path, unit: str) -> None:
    """systemd's own score: 10 is open to everything, 2.0 is what it calls OK."""
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", str(installed / unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout[-600:] + said.stderr


def test_every_timer_has_its_service() -> None:
    names = {path.stem for path in UNITS}
    assert TIMERS and {path.stem for path in TIMERS} <= names
    for name in (path.stem for path in TIMERS):
        assert "Type=oneshot" in (DEPLOY / "systemd" / f"{name}.service").read_text(encoding="utf-8")


def test_the_compose_file() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"web", "worker", "postgres", "redis", "store", "proxy"}
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"], "nothing else is open"
    volumes = set(COMPOSE["volumes"])
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            assert source in volumes or source == "./roots.pem" or (DEPLOY / "container" / source).is_file(), volume
        assert "privileged" not in service and "network_mode" not in service
    for secret in COMPOSE["secrets"].values():
        assert set(secret) == {"file"}, "no secret stands in the file"
    assert (
        services["worker"]["environment"]["HOCBA_DOCUMENTS_URL"]
        == services["web"]["environment"]["HOCBA_DOCUMENTS_URL"]
    )


def test_the_container_file() -> None:
    text = re.sub(r"\\\n", " ", CONTAINERFILE)
    steps = [line.split(maxsplit=1) for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert {word for word, _ in steps} <= {
        "FROM", "RUN", "WORKDIR", "COPY", "USER", "ENV", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    users = [value for word, value in steps if word == "USER"]
    assert users == ["hocba"], "nothing runs as root"
    assert not re.search(r"SECRET|PASSWORD|PIN", text)


def test_the_proxies_know_the_products_limits() -> None:
    from hocba_app.routes.protection import LIMITS, MEGABYTE

    nginx = (DEPLOY / "proxy" / "nginx.conf").read_text(encoding="utf-8")
    for path, most in LIMITS:
        megabytes = most // MEGABYTE
        assert re.search(rf"location {path} {{\s*client_max_body_size {megabytes}m;", nginx), path
    assert "max_size" not in (DEPLOY / "proxy" / "Caddyfile").read_text(encoding="utf-8"), "502 is no word about a size"


def test_logs_are_rotated(tmp_path: Path) -> None:
    """By logrotate itself, with the places and users of this test."""
    need("logrotate")
    own = f"{getpass.getuser()} {grp.getgrgid(os.getgid()).gr_name}"
    text = (DEPLOY / "logrotate.conf").read_text(encoding="utf-8")
    for told, here in (
        ("/var/log/nginx", str(tmp_path)),
        ("/opt/hocba/var", str(tmp_path)),
        ("/run/nginx.pid", "/none"),
    ):
        assert told in text
        text = text.replace(told, here)
    text = text.replace("www-data adm", own).replace("hocba hocba", own)
    (tmp_path / "conf").write_text(text, encoding="utf-8")
    (tmp_path / "conf").chmod(0o644)
    logs = (tmp_path / "hocba.log", tmp_path / "web-build.log")
    for log in logs:
        log.write_text("a line\n")
    said = subprocess.run(
        ["logrotate", "--force", "--state", tmp_path / "state", tmp_path / "conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "error" not in said.stderr, said.stderr
    assert [log.read_text() for log in logs] == ["", ""]
    assert {path.name for path in tmp_path.glob("*.log.1*")} == {"hocba.log.1", "web-build.log.1.gz"}
