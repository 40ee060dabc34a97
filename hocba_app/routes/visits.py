"""Uploads of foreign files: admitted first, then read, then worked on in turn; and nothing more for a client that left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign.admission import ADMISSION, Abandoned, Ticket, holding
from hocba_app.routes.caller import address
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.networks import network_of

Answer = TypeVar("Answer")
MAX_FILES, MAX_FIELDS = 500, 50
"""Parts of one form."""


class ClientLeft(Exception):
    """There is nobody to answer."""


class Visit:
    """One upload from its admission to its answer."""

    def __init__(self, request: Request, ticket: Ticket) -> None:
        self._request, self._ticket = request, ticket
        self._over: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._watch: asyncio.Task[None] | None = None

    async def form(self) -> FormData:
        """The form, read now; its files wait on disk.

        Raises:
            HocbaError: BUSY when others needed the place; INVALID_INPUT for what is no form.
        """
        reading = asyncio.ensure_future(_read(self._request))
        if not await self._done_first(reading):
            reading.cancel()
            raise self._over.result()
        self._watch = asyncio.create_task(self._wait_for_leaving())
        return reading.result()

    async def run(self, work: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
        """Call ``work`` in a thread, in this visit's turn. A client that leaves ends its children and its waiting.

        Raises:
            ClientLeft: before the work was done.
            HocbaError: the work's own; BUSY.
        """
        try:
            turn = asyncio.wrap_future(ADMISSION.line_up(self._ticket))
            if not await self._done_first(turn):
                turn.cancel()
                raise self._over.result()
            turn.result()
            working = asyncio.ensure_future(run_in_threadpool(self._held, work, *arguments, **options))
            try:
                if await self._done_first(working):
                    return working.result()
            finally:
                if not working.done():
                    ADMISSION.drop(self._ticket)
                    await asyncio.wait({working})  # the turn is given back when nothing works in it any more
                    working.exception()
            raise self._over.result()
        except Abandoned:
            raise (self._over.result() if self._over.done() else HocbaError(ErrorCode.BUSY)) from None
        finally:
            ADMISSION.step_back(self._ticket)

    def end(self, reason: Exception) -> None:
        """Stop working for this visit."""
        if not self._over.done():
            self._over.set_result(reason)

    def close(self) -> None:
        """Stop watching the client."""
        if self._watch is not None:
            self._watch.cancel()

    def _held(self, work: Callable[..., Answer], *arguments: Any, **options: Any) -> Answer:
        with holding(self._ticket):
            return work(*arguments, **options)

    async def _done_first(self, work: asyncio.Future[Any]) -> bool:
        """Whether it was done before the visit was over."""
        await asyncio.wait({work, self._over}, return_when=asyncio.FIRST_COMPLETED)
        return work.done()

    async def _wait_for_leaving(self) -> None:
        """The body is whole: what comes now is only that the client left."""
        while (await self._request.receive())["type"] != "http.disconnect":
            pass
        self.end(ClientLeft())


async def _read(request: Request) -> FormData:
    try:
        return await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS)
    except ClientDisconnect as error:
        raise ClientLeft from error
    except HTTPException as error:  # Starlette's word for a form that does not parse
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="biểu mẫu gửi lên thiếu hoặc sai thông tin") from error


@asynccontextmanager
async def admitted(request: Request, who: Identity | None = None) -> AsyncIterator[Visit]:
    """A visit with a place; not a byte of the body is read before.

    Args:
        who: the caller where he is signed in; otherwise his network counts.

    Raises:
        HocbaError: BUSY when all places are taken.
    """
    loop = asyncio.get_running_loop()
    visits: list[Visit] = []

    def end() -> None:
        if visits:
            visits[0].end(HocbaError(ErrorCode.BUSY))

    def dropped() -> None:
        loop.call_soon_threadsafe(end)

    key = f"person:{who.account_id}" if who is not None else f"address:{network_of(address(request))}"
    ticket = ADMISSION.enter(key, dropped)
    visit = Visit(request, ticket)
    visits.append(visit)
    try:
        yield visit
    finally:
        visit.close()
        ADMISSION.leave(ticket)
        await request.close()


def files_of(form: FormData, field: str) -> list[tuple[str, BinaryIO]]:
    """The chosen files of a field: name and the open file. An empty choice is none."""
    return [
        (part.filename, part.file) for part in form.getlist(field) if isinstance(part, UploadFile) and part.filename
    ]


def text_of(form: FormData, field: str, longest: int = 200) -> str:
    """A text of the form; "" when it is missing.

    Raises:
        HocbaError: INVALID_INPUT when it is too long or a file.
    """
    value = form.get(field, "")
    if not isinstance(value, str) or len(value) > longest:
        raise HocbaError(ErrorCode.INVALID_INPUT, detail="biểu mẫu gửi lên thiếu hoặc sai thông tin")
    return value
