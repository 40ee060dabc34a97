"""A web process that is killed (-9) while somebody uploads a workbook: nothing is half, nothing is doubled, and it is sent again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from hocba_app.models import AuditEvent, Database, Job, WorkbookImport
from hocba_app.services.accounts.schools import operator
from hocba_app.services.audit.log import verify_chain
from hocba_app.services.storage import folder_store
from hocba_app.services.workbooks.excel import template
from hocba_app.settings import ROOT

_WEB = """
import os, signal, sys
from hocba_app.routes import caller, workbook
from hocba_app.routes.app import create_api
from hocba_app.services.accounts.schools import operator
from hocba_app.services.workbooks import imports
from hocba_app.simulators.serving import bind, server

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

give = imports.give
match sys.argv[1]:
    case "before the commit":
        imports.record = killed
    case "after the commit":
        imports.give = lambda *given, **named: killed(give(*given, **named))
api = create_api()
async def signed_in():
    return operator(sys.argv[2])
api.dependency_overrides[caller.signed_in] = signed_in
listener = bind("127.0.0.1", 0)
print(listener.getsockname()[1], flush=True)
server(api).run(sockets=[listener])
"""


@contextmanager
def web(
    db: Database, school_id: str, folder: Path, killed: str = ""
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """A web process, and somebody of the office at it."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOCBA_DATABASE_URL": db.url,
        "HOCBA_DOCUMENTS_URL": str(folder),
    }
    command = [sys.executable, "-c", _WEB, killed, school_id]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    base = f"http://localhost:{port}"
    try:
        with httpx.Client(base_url=base, headers={"origin": base}, timeout=120) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("db", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("killed", "stored"), [("in the body", 0), ("before the commit", 0), ("after the commit", 1)])
def test_in_the_midst_of_an_upload(db: Database, school_id: str, tmp_path: Path, killed: str, stored: int) -> None:
    """Who sends the file again after the last kind sees it twice in the list; neither is imported before somebody looked at it."""
    file = {"workbook": ("du-lieu.xlsx", template(operator(school_id)))}

    def there() -> tuple[int, int, int]:
        with db.read(school_id) as session:
            assert verify_chain(session) == []
            return tuple(len(session.exec(select(each)).all()) for each in (WorkbookImport.id, Job.id, AuditEvent.id))  # type: ignore[call-overload, return-value]

    with web(db, school_id, tmp_path / "documents", killed) as (process, client):

        def half() -> Iterator[bytes]:
            whole = client.build_request("POST", "/uploads/workbook", files=file).read()
            yield whole[: len(whole) // 2]
            process.send_signal(signal.SIGKILL)
            yield whole[len(whole) // 2 :]

        request = client.build_request("POST", "/uploads/workbook", files=file)
        if killed == "in the body":
            length = str(len(request.read()))
            kind = {"content-type": request.headers["content-type"], "content-length": length}
            request = client.build_request("POST", "/uploads/workbook", content=half(), headers=kind)
        with pytest.raises(
            httpx.TransportError
        ):  # the browser says that the page is not to be reached, a proxy a sentence
            client.send(request)
    assert there() == (stored,) * 3
    partial = tmp_path / "documents" / folder_store.PARTIAL
    assert not partial.exists() or not list(partial.iterdir())
    with web(db, school_id, tmp_path / "documents") as (_, client):
        answer = client.post("/uploads/workbook", files=file)
        assert answer.status_code == 303 and answer.headers["location"].startswith("/workbooks?id="), answer.text
    assert there() == (stored + 1,) * 3
