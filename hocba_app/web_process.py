"""The web process: the pages are built once per state of the sources, then served with the backend on one port, no Node.

A build is kept under ``.web`` with a stamp of what it was made from. What is served is a copy under ``var/web/<port>``
in which only the small file that names the server's address is written anew: another port needs no other build.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.decoding import warm_up
from hocba_app.processes import ROOT, die_with_parent, require_disk, say
from hocba_app.services import gc_tuning
from hocba_app.services.jobs.process_lock import lock_name
from hocba_app.settings import settings

BUILD_URL = "http://localhost:3000"
"""Address every build is made for; :func:`_served_copy` writes the real one."""
BUILD_MEGABYTES = 800
_WEB = ROOT / ".web"
_STAMP = _WEB / ".hocba-built"
_SOURCES = (
    "hocba_app/pages",
    "hocba_app/components",
    "hocba_app/state",
    "hocba_app/domain",
    "hocba_app/hocba_app.py",
    "hocba_app/settings.py",
    "assets",
    "rxconfig.py",
    "requirements.lock",
)
"""What the compiled pages are made from. What services return reaches a page at run time only; the build writes
``reflex.lock`` itself."""
_NOT_SOURCES = {"__pycache__", "external"}


def serve(port: int) -> None:
    """Build where needed, then serve until SIGINT or SIGTERM.

    Raises:
        HocbaError: BUILD_FAILED, DISK_FULL.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    ensure_built()
    os.environ.update(
        {
            "REFLEX_WEB_WORKDIR": str(_served_copy(port)),
            "__REFLEX_SKIP_COMPILE": "true",
            "__REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
            "REFLEX_ENV_MODE": "prod",
            "HOCBA_PORT": str(port),
            "HOCBA_WEB_PARENT": str(os.getpid()),
        }
    )
    sys.path.insert(0, str(ROOT))
    Server(
        "hocba_app.web_process:application",
        address=settings().host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        factory=True,
        log_level=LogLevels.warning,
        working_dir=ROOT,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    ).serve()


def application() -> object:
    """The ASGI application, made in granian's own worker process, which must not outlive its parent."""
    die_with_parent(int(os.environ["HOCBA_WEB_PARENT"]))
    from hocba_app.hocba_app import app
    from hocba_app.startup import serving

    serving()
    served = app()
    warm_up("hocba_app.verification.sandbox_worker", "hocba_app.ink.signature_image")
    gc_tuning.settle()
    return served


def ensure_built() -> None:
    """Build the pages unless they are built from exactly these sources. One build at a time in a tree.

    Raises:
        HocbaError: BUILD_FAILED, DISK_FULL.
    """
    with _one_at_a_time():
        stamp = _fingerprint()
        if _STAMP.exists() and _STAMP.read_text() == stamp and (_WEB / "build" / "client" / "index.html").exists():
            return
        require_disk(ROOT, BUILD_MEGABYTES)
        say("Đang dựng giao diện, mất khoảng một phút… / Building the pages, about a minute…")
        _STAMP.unlink(missing_ok=True)
        log = ROOT / "var" / "web-build.log"
        environment = {**os.environ, "HOCBA_PUBLIC_URL": BUILD_URL, "HOCBA_PORT": "3000"}
        environment.pop("REFLEX_WEB_WORKDIR", None)
        environment.setdefault("NPM_CONFIG_REGISTRY", _npm_registry())
        with log.open("wb") as output:
            command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
            failed = subprocess.call(
                command, cwd=ROOT, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )
        if failed:
            raise HocbaError(ErrorCode.BUILD_FAILED, log=log)
        _STAMP.write_text(stamp)


def _npm_registry() -> str:
    """The registry npm is set to. Left to itself, Reflex measures two that it knows and takes the one that answers sooner."""
    npm = Path(sys.executable).with_name("npm.exe" if os.name == "nt" else "npm")
    answer = subprocess.run(
        [npm, "config", "get", "registry"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        cwd=ROOT,
    )
    return answer.stdout.strip()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    while (lock := lock_name(ROOT / "var", "web-build")) is None:
        time.sleep(0.2)
    try:
        yield
    finally:
        lock.release()


def _fingerprint() -> str:
    """Hash of everything the pages are made from."""
    digest = hashlib.sha256(f"{version('reflex')} {sys.version} {BUILD_URL}".encode())
    for source in _SOURCES:
        path = ROOT / source
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        for file in files:
            relative = file.relative_to(ROOT)
            if not _NOT_SOURCES.intersection(relative.parts):
                digest.update(f"{relative}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _served_copy(port: int) -> Path:
    """A copy of the build that names this server's address, in a folder of this port."""
    target = ROOT / "var" / "web" / str(port)
    shutil.rmtree(target, ignore_errors=True)
    for part in ("build/client", "backend"):
        if (_WEB / part).exists():
            shutil.copytree(_WEB / part, target / part)
    public = settings().public_url.rstrip("/")
    # Reflex's own page replaces a loopback address by the one in the browser's address bar, but keeps the port.
    base = f"http://localhost:{port}" if urlsplit(public).hostname in ("localhost", "127.0.0.1") else public
    for file in (target / "build" / "client" / "assets").glob("reflex-env-*.js"):
        content = _readdressed(file.read_text(encoding="utf-8"), base)
        file.write_text(content, encoding="utf-8")
        packed = file.with_name(file.name + ".gz")
        if packed.exists():
            packed.write_bytes(gzip.compress(content.encode()))
    return target


def _readdressed(content: str, base: str) -> str:
    socket = base.replace("http", "ws", 1)
    return content.replace(BUILD_URL.replace("http", "ws", 1), socket).replace(BUILD_URL, base)
