"""All plain routes as one application; a refusal becomes a sentence with the right status, never a traceback."""

from __future__ import annotations

import uuid

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.models.database import is_busy
from hocba_app.routes import (
    accounts,
    attached,
    health,
    hooks,
    printing,
    records,
    session,
    signature_images,
    sync,
    verification,
    workbook,
)
from hocba_app.routes.caller import to_login
from hocba_app.routes.error_page import error_page
from hocba_app.routes.visits import ClientLeft

log = structlog.get_logger()
_STATUS = {
    ErrorCode.NOT_SIGNED_IN: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.INTERNAL: 500,
    ErrorCode.LOGIN_THROTTLED: 429,
    ErrorCode.FILE_TOO_LARGE: 413,
    ErrorCode.BUSY: 503,
}
ROUTERS = (
    session.router,
    printing.router,
    verification.router,
    sync.router,
    signature_images.router,
    records.router,
    accounts.router,
    attached.router,
    workbook.router,
    hooks.router,
    health.router,
)


def create_api() -> FastAPI:
    """The application; Reflex's own is mounted behind it."""
    api = FastAPI(title="Học bạ điện tử", docs_url=None, redoc_url=None, openapi_url=None)
    for router in ROUTERS:
        api.include_router(router)

    @api.exception_handler(HocbaError)
    async def refused(request: Request, error: HocbaError) -> Response:
        if error.code is ErrorCode.NOT_SIGNED_IN and (login := to_login(request)) is not None:
            return login
        return error_page(error, _STATUS.get(error.code, 422))

    @api.exception_handler(StoreUnavailable)
    async def no_store(_request: Request, error: StoreUnavailable) -> Response:
        log.warning("route.store_unavailable", reason=error.refusal.code.value)
        return error_page(error.refusal, 503)

    @api.exception_handler(ClientLeft)
    async def left(_request: Request, _gone: ClientLeft) -> Response:
        return Response(status_code=499)  # nobody reads it

    @api.exception_handler(RequestValidationError)
    async def unreadable(_request: Request, _error: RequestValidationError) -> Response:
        return error_page(HocbaError(ErrorCode.INVALID_INPUT, detail="biểu mẫu gửi lên thiếu hoặc sai thông tin"), 422)

    @api.exception_handler(UnicodeError)
    @api.exception_handler(DataError)
    async def no_text(_request: Request, _error: Exception) -> Response:
        """A zero byte or half a letter, in an address, a cookie or a form: no database takes it as text."""
        return error_page(
            HocbaError(ErrorCode.INVALID_INPUT, detail="địa chỉ hoặc biểu mẫu có ký tự không hợp lệ"), 400
        )

    @api.exception_handler(Exception)
    async def defect(_request: Request, error: Exception) -> Response:
        if isinstance(error, DBAPIError) and is_busy(error):
            log.warning("route.database_busy")
            return error_page(HocbaError(ErrorCode.BUSY), 503)
        if isinstance(error, OperationalError | InterfaceError):
            log.warning("route.database_unreachable", reason=type(error.orig).__name__)
            return error_page(HocbaError(ErrorCode.SERVICE_PAUSED), 503)
        reference = uuid.uuid4().hex[:8]
        log.error("route.defect", reference=reference, exc_info=error)
        return error_page(HocbaError(ErrorCode.INTERNAL, reference=reference), 500)

    return api
