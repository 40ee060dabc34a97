"""``hocba school …``: a real school, its connections and its leaders, from the server's console.

Every command imports what it needs itself: `hocba` starts in a quarter of the time.
"""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.domain.school_calendar import school_year_of, today

school_app = typer.Typer(help="Trường của hệ thống và thông tin kết nối của trường.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="In một tài liệu JSON.")]


@contextmanager
def refusals_printed() -> Iterator[None]:
    """A refusal is a sentence on standard error and exit code 1, not a traceback."""
    try:
        yield
    except HocbaError as error:
        typer.echo(error.sentence, err=True)
        raise typer.Exit(1) from error


@school_app.command("add")
def add_school(
    code: Annotated[str, typer.Argument(help="Mã trường, như trên CSDL ngành.")],
    name: Annotated[str, typer.Argument(help="Tên trường.")],
    admin_name: Annotated[str, typer.Option(help="Họ tên quản trị đầu tiên.")] = "Quản trị",
    year: Annotated[str, typer.Option(help="Năm học, dạng 2025-2026; mặc định là năm học hiện nay.")] = "",
    level: Annotated[
        str, typer.Option(help="primary, lower_secondary, upper_secondary; nhiều cấp nối bằng dấu +.")
    ] = "lower_secondary",
    commune: str = "",
    province: str = "",
    department: Annotated[str, typer.Option(help="Tên Sở Giáo dục và Đào tạo.")] = "",
    tax_code: Annotated[str, typer.Option(help="Mã số thuế, như trên chứng thư số của trường.")] = "",
    as_json: AsJson = False,
) -> None:
    """Thêm một trường và quản trị đầu tiên của trường."""
    from hocba_app.services.accounts import schools
    from hocba_app.startup import installation

    with refusals_printed():
        made = schools.add_school(
            installation(),
            code=code,
            name=name,
            admin_name=admin_name,
            current_year=year or school_year_of(today()),
            level=level,
            commune=commune,
            province=province,
            department=department,
            tax_code=tax_code,
        )
    if as_json:
        print_json({"school_id": made.school_id, "username": made.username, "code": made.code})
        return
    typer.echo(f"Đã thêm trường {code}.")
    typer.echo(f"Quản trị: {made.username}\nMã kích hoạt: {made.code} (dùng một lần, trong 14 ngày, ở trang /activate)")


@school_app.command("list")
def list_schools(as_json: AsJson = False) -> None:
    """Liệt kê các trường."""
    from hocba_app.services.accounts import schools
    from hocba_app.startup import installation

    with refusals_printed():
        found = schools.schools(installation())
    if as_json:
        print_json(
            [
                {
                    "school_id": school.id,
                    "code": school.code,
                    "name": school.name,
                    "current_year": school.current_year,
                    "smas": bool(school.smas_secret_encrypted),
                    "mysign": bool(school.mysign_secret_encrypted),
                }
                for school in found
            ]
        )
        return
    for school in found:
        smas, mysign = (
            ("có" if value else "chưa") for value in (school.smas_secret_encrypted, school.mysign_secret_encrypted)
        )
        typer.echo(f"{school.code}  {school.name}  năm học {school.current_year}  SMAS: {smas}  MySign: {mysign}")


@school_app.command("set-credentials")
def set_credentials(
    code: Annotated[str, typer.Argument(help="Mã trường.")],
    smas_client_id: Annotated[str | None, typer.Option(help="Mã kết nối CSDL ngành.")] = None,
    mysign_client_id: Annotated[str | None, typer.Option(help="Mã kết nối MySign.")] = None,
) -> None:
    """Lưu thông tin kết nối; bí mật được hỏi riêng (hoặc đọc từng dòng từ đầu vào chuẩn), không đi qua dòng lệnh."""
    from hocba_app.services.accounts import schools
    from hocba_app.startup import installation

    with refusals_printed():
        school = schools.school_with_code(installation(), code)
        if smas_client_id is None and mysign_client_id is None:
            typer.echo("Hãy cho biết --smas-client-id hoặc --mysign-client-id.", err=True)
            raise typer.Exit(2)
        schools.set_credentials(
            installation(),
            schools.operator(school.id),
            smas_client_id=smas_client_id,
            smas_secret=None if smas_client_id is None else _secret("SMAS"),
            mysign_client_id=mysign_client_id,
            mysign_secret=None if mysign_client_id is None else _secret("MySign"),
        )
    typer.echo(f"Đã lưu thông tin kết nối của trường {code}.")


@school_app.command("rotate-key")
def rotate_key() -> None:
    """Mã hóa lại thông tin kết nối của mọi trường bằng HOCBA_SECRET_KEY mới; khóa cũ đặt ở HOCBA_SECRET_KEY_BEFORE."""
    from hocba_app.services.accounts import schools
    from hocba_app.startup import installation

    with refusals_printed():
        done = schools.rotate_key(installation())
    typer.echo(
        f"Đã mã hóa lại thông tin kết nối của {done} trường. Bỏ HOCBA_SECRET_KEY_BEFORE rồi khởi động lại web và worker."
    )


@school_app.command("import")
def import_schools(
    file: Annotated[
        Path,
        typer.Argument(
            help="Tệp CSV (UTF-8), cột: code,name,level,commune,province,department,tax_code,admin_name,current_year."
        ),
    ],
    codes: Annotated[Path, typer.Option(help="Tệp CSV mới để ghi mã kích hoạt của quản trị từng trường.")],
    check: Annotated[bool, typer.Option("--check", help="Chỉ kiểm tệp, không thêm trường.")] = False,
) -> None:
    """Thêm nhiều trường từ một tệp; trường đã có thì bỏ qua, nên chạy lại được."""
    from hocba_app.services.accounts import school_import
    from hocba_app.startup import installation

    with refusals_printed():
        rows = school_import.read_rows(file)
        new = school_import.new_ones(installation(), rows)
        typer.echo(f"{len(rows)} trường trong tệp, {len(rows) - len(new)} trường đã có.")
        if not check and new:
            made = sum(1 for _ in school_import.add_all(installation(), new, codes))
            typer.echo(f"Đã thêm {made} trường. Mã kích hoạt (dùng một lần, 14 ngày): {codes}")


@school_app.command("proposals")
def leadership_proposals(code: Annotated[str, typer.Argument(help="Mã trường.")], as_json: AsJson = False) -> None:
    """Thay đổi chức vụ trong Ban giám hiệu và tài khoản đang chờ xác nhận."""
    from hocba_app.services.accounts import credentials, leadership, schools
    from hocba_app.startup import installation

    with refusals_printed():
        operator = schools.operator(schools.school_with_code(installation(), code).id)
        waiting = [view for view in leadership.proposals(installation(), operator, answered=0) if view.state == "open"]
        accounts = credentials.unconfirmed(installation(), operator)
    if as_json:
        print_json(
            {
                "proposals": [
                    {
                        "staff_code": view.staff_code,
                        "name": view.name,
                        "before": view.before,
                        "proposed": view.proposed,
                        "obstacle": view.obstacle,
                    }
                    for view in waiting
                ],
                "accounts": [
                    {"username": account.username, "full_name": account.full_name, "given_by": account.given_by}
                    for account in accounts
                ],
            }
        )
        return
    for view in waiting:
        typer.echo(
            f"{view.staff_code}  {view.name}: {view.before} → {view.proposed}"
            + (f"  ({view.obstacle})" if view.obstacle else "")
        )
    for account in accounts:
        typer.echo(
            f"{account.username}  {account.full_name}: mã kích hoạt do {account.given_by or 'không rõ'} cấp, chờ xác nhận"
        )
    if not waiting and not accounts:
        typer.echo("Không có gì chờ xác nhận.")


@school_app.command("confirm-leadership")
def confirm_leadership(
    code: Annotated[str, typer.Argument(help="Mã trường.")],
    staff: Annotated[list[str] | None, typer.Argument(help="Mã cán bộ; để trống thì xác nhận tất cả.")] = None,
) -> None:
    """Xác nhận chức vụ trong Ban giám hiệu khi trường chưa có Hiệu trưởng hoặc Hiệu trưởng không còn làm việc."""
    from hocba_app.services.accounts import leadership, schools
    from hocba_app.startup import installation

    with refusals_printed():
        operator = schools.operator(schools.school_with_code(installation(), code).id)
        refused = list[str]()
        if not staff:
            refused = leadership.confirm_all(installation(), operator)
        for staff_code in staff or []:
            waiting = {
                view.staff_code: view.id
                for view in leadership.proposals(installation(), operator, answered=0)
                if view.state == "open"
            }
            if staff_code not in waiting:
                raise HocbaError(ErrorCode.NOT_FOUND, what=f"đề nghị về cán bộ {staff_code}")
            leadership.confirm(installation(), operator, waiting[staff_code])
    for sentence in refused:
        typer.echo(sentence, err=True)
    typer.echo(f"Đã xác nhận chức vụ trong Ban giám hiệu của trường {code}." if not refused else "Chưa xác nhận hết.")
    if refused:
        raise typer.Exit(1)


@school_app.command("change")
def change_school(
    code: Annotated[str, typer.Argument(help="Mã trường hiện nay.")],
    new_code: Annotated[str, typer.Option(help="Mã trường mới.")] = "",
    name: Annotated[str, typer.Option(help="Tên mới.")] = "",
    tax_code: Annotated[str, typer.Option(help="Mã số thuế mới.")] = "",
    level: Annotated[str, typer.Option(help="Cấp học mới; nhiều cấp nối bằng dấu +.")] = "",
    commune: str = "",
    province: str = "",
    date: Annotated[str, typer.Option(help="Ngày có hiệu lực, dạng 2026-08-13; mặc định là hôm nay.")] = "",
    decision: Annotated[str, typer.Option(help="Số quyết định.")] = "",
) -> None:
    """Đổi tên, mã, mã số thuế, cấp học của một trường từ một ngày; không nêu gì thì xác nhận đề nghị đang chờ."""
    from hocba_app.services.accounts import school_identity, schools
    from hocba_app.startup import installation

    given = {
        "code": new_code,
        "name": name,
        "tax_code": tax_code,
        "level": level,
        "commune": commune,
        "province": province,
    }
    facts = {key: value for key, value in given.items() if value}
    with refusals_printed():
        operator = schools.operator(schools.school_with_code(installation(), code).id)
        if facts:
            school_identity.change_by_operator(installation(), operator, facts, effective=date, decision=decision)
        else:
            waiting = [view for view in school_identity.changes(installation(), operator) if view.state == "open"]
            if not waiting:
                raise HocbaError(ErrorCode.NOTHING_TO_DO)
            school_identity.confirm(installation(), operator, waiting[0].id, effective=date, decision=decision)
    typer.echo(f"Đã đổi thông tin của trường {code}.")


@school_app.command("merge")
def merge_schools(
    source: Annotated[str, typer.Argument(help="Mã trường gộp vào trường kia và thôi hoạt động.")],
    into: Annotated[str, typer.Argument(help="Mã trường tiếp tục.")],
    date: Annotated[str, typer.Option(help="Ngày có hiệu lực, dạng 2026-08-13; mặc định là hôm nay.")] = "",
    decision: Annotated[str, typer.Option(help="Số quyết định.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại.")] = False,
) -> None:
    """Gộp một trường vào trường khác: học sinh, cán bộ, tài khoản ký số và hồ sơ chuyển sang; hồ sơ đã đóng dấu giữ nguyên."""
    from hocba_app.services.accounts import school_merger, schools
    from hocba_app.startup import installation

    with refusals_printed():
        ending, staying = (schools.school_with_code(installation(), code) for code in (source, into))
        if not yes and not typer.confirm(
            f"Gộp {ending.name} vào {staying.name}? Không hoàn tác được; hãy sao lưu trước."
        ):
            raise typer.Exit(1)
        merged = school_merger.merge(
            installation(), schools.operator(staying.id), ending.id, effective=date, decision=decision
        )
    typer.echo(
        f"Đã gộp {source} vào {into}: {merged.students} học sinh, {merged.staff} cán bộ, {merged.documents} hồ sơ, "
        f"trong đó {merged.unfinished} hồ sơ đang ký cần hủy chốt, chốt lại."
    )


@school_app.command("head")
def head_office(
    code: Annotated[str, typer.Argument(help="Mã trường.")],
    office: Annotated[str, typer.Argument(help="principal (Hiệu trưởng) hoặc director (Giám đốc)")],
) -> None:
    """Người đứng đầu là Hiệu trưởng hay Giám đốc: dùng cho hồ sơ chốt từ nay."""
    from hocba_app.services.accounts import school_identity, schools
    from hocba_app.startup import installation

    with refusals_printed():
        operator = schools.operator(schools.school_with_code(installation(), code).id)
        school_identity.set_head_office(installation(), operator, office)
    typer.echo(f"Đã lưu chức danh người đứng đầu của trường {code}.")


@school_app.command("issuers")
def list_issuers() -> None:
    """Danh sách trường phát hành (issuers.json) kèm tên, mã, mã số thuế trước đây và thời gian dùng."""
    from hocba_app.services.accounts import school_identity
    from hocba_app.startup import installation

    with refusals_printed():
        found = school_identity.issuers(installation())
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1))


def _secret(of: str) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"Bí mật kết nối {of}: ")
    return sys.stdin.readline().rstrip("\r\n")


def print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
