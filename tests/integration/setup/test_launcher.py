"""`./hocba` installs exactly the lock, whatever else is published, with the oldest pip and without uv too.

The index is made here: tiny wheels with the names, versions and requirements of the real ones, and a newer release of
everything that is asked for with an extra – which pip, left to itself, prefers to the locked one.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[3]
LOCKS = ("requirements.lock", "requirements-test.lock", "requirements-uv.lock")
UV = Path(sys.executable).with_name("uv")
NEWER = "9999"
OLDEST_PIP = {
    (3, 11): "pip==22.3 --hash=sha256:1daab4b8d3b97d1d763caeb01a4640a2250a0ea899e257b1e44b9eded91e15ab",
    (3, 12): "pip==23.2.1 --hash=sha256:7ccf472345f20d35bdc9d1841ff5f313260c2c33fe417f48c30ac46cccabf5be",
    (3, 13): "pip==24.2 --hash=sha256:2cd581cf58ab7fcfca4ce8efa6dcacd0de5bf8d0a3eb9ec927e07405f4d9e2a2",
    (3, 14): "pip==25.2 --hash=sha256:6d67a2b4e7f14d8b31b8b52648866fa717f45a1eb70e83002f4331d07e953717",
}
"""What comes with the first release of each Python."""


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address of a package index, and a folder with our locks in the hashes of its wheels."""
    folder = tmp_path_factory.mktemp("index")
    tree = tmp_path_factory.mktemp("locks")
    with_extra = {name for lock in LOCKS for name in _asked_with_extra(_pins(lock))}
    for lock in LOCKS:
        lines = []
        for line, name, version in _pins(lock):
            if name != "uv":
                lines.append(f"{line} --hash=sha256:{_wheel(folder, name, version)}\n")
            elif UV.exists():
                lines.append(f"{line} --hash=sha256:{_wheel(folder, name, version, uv=True)}\n")
            if name in with_extra:
                _wheel(folder, name, NEWER)
        (tree / lock).write_text("".join(lines))
    assert {"granian", "psycopg"} <= with_extra
    handler = partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", tree
        server.shutdown()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _pins(lock: str) -> list[tuple[str, str, str]]:
    """Requirement, name and version of each entry."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return [
        (line.strip(), name, version)
        for line, name, version in re.findall(r"^((\S+)==(\S+)[^\\\n]*)", text, re.MULTILINE)
    ]


def _asked_with_extra(pins: list[tuple[str, str, str]]) -> Iterator[str]:
    declared = re.findall(r'^    "([^"]+)",$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    wanted = [Requirement(each) for each in declared if re.match(r"[\w.-]+\[", each)]
    for _, name, _ in pins:
        wanted += map(Requirement, _requires(name))
    locked = {name for _, name, _ in pins}
    return (each.name for each in wanted if each.extras and each.name in locked)


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # for another system
        return []


def _wheel(folder: Path, name: str, version: str, *, uv: bool = False) -> str:
    """Put a wheel without content into the index; its hash."""
    plain = f"{name.replace('-', '_')}-{version}"
    extras = {extra for each in _requires(name) for extra in re.findall(r"extra == ['\"]([^'\"]+)", each)}
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        f"Version: {version}",
        *(f"Provides-Extra: {each}" for each in sorted(extras)),
        *(f"Requires-Dist: {each}" for each in _requires(name)),
    ]
    files = {
        f"{plain}.dist-info/METADATA": "\n".join(metadata) + "\n",
        f"{plain}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if uv:  # stands for the real one
        files[f"{plain}.data/scripts/uv"] = (
            f"#!python\nimport os, sys\nos.execv({str(UV)!r}, [{str(UV)!r}, *sys.argv[1:]])\n"
        )
    record = [f"{path},sha256={_digest(text)},{len(text.encode())}" for path, text in files.items()]
    files[f"{plain}.dist-info/RECORD"] = "\n".join([*record, f"{plain}.dist-info/RECORD,,"]) + "\n"
    page = folder / name
    page.mkdir(exist_ok=True)
    with zipfile.ZipFile(page / f"{plain}-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100755 << 16  # what a script may be run by
            wheel.writestr(entry, text)
    links = [f'<a href="{each.name}">{each.name}</a>' for each in sorted(page.glob("*.whl"))]
    (page / "index.html").write_text("<!DOCTYPE html><html><body>" + "\n".join(links) + "</body></html>")
    return hashlib.sha256((page / f"{plain}-py3-none-any.whl").read_bytes()).hexdigest()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def clone(index: tuple[str, Path], tmp_path: Path) -> Path:
    """What the launcher needs of a fresh clone; the command it starts only says that it was reached."""
    tree = tmp_path / "clone"
    shutil.copytree(index[1], tree)
    shutil.copy(ROOT / "hocba", tree)
    (tree / "hocba_app").mkdir()
    (tree / "hocba_app" / "cli.py").write_text("import sys; print('reached', *sys.argv[1:])")
    return tree


def set_up(clone: Path, index: str, *command: str) -> str:
    """Run `./hocba`; what it said."""
    home = clone.parent / "home"
    home.mkdir(exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_", "PYTHON"))}
    environment |= {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "PIP_RETRIES": "0",
        "NO_PROXY": "127.0.0.1",
    }
    done = subprocess.run(
        [sys.executable, "hocba", *command],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0 and f"reached {' '.join(command)}" in done.stdout, done.stdout
    return done.stdout


def installed(clone: Path) -> set[str]:
    """Name and version of everything in the environment."""
    found = (clone / ".venv").glob("lib/python*/site-packages/*.dist-info")
    names = {
        re.sub(r"[-_.]+", "-", each.stem.rpartition("-")[0]).lower() + "==" + each.stem.rpartition("-")[2]
        for each in found
    }
    return {each for each in names if not each.startswith(("pip==", "setuptools==", "uv=="))}


def locked(*locks: str) -> set[str]:
    """The same of locks, for this Python and system."""
    found = {Requirement(line) for lock in locks for line, _, _ in _pins(lock)}
    return {f"{each.name}{each.specifier}" for each in found if each.marker is None or each.marker.evaluate()}


def oldest_pip(clone: Path) -> None:
    """An environment half made, with the oldest pip that comes with this Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    wanted = clone.parent / "pip.txt"
    wanted.write_text(OLDEST_PIP[sys.version_info[:2]])
    command = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        clone / ".venv" / "bin" / "python",
        "--require-hashes",
        "-r",
        wanted,
    ]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("the oldest pip cannot be had: no package index is reached")


@pytest.mark.parametrize("pip", ["oldest", "bundled"])
def test_pip_installs_exactly_the_lock_whatever_is_published(index: tuple[str, Path], clone: Path, pip: str) -> None:
    (clone / "requirements-uv.lock").write_text(
        f"uv==0.0.1 --hash=sha256:{'0' * 64}\n"
    )  # not to be had for this machine
    if pip == "oldest":
        oldest_pip(clone)
    set_up(clone, index[0], "demo")
    assert installed(clone) == locked("requirements.lock")


def test_uv_installs_exactly_the_lock_from_where_pip_was_told(index: tuple[str, Path], clone: Path) -> None:
    set_up(clone, index[0], "demo")
    assert (clone / ".venv" / "bin" / "uv").exists() and installed(clone) == locked("requirements.lock")
    made_by = [
        path.read_text().strip()
        for path in (clone / ".venv").glob("lib/python*/site-packages/granian*.dist-info/INSTALLER")
    ]
    assert made_by == ["uv"]
    assert "Setting up" in set_up(clone, index[0], "test"), "the second lock comes with the tests"
    assert installed(clone) == locked("requirements.lock", "requirements-test.lock")
    assert "Setting up" not in set_up(clone, index[0], "run") + set_up(clone, index[0], "bench")


def test_a_changed_lock_is_installed_and_another_pythons_environment_made_anew(
    index: tuple[str, Path], clone: Path
) -> None:
    lock = clone / "requirements.lock"
    lock.write_text("".join(lock.read_text().splitlines(keepends=True)[:3]))
    set_up(clone, index[0], "run")
    lock.write_text("".join(lock.read_text().splitlines(keepends=True)[:2]))
    assert "Setting up" in set_up(clone, index[0], "run")
    stamp = clone / ".venv" / ".hocba-requirements.lock"
    stamp.write_text(stamp.read_text().replace(f"3.{sys.version_info[1]} ", "3.10 "))
    assert "Setting up" in set_up(clone, index[0], "run")
    assert len(installed(clone)) == 2, "what another Python had is gone"
