"""The way back to the page somebody came from, over the login page: only ever a path of this site, and the reason said."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.services.signed_notice import sign_notice

MAX_LENGTH = 500
"""Letters of a path that is kept."""
_PATH = re.compile(r"/[A-Za-z0-9\-._~!$&'()*+,;=:@%/?]*")
_NO_WAY_BACK = ("", "login", "activate", "forbidden", "session")
_DEEP_LINK = "Mời thầy cô đăng nhập để mở trang vừa chọn."


def page_path(value: str) -> str:
    """A path of this site with its query, without the notice in it; "" for anything else, also for the pages of the login.

    An address may contain anything: another site's name ("//…", "/\\…", "https:…") is never a way back.
    """
    if len(value) > MAX_LENGTH or not _PATH.fullmatch(value):
        return ""
    path, _, query = value.partition("?")
    steps = path.split("/")[1:]
    if steps[0] in _NO_WAY_BACK or "" in steps[:-1] or {".", ".."} & set(steps):
        return ""
    kept = [(name, text) for name, text in parse_qsl(query, keep_blank_values=True) if name != "notice"]
    return f"{path}?{urlencode(kept)}" if kept else path


def referring_page(referer: str, origins: set[str]) -> str:
    """The page of ours whose link or form was used, from the browser's own header; "" for another site's."""
    try:
        parts = urlsplit(referer)
    except ValueError:
        return ""
    if f"{parts.scheme}://{parts.netloc}" not in origins:
        return ""
    return page_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


def login_address(came_from: str, *, lapsed: bool) -> str:
    """The login page's address.

    Args:
        came_from: where to go afterwards; checked here.
        lapsed: the browser still holds the cookie of a session that is over.
    """
    query = {"next": path} if (path := page_path(came_from)) else {}
    if lapsed:
        query["notice"] = sign_notice(HocbaError(ErrorCode.NOT_SIGNED_IN).sentence, problem=True)
    elif path:
        query["notice"] = sign_notice(_DEEP_LINK, problem=False)
    return f"/login?{urlencode(query)}" if query else "/login"
