"""A refusal as a small page of its own: what happened, what to do next, and a way back."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from hocba_app.domain.errors import HocbaError


def error_page(error: HocbaError, status: int) -> HTMLResponse:
    """The sentence of an error as HTML."""
    return HTMLResponse(
        f"""<!doctype html><html lang="vi"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Học bạ điện tử</title><link rel="stylesheet" href="/styles/plain.css">
<main><h1>Chưa thực hiện được</h1><p role="alert">{escape(error.sentence)}</p>
<p><a class="button" href="/">Về trang Tổng quan</a></p><p class="quiet">Mã: {escape(error.code.value)}</p></main></html>""",
        status,
    )
