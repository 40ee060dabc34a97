"""The console's addresses."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from hocba_app.simulators.smas import years
from hocba_app.simulators.smas.console import (
    mark_pages,
    outcome_pages,
    page_parts,
    record_pages,
    trait_pages,
    year_pages,
)
from hocba_app.simulators.smas.console.context import Context, Page, guarded, read_form
from hocba_app.simulators.smas.console.page_parts import esc
from hocba_app.simulators.smas.console.sessions import COOKIE, Session, Sessions
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store
from hocba_app.simulators.smas.submission import Submissions

_STYLE = Path(__file__).with_name("style.css")


class Console:
    """The pages.

    Args:
        store: of all schools.
        submissions: their jobs.
    """

    def __init__(self, store: Store, submissions: Submissions) -> None:
        self._store, self._submissions, self._sessions = store, submissions, Sessions()

    def routes(self) -> list[Route]:
        """Every page and action."""
        both = ["GET", "POST"]
        return [
            Route("/", lambda _request: RedirectResponse("/console/")),
            Route("/console", lambda _request: RedirectResponse("/console/")),
            Route("/console/style.css", self.style), Route("/console/login", self.log_in, methods=both),
            Route("/console/logout", self.log_out, methods=["POST"]),
            self._page("/console/", year_pages.home, teachers=True),
            self._page("/console/time", year_pages.time, ["POST"]),
            self._page("/console/marks", mark_pages.marks, both, teachers=True),
            self._page("/console/comments", mark_pages.comments, both, teachers=True),
            self._page("/console/traits", trait_pages.traits, both, teachers=True),
            self._page("/console/comments/apply", year_pages.apply_templates, ["POST"]),
            self._page("/console/staff", record_pages.staff), self._page("/console/classes", record_pages.classes),
            self._page("/console/students", record_pages.students),
            self._page("/console/assignments", record_pages.assignments, both),
            self._page("/console/photos/{sha256}", record_pages.photo),
            self._page("/console/outcomes", outcome_pages.outcomes, both),
            self._page("/console/awards", outcome_pages.awards, both),
            self._page("/console/summer", outcome_pages.summer, both),
            self._page("/console/arrivals", outcome_pages.arrivals, both),
            self._page("/console/year", year_pages.year),
            self._page("/console/year/declare", year_pages.declare, ["POST"]),
            self._page("/console/year/register", year_pages.register, ["POST"]),
            self._page("/console/year/trial", year_pages.trial_year, ["POST"]),
            self._page("/console/workbook", year_pages.export),
            self._page("/console/templates/new", year_pages.new_template, ["POST"]),
            self._page("/console/templates/{id}/delete", year_pages.delete_template, ["POST"]),
            self._page("/console/submissions", year_pages.submissions, both),
            self._page("/ministry", year_pages.ministry, both),
            self._page("/console/staff/{id}/password", record_pages.password, ["POST"]),
            self._page("/console/{resource}/{id}/delete", record_pages.delete, ["POST"]),
            self._page("/console/{resource}/{id}", record_pages.edit, both),
        ]  # fmt: skip

    def _page(self, path: str, act: Page, methods: list[str] | None = None, *, teachers: bool = False) -> Route:
        return Route(
            path,
            guarded(self._store, self._submissions, self._sessions, teachers=teachers, act=act),
            methods=methods or ["GET"],
        )

    async def style(self, _request: Request) -> Response:
        return Response(
            _STYLE.read_text(encoding="utf-8"), media_type="text/css", headers={"Cache-Control": "max-age=300"}
        )

    async def log_in(self, request: Request) -> Response:
        """The form; a wrong password says no more than that."""
        school, username, said, status = request.query_params.get("school", ""), "admin", "", 200
        if request.method == "POST":
            context = Context(request, Session("", "", 0.0), self._store, self._submissions, self._sessions)
            try:
                await read_form(request, context)
            except Refused as refused:
                return page_parts.page(
                    "Đăng nhập", f'<p class="note bad">{esc(refused.body["message"])}</p>', status=refused.status
                )
            school, username = context.form.get("school", "").strip(), context.form.get("username", "").strip()
            if not self._sessions.may_try(school):
                said, status = "Sai mật khẩu quá nhiều lần. Đợi một phút rồi thử lại.", 429
            else:
                person = await asyncio.to_thread(
                    years.log_in, self._store, school, username, context.form.get("password", "")
                )
                if person is not None:
                    answer = RedirectResponse("/console/", 303)
                    answer.set_cookie(COOKIE, self._sessions.open(school, person), httponly=True, samesite="strict")
                    return answer
                self._sessions.tried(school)
                said, status = "Mã trường, tài khoản hoặc mật khẩu không đúng.", 401
        schools = [
            (row["code"], f"{row['name']} ({row['code']})")
            for row in self._store.all("select code, name from school order by code")
        ]
        problem = f'<p class="note bad" role=alert>{esc(said)}</p>' if said else ""
        body = (
            f"<div class=login>{problem}<form method=post><label>Trường{page_parts.select('school', schools, school)}</label>"
            f"<label>Tài khoản (admin hoặc mã cán bộ){page_parts.text_input('username', username)}</label>"
            "<label>Mật khẩu<input type=password name=password autocomplete=current-password></label><button>Đăng nhập</button></form></div>"
        )
        return page_parts.page("Đăng nhập", body, status=status)

    async def log_out(self, request: Request) -> Response:
        self._sessions.close(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/console/login", 303)
        answer.delete_cookie(COOKIE)
        return answer
