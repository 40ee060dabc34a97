"""``hocba test``: everything the suite needs, then the suite. Says loudly what it could not get.

``hocba test --fast`` runs what needs no browser, no PostgreSQL and no installing; ``hocba test PATH`` only that, at once.
"""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_WHOLE_SUITE = ("-q", "-n", "2", "--dist", "loadscope", "--no-loadscope-reorder")
"""Two processes: much of the suite waits – for phones, pages, other processes. In its own order: the browser begins."""
_FAST = ("tests/unit", *_WHOLE_SUITE, "-m", "not slow")
_PACKAGES = {"chromium": "chromium", "pdfsig": "poppler-utils", "softhsm2-util": "softhsm2", "postgres": "postgresql"}


def run(arguments: Sequence[str]) -> int:
    """Run tests; with no arguments set up, check style, layers and types, and run all of them.

    Args:
        arguments: ``--fast`` for the part that needs nothing but Python; all others are passed on to pytest.

    Returns:
        The exit code: 0 only when everything passed.
    """
    if "--fast" in arguments:
        return _pytest([*_FAST, *(each for each in arguments if each != "--fast")], "")
    if arguments:
        if all(each.startswith(("-", "tests/unit")) for each in arguments) and any(
            not each.startswith("-") for each in arguments
        ):
            return _pytest(arguments, "")
        with _postgres() as url:
            return _pytest(arguments, url)
    _install_system_packages()
    code = 0
    for program, *options in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "--quiet", "."],
        ["lint-imports"],
        ["mypy"],
    ):
        code |= subprocess.call([Path(sys.executable).with_name(program), *options], cwd=ROOT)
    with _postgres() as url:
        tests = _pytest(_WHOLE_SUITE, url)
    return code or tests


def _pytest(arguments: Sequence[str], postgres: str) -> int:
    environment = {**os.environ, "HOCBA_TEST_POSTGRES_URL": postgres}
    environment.pop("CI", None)  # pytest would print whole records; a log's last lines are to name what failed
    return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=environment)


def _postgres_programs() -> Path | None:
    """Folder of PostgreSQL's server programs; Debian keeps them off the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None


def _missing() -> list[str]:
    missing = [
        package for program, package in _PACKAGES.items() if program != "postgres" and shutil.which(program) is None
    ]
    return missing if _postgres_programs() else [*missing, _PACKAGES["postgres"]]


def _install_system_packages() -> None:
    missing = _missing()
    if not missing:
        return
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        _loudly(
            f"Thiếu gói hệ thống: {', '.join(missing)}. Một phần kiểm thử sẽ bị bỏ qua. / Missing: those tests are skipped."
        )
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}

    def apt_get(*arguments: str) -> None:
        subprocess.call(["apt-get", *arguments], stdout=sys.stderr, env=environment)

    apt_get("update", "-qq")
    apt_get("install", "-y", "-qq", "--no-install-recommends", *missing)
    if left := _missing():
        _loudly(
            f"Không cài được: {', '.join(left)}. Một phần kiểm thử sẽ bị bỏ qua. / Could not install: those tests are skipped."
        )


@contextmanager
def _postgres() -> Iterator[str]:
    """A PostgreSQL server of the suite's own on a free port, or "" said loudly."""
    if os.environ.get("HOCBA_TEST_POSTGRES_URL"):
        yield os.environ["HOCBA_TEST_POSTGRES_URL"]
        return
    programs = _postgres_programs()
    if programs is None:
        _loudly("Không có PostgreSQL: chỉ kiểm thử trên SQLite. / No PostgreSQL: tests run on SQLite only.")
        yield ""
        return
    folder = Path(tempfile.mkdtemp(prefix="hocba-pg-"))
    as_user: list[str] = []
    user = getpass.getuser()
    if os.geteuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "postgres")
        as_user, user = ["runuser", "-u", "postgres", "--"], "postgres"
    port = _free_port()
    data = folder / "data"
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=300"

    def run(program: str, *arguments: str | Path, check: bool = True) -> None:
        command = [*as_user, programs / program, *arguments]
        subprocess.run(command, check=check, stdout=subprocess.DEVNULL, cwd=folder)

    try:
        run("initdb", "--no-sync", "-D", data, "-A", "trust", "-U", user)
        run("pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start")
    except subprocess.CalledProcessError:
        _loudly("PostgreSQL không khởi động được: chỉ kiểm thử trên SQLite. / PostgreSQL did not start: SQLite only.")
        yield ""
        return
    try:
        yield f"postgresql://{user}@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-D", data, "-m", "immediate", "stop", check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _loudly(text: str) -> None:
    line = "!" * 100
    print(f"{line}\n{text}\n{line}", file=sys.stderr, flush=True)
