"""What a page knows: the school, who is logged in, and what he may see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hocba_app.simulators.smas.console import page_parts
from hocba_app.simulators.smas.console.sessions import COOKIE, Session, Sessions
from hocba_app.simulators.smas.generation.names import plain
from hocba_app.simulators.smas.gradebook import Books, as_kept
from hocba_app.simulators.smas.live import Live
from hocba_app.simulators.smas.refusals import Refused
from hocba_app.simulators.smas.store import Store
from hocba_app.simulators.smas.submission import Submissions

MAX_FORM = 4 * 1024 * 1024
MAX_FIELDS = 20_000


@dataclass(slots=True)
class Context:
    """One request of a person who is logged in."""

    request: Request
    session: Session
    store: Store
    submissions: Submissions
    sessions: Sessions
    form: dict[str, str] = field(default_factory=dict)
    upload: bytes = b""

    @property
    def live(self) -> Live:
        """The school's SMAS."""
        return Live(self.store, self.session.school)

    @property
    def school(self) -> dict[str, Any]:
        """The school's row."""
        return self.store.school(self.session.school) or {}

    @property
    def year(self) -> str:
        """The school year that is worked on."""
        return str(self.school["school_year"])

    @property
    def teacher(self) -> str:
        """The staff id of a teacher, or "" for the administrator."""
        return self.session.staff_id

    def query(self, name: str) -> str:
        """A value of the address, or of the form."""
        return self.form.get(name) or self.request.query_params.get(name, "")

    def records(self, resource: str, owner: str = "") -> dict[str, dict[str, Any]]:
        """Live records of the year."""
        return self.store.records(self.session.school, resource, self.year, owner)

    def results(self, class_id: str = "") -> dict[str, dict[str, Any]]:
        """Results of the year by id, as SMAS shows them."""
        subjects = Books(self.store, self.session.school).subjects()
        return {key: as_kept(data, subjects) for key, data in self.records("results", class_id).items()}

    def page(self, title: str, body: str, part: str, **more: Any) -> HTMLResponse:
        """The page, with what the last action had to say."""
        said, self.session.flash = self.session.flash, ""
        person = self.store.record(self.session.school, "staff", self.teacher) if self.teacher else None
        who = person["full_name"] if person else "Quản trị trường"
        return page_parts.page(
            title,
            page_parts.notice(said) + body,
            school=self.school["name"],
            who=f"{who} · {self.year}",
            part=part,
            teacher=bool(self.teacher),
            primary="primary" in self.school["level"],
            **more,
        )

    def done(self, text: str, to: str) -> Response:
        """After an action: say so on another page."""
        self.session.flash = text
        return RedirectResponse(to, 303)

    def classes(self) -> list[tuple[str, str]]:
        """The classes he may see, by name."""
        found = self.records("classes")
        if self.teacher:
            taught = {
                row["class_id"]
                for row in self.records("teaching_assignments").values()
                if row["staff_id"] == self.teacher
            }
            found = {
                key: data for key, data in found.items() if key in taught or data["homeroom_staff_id"] == self.teacher
            }
        return sorted(
            ((key, data["name"]) for key, data in found.items()), key=lambda item: (found[item[0]]["grade"], item[1])
        )

    def chosen_class(self) -> str:
        """The class asked for, or the first.

        Raises:
            Refused: he may see none, or not this one.
        """
        classes, asked = self.classes(), self.query("class_id")
        if not classes or (asked and asked not in dict(classes)):
            raise Refused.unknown("lớp")
        return asked or classes[0][0]

    def class_select(self, chosen: str) -> tuple[str, str]:
        """The list of classes."""
        return "Lớp", page_parts.select("class_id", self.classes(), chosen)

    def pupils(self, class_id: str) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Id, record and enrolment of a class's pupils, given name first as in a class list."""
        students = self.store.records(self.session.school, "students")
        rows = [
            (row["student_id"], students[row["student_id"]], row)
            for row in self.records("enrolments", class_id).values()
            if row["student_id"] in students
        ]
        return sorted(rows, key=lambda row: (plain(row[1]["full_name"]).split()[::-1], row[0]))


Page = Callable[[Context], Response]


def guarded(
    store: Store, submissions: Submissions, sessions: Sessions, *, teachers: bool, act: Page
) -> Callable[[Request], Awaitable[Response]]:
    """A page for those who are logged in; what it does to the database it does in a thread.

    Args:
        teachers: whether a teacher may open it.
    """

    async def endpoint(request: Request) -> Response:
        session = sessions.find(request.cookies.get(COOKIE, ""))
        if session is None:
            return RedirectResponse("/console/login", 303)
        context = Context(request, session, store, submissions, sessions)
        try:
            if session.staff_id and not teachers:
                raise Refused(403, {"message": "Trang này dành cho quản trị trường."})
            if request.method == "POST":
                await read_form(request, context)
            return await asyncio.to_thread(act, context)
        except Refused as refused:
            text = refused.body.get("message") or "; ".join(
                error["message"] for error in refused.body.get("errors", [])
            )
            return context.page(
                "Không thực hiện được",
                page_parts.notice("") + f'<p class="note bad" role=alert>{page_parts.esc(text)}</p>',
                "",
                status=refused.status,
            )

    return endpoint


async def read_form(request: Request, context: Context) -> None:
    """The form's fields, and a file where there is one.

    Raises:
        Refused: it comes from another site, or is too large.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") or not _own_origin(request):
        raise Refused(403, {"message": "Yêu cầu đến từ trang khác."})
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            raise Refused(413, {"message": "Dữ liệu gửi lên quá lớn."})
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        request._body = body  # the stream is read; the form is parsed from what was kept
        async with request.form(max_files=1, max_fields=200) as form:
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    context.upload = await value.read()
                else:
                    context.form[name] = value
        return
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Refused(400, {"message": "Dữ liệu gửi lên không đọc được."}) from None
    context.form = {name: values[-1] for name, values in found.items()}


def _own_origin(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")
