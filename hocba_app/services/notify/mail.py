"""Letters by SMTP, where the operator has configured a server; otherwise mail is not offered at all."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from hocba_app.domain.email_address import one_address
from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.settings import settings

TIMEOUT = 15.0
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Letter:
    """One plain-text letter to one person."""

    to: str
    """One mailbox; anything else is refused (:func:`hocba_app.domain.email_address.one_address`)."""
    subject: str
    text: str


def offered() -> bool:
    """Whether a mail server and a sender are configured."""
    return bool(settings().smtp_url and settings().mail_from)


@contextmanager
def post_office() -> Iterator[Callable[[Letter], None]]:
    """A connection to the mail server; yields the function that sends one letter.

    ``smtp://`` must do STARTTLS unless it is on this machine, ``smtps://`` is encrypted from the start: a one-time
    code never travels in the clear.

    Raises:
        HocbaError: MAIL_FAILED when mail is not configured or the server does not answer or refuses; from the yielded
            function when it refuses that letter.
    """
    if not offered():
        raise HocbaError(ErrorCode.MAIL_FAILED, detail="not configured")
    try:
        server = _connect(settings().smtp_url)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise HocbaError(ErrorCode.MAIL_FAILED, detail=type(error).__name__) from error
    try:
        yield lambda letter: _send(server, letter)
    finally:
        try:
            server.quit()
        except (OSError, smtplib.SMTPException):
            server.close()


def sent(letter: Letter) -> bool:
    """Post one letter on a connection of its own; whether the server took it. A job asks again until its time is up."""
    try:
        with post_office() as post:
            post(letter)
    except HocbaError:
        return False
    return True


def _connect(url: str) -> smtplib.SMTP:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise ValueError("an address like smtp://user:password@host:587")
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=TIMEOUT, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT)
    try:
        server.ehlo()
        if parts.scheme == "smtp" and host not in _LOOPBACK:
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _send(server: smtplib.SMTP, letter: Letter) -> None:
    to = one_address(letter.to)
    if to is None:  # a header may name many mailboxes, and the server would be asked for each of them
        raise HocbaError(ErrorCode.MAIL_FAILED, detail="not one address")
    try:
        message = EmailMessage()
        message["From"] = settings().mail_from
        message["To"] = to
        message["Subject"] = letter.subject
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=settings().mail_from.rpartition("@")[2].rstrip(">") or None)
        message.set_content(letter.text)
        server.send_message(message, to_addrs=[to])
    except (OSError, smtplib.SMTPException, ValueError) as error:
        raise HocbaError(ErrorCode.MAIL_FAILED, detail=type(error).__name__) from error
