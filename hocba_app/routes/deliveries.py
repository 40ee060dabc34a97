"""Routes that give out a file tell the log before they do. A test walks every route that reads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from hocba_app.models import database
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.audit.deliveries import delivered

FILES = {
    "/files/records/{document_id}": ("record", "document", "document_id"),
    "/files/previews/{kind}/{class_id}/{student_id}": ("preview", "student", "student_id"),
    "/files/audit.csv": ("audit", "school", ""),
    "/files/sync/{job_id}": ("sync_report", "job", "job_id"),
    "/files/workbook/template": ("template", "school", ""),
    "/files/class-forms/{form}/{class_id}": ("class_form", "class", "class_id"),
    "/files/workbook-problems/{import_id}": ("workbook_problems", "import", "import_id"),
    "/files/signature-originals/{job_id}/{number}": ("signature", "job", "job_id"),
    "/files/signature-drafts/{slip}": ("signature_draft", "school", ""),
}
"""Path → kind of file, table and parameter of what it shows."""
PICTURES = {"signature", "signature_draft"}
LOGGED_BY_SERVICES = {
    "/packets/{job_id}",
    "/originals/{document_id}",
    "/packages/{student_id}",
    "/h/{token}/documents",
    "/h/{token}/documents/{number}",
    "/h/{token}/package",
    "/files/attached/{attached_id}",
    "/files/workbook",
}
"""Paths whose services note more than the delivery: copies, recipients, what was in it."""


class DeliveryRoute(APIRoute):
    """A route of a router whose deliveries are logged."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()
        if self.path not in FILES:
            return answer
        what, table, parameter = FILES[self.path]

        async def logged(request: Request) -> Response:
            response = await answer(request)
            if response.status_code == 200 and request.method == "GET":
                who: Identity = request.state.who
                subject = f"{table}:{request.path_params[parameter] if parameter else who.school_id}"
                await run_in_threadpool(
                    delivered, database(), who.school_id, who.account_id, what, subject, picture=what in PICTURES
                )
            return response

        return logged
