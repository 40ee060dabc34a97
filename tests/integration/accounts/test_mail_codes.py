"""Codes by mail over real SMTP to a small server of our own."""

from __future__ import annotations

import email
import email.policy
import socketserver
import threading
from collections.abc import Callable, Iterator

import pytest
from sqlmodel import select

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.models import Account, Database
from hocba_app.services.accounts.activation import activate, mail_codes, mail_offered
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.accounts.sessions import login
from hocba_app.services.notify import mail
from hocba_app.settings import Settings
from tests.integration.accounts.conftest import PASSWORD

ADDRESS = "198.51.100.7"


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.letters: list[email.message.EmailMessage] = []


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 test")
        while line := self.rfile.readline().decode():
            verb = line[:4].upper()
            if verb == "EHLO":
                self.say("250-test\r\n250 8BITMIME")
            elif verb == "RCPT" and "refused@" in line:
                self.say("550 no such mailbox")
            elif verb == "DATA":
                self.say("354 go on")
                lines = []
                while (data := self.rfile.readline()) != b".\r\n":
                    lines.append(data.removeprefix(b"."))
                self.server.letters.append(email.message_from_bytes(b"".join(lines), policy=email.policy.default))  # type: ignore[arg-type]
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def configure(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(
        mail, "settings", lambda: Settings(smtp_url=url, mail_from="Học bạ <hocba@school.example>", _env_file=None)
    )


@pytest.fixture
def admin(make_account: Callable[..., Account], who: Callable[[Account], Identity]) -> Identity:
    return who(make_account("admin", roles=("admin",), position=None))


def test_each_code_goes_to_its_own_person_and_the_rest_is_to_be_printed(
    db: Database,
    server: MailServer,
    admin: Identity,
    make_account: Callable[..., Account],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(monkeypatch, f"smtp://127.0.0.1:{server.server_address[1]}")
    assert mail_offered()
    people = [
        make_account("gv1", password=None, email="lan@school.example"),
        make_account("gv2", password=None),
        make_account("gv3", password=None, email="refused@school.example"),
        make_account("gv4", password=None, email="x@school.example\nBcc: thief@evil.example"),
        make_account("gv5", password=None, email="an@school.example"),
    ]
    report = mail_codes(db, admin, [account.id for account in people])
    assert report.sent == ["gv1", "gv5"]
    assert [row[0] for row in report.print_these] == ["gv2", "gv3", "gv4"]
    assert [letter["To"] for letter in server.letters] == ["lan@school.example", "an@school.example"]
    letter = server.letters[0]
    text = letter.get_content()
    assert "Tên đăng nhập: gv1" in text and "Kích hoạt" in letter["Subject"]
    [code] = [
        line.removeprefix("Mã kích hoạt: ").strip() for line in text.splitlines() if line.startswith("Mã kích hoạt")
    ]
    assert code not in "".join(line for line in text.splitlines() if "http" in line)  # no code in an address
    activate(db, "gv1", code, PASSWORD, address=ADDRESS)
    name, _, printed = report.print_these[0]
    activate(db, name, printed, PASSWORD, address=ADDRESS)


@pytest.mark.parametrize("url", ["", "smtp://127.0.0.1:1", "gopher://127.0.0.1:25", "smtp://"])
def test_without_a_mail_server_nothing_changes(
    db: Database,
    school_id: str,
    admin: Identity,
    make_account: Callable[..., Account],
    monkeypatch: pytest.MonkeyPatch,
    url: str,
) -> None:
    configure(monkeypatch, url)
    account = make_account("gv1", email="lan@school.example")
    with pytest.raises(HocbaError) as caught:
        mail_codes(db, admin, [account.id])
    assert caught.value.code is ErrorCode.MAIL_FAILED
    assert "in phiếu" in caught.value.sentence
    with db.read(school_id) as session:
        assert session.exec(select(Account.code_hash).where(Account.id == account.id)).one() is None
    login(db, "gv1", PASSWORD, address=ADDRESS)


def test_a_server_elsewhere_without_encryption_gets_no_letter(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, f"smtp://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setattr(mail, "_LOOPBACK", set())
    with pytest.raises(HocbaError) as caught, mail.post_office():
        pass
    assert caught.value.code is ErrorCode.MAIL_FAILED


def test_only_admins_mail(
    db: Database, make_account: Callable[..., Account], who: Callable[[Account], Identity]
) -> None:
    teacher = make_account("gv1", roles=("management",))
    with pytest.raises(HocbaError) as caught:
        mail_codes(db, who(teacher), [teacher.id])
    assert caught.value.code is ErrorCode.FORBIDDEN


@pytest.mark.parametrize(
    "address",
    [
        "a@school.example, b@evil.example",
        "a@school.example\nBcc: b@evil.example",
        "Thầy A <a@school.example>",
        "a@b@evil.example",
    ],
)
def test_a_code_goes_to_one_mailbox_or_to_nobody(
    address: str, monkeypatch: pytest.MonkeyPatch, server: MailServer
) -> None:
    configure(monkeypatch, f"smtp://127.0.0.1:{server.server_address[1]}")
    with mail.post_office() as post, pytest.raises(HocbaError) as refused:
        post(mail.Letter(address, "Mã", "K7QM-2RTX-9BHD"))
    assert refused.value.code is ErrorCode.MAIL_FAILED and server.letters == []
