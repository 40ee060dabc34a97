"""The words of every letter this product sends."""

from __future__ import annotations

from collections.abc import Sequence

from hocba_app.domain.head_words import spoken
from hocba_app.domain.school_calendar import local_text
from hocba_app.models import Account, Staff
from hocba_app.models.base import utc_now
from hocba_app.services.notify.mail import Letter
from hocba_app.settings import settings


def activation(account: Account, code: str, school_name: str) -> Letter:
    """A new account's one-time code."""
    return Letter(
        to=account.email or "",
        subject="Kích hoạt tài khoản Học bạ điện tử",
        text=(
            f"Kính gửi thầy cô {account.full_name},\n\n"
            f"{school_name} đã lập tài khoản Học bạ điện tử cho thầy cô.\n\n"
            f"Tên đăng nhập: {account.username}\nMã kích hoạt: {code}\n\n"
            f"Thầy cô mở {_page('activate')}, nhập tên đăng nhập và mã ở trên rồi tự đặt mật "
            f"khẩu. Mã dùng một lần, có hiệu lực đến {local_text(account.code_expires_at or utc_now())}. Xin không chuyển thư này cho người khác.\n"
        ),
    )


def new_code(account: Account, school_name: str, giver: str, code: str) -> Letter:
    """Somebody gave an account a new code: its owner hears of it.

    Args:
        code: with which he confirms that he asked for it; "" where the leadership confirms it.
    """
    confirm = (
        f"Nếu chính thầy cô đề nghị: sau khi đăng nhập, mở {_page('me')} và nhập mã xác nhận {code}. "
        "Trước khi xác nhận, tài khoản chưa ký và chưa duyệt được.\n\n"
        if code
        else f"Nếu chính thầy cô đề nghị: hãy nhờ một người trong {spoken().leaders} xác nhận; trước đó tài khoản chưa ký và chưa duyệt được.\n\n"
    )
    return Letter(
        to=account.email or "",
        subject="Tài khoản Học bạ điện tử vừa được cấp mã kích hoạt mới",
        text=(
            f"Kính gửi thầy cô {account.full_name},\n\n"
            f"{giver} ({school_name}) vừa cấp mã kích hoạt mới cho tài khoản {account.username}. Mật khẩu cũ không còn dùng được.\n\n"
            f"{confirm}Nếu thầy cô không đề nghị, hãy báo ngay {spoken().head}.\n"
        ),
    )


def reminder(person: Staff, address: str, by: Account, waits: Sequence[tuple[str, int]]) -> Letter:
    """Records wait for a signature.

    Args:
        waits: name of each class and how many records of it.
    """
    said = "; ".join(f"lớp {name} còn {records} hồ sơ" for name, records in waits)
    return Letter(
        to=address,
        subject=f"Học bạ lớp {waits[0][0]} chờ thầy cô ký" if len(waits) == 1 else "Học bạ chờ thầy cô ký",
        text=(
            f"Kính gửi thầy cô {person.full_name},\n\n"
            f"{by.full_name or by.username} nhắc: {said} chờ thầy cô ký.\n\n"
            f"Thầy cô mở {_page('sign')} để ký.\n"
        ),
    )


def _page(path: str) -> str:
    return f"{settings().public_url.rstrip('/')}/{path}"
