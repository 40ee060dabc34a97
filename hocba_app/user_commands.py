"""``hocba user …``: the accounts of a school, from the server's console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from hocba_app.school_commands import AsJson, print_json, refusals_printed

if TYPE_CHECKING:
    from hocba_app.models import Account

user_app = typer.Typer(help="Tài khoản của một trường.", no_args_is_help=True)


@user_app.command("confirm")
def confirm_credentials(username: str) -> None:
    """Xác nhận chủ tài khoản đang giữ mật khẩu, khi trường không có người thứ hai trong Ban giám hiệu."""
    from hocba_app.services.accounts import credentials, schools
    from hocba_app.startup import installation

    with refusals_printed():
        account = _account(username)
        credentials.confirm(installation(), schools.operator(account.school_id), account.id)
    typer.echo(f"Đã xác nhận {account.username}")


@user_app.command("list")
def list_users(
    school: Annotated[str, typer.Argument(help="Mã trường.")],
    search: Annotated[str, typer.Option(help="Một phần tên hoặc tên đăng nhập.")] = "",
    as_json: AsJson = False,
) -> None:
    """Liệt kê tài khoản của một trường."""
    from hocba_app.services.accounts import administration, schools
    from hocba_app.startup import installation

    with refusals_printed():
        operator = schools.operator(schools.school_with_code(installation(), school).id)
        found, page = [], 1
        while rows := administration.accounts_page(
            installation(), operator, search, page, administration.MAX_PAGE
        ).rows:
            found += rows
            page += 1
    if as_json:
        print_json(
            [
                {"username": row.username, "full_name": row.full_name, "state": row.state, "roles": list(row.roles)}
                for row in found
            ]
        )
        return
    for row in found:
        typer.echo(f"{row.username}  {row.full_name}  {row.state}  {', '.join(row.roles)}")


@user_app.command("code")
def new_code(username: str, as_json: AsJson = False) -> None:
    """Cấp mã kích hoạt mới; mật khẩu và phiên đăng nhập cũ hết hiệu lực ngay."""
    from hocba_app.services.accounts import activation, schools
    from hocba_app.startup import installation

    with refusals_printed():
        account = _account(username)
        [(name, _, code)] = activation.issue_codes(installation(), schools.operator(account.school_id), [account.id])
    if as_json:
        print_json({"username": name, "code": code})
        return
    typer.echo(f"{name}: {code} (dùng một lần, trong 14 ngày, ở trang /activate)")


@user_app.command("grant")
def grant(
    username: str,
    role: Annotated[str, typer.Argument(help="admin hoặc management.")],
    take_back: Annotated[bool, typer.Option("--revoke", help="Thu hồi thay vì cấp.")] = False,
) -> None:
    """Cấp hoặc thu hồi vai trò quản trị, CBQL."""
    from hocba_app.services.accounts import administration, schools
    from hocba_app.startup import installation

    with refusals_printed():
        account = _account(username)
        change = administration.revoke if take_back else administration.grant
        change(installation(), schools.operator(account.school_id), account.id, role)
    typer.echo(f"{'Đã thu hồi' if take_back else 'Đã cấp'} {role}: {account.username}")


@user_app.command("disable")
def disable(username: str) -> None:
    """Khóa một tài khoản; các phiên đăng nhập kết thúc ngay."""
    from hocba_app.services.accounts import administration, schools
    from hocba_app.startup import installation

    with refusals_printed():
        account = _account(username)
        administration.disable(installation(), schools.operator(account.school_id), account.id)
    typer.echo(f"Đã khóa {account.username}")


@user_app.command("enable")
def enable(username: str) -> None:
    """Mở khóa một tài khoản."""
    from hocba_app.services.accounts import administration, schools
    from hocba_app.startup import installation

    with refusals_printed():
        account = _account(username)
        administration.enable(installation(), schools.operator(account.school_id), account.id)
    typer.echo(f"Đã mở khóa {account.username}")


def _account(username: str) -> Account:
    from hocba_app.services.accounts import schools
    from hocba_app.startup import installation

    return schools.account_with_name(installation(), username)
