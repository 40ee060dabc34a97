"""What keeps `hocba.cmd` honest without a Windows at hand: the product itself needs nothing that only Unix has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EVERY_MODULE = """
import builtins, importlib, pkgutil
real = builtins.__import__
def refusing(name, globals=None, *rest, **named):  # what libraries import on a Unix is their affair: they choose by system
    if name in ("fcntl", "grp", "pwd", "resource", "syslog", "termios") and (globals or {}).get("__name__", "").startswith("hocba_app"):
        raise ModuleNotFoundError(name)
    return real(name, globals, *rest, **named)
builtins.__import__ = refusing
import hocba_app
for module in pkgutil.walk_packages(hocba_app.__path__, "hocba_app."):
    if module.name != "hocba_app.hocba_app":  # makes the whole application when it is imported; all it stands on is here
        importlib.import_module(module.name)
"""
A_WRITE = """
import sys
sys.modules["fcntl"] = None
from pathlib import Path
from sqlmodel import SQLModel
from hocba_app.models import Database, School
from hocba_app.services.jobs.process_lock import lock_first_free, lock_name
folder = Path(sys.argv[1])
database = Database(f"sqlite:///{folder}/test.db")
SQLModel.metadata.create_all(database.engine)
with database.installation(write=True) as session:
    session.add(School(code="1", name="", current_year="2025-2026", province=""))
first = lock_first_free(folder, "worker")
assert lock_name(folder, first.name) is None
first.release()
assert lock_name(folder, first.name) is not None
"""


def run(program: str, *arguments: str) -> str:
    """What a program of its own complains of."""
    command = [sys.executable, "-W", "ignore", "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout[-3000:] if done.returncode else ""


def test_every_module_is_imported_without_what_only_unix_has() -> None:
    assert run(EVERY_MODULE) == ""


def test_writing_and_process_locks_need_no_fcntl(tmp_path: Path) -> None:
    assert run(A_WRITE, str(tmp_path)) == ""
