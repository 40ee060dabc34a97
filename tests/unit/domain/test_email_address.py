from __future__ import annotations

import pytest

from hocba_app.domain.email_address import one_address


@pytest.mark.parametrize("text", ["co.hoa@thcs.edu.vn", " a+b@x-y.vn ", "O'Neil@school.example"])
def test_one_mailbox_stands(text: str) -> None:
    assert one_address(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "không có",
        "a@x.vn, b@evil.vn",
        "a@x.vn b@evil.vn",
        "a@x.vn;b@evil.vn",
        "Hoa <a@x.vn>",
        "a@x.vn\nBcc: b@evil.vn",
        "a@localhost",
        '"a@x.vn,b"@evil.vn',
        "á@x.vn",
    ],
)
def test_anything_else_is_no_address(text: str | None) -> None:
    assert one_address(text) is None
