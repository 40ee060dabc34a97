"""``hocba school split``: a school of the installation that becomes two."""

from __future__ import annotations

from typing import Annotated

import typer

from hocba_app.school_commands import refusals_printed, school_app


@school_app.command("split")
def split_school(
    source: Annotated[str, typer.Argument(help="Mã trường bị tách, tiếp tục với phần còn lại.")],
    into: Annotated[str, typer.Argument(help="Mã trường mới (đã thêm, chưa có dữ liệu) nhận phần tách ra.")],
    classes: Annotated[str, typer.Option(help="Các lớp của năm học này chuyển đi, cách nhau bằng dấu phẩy.")],
    staff: Annotated[str, typer.Option(help="Mã cán bộ đi, ngoài người chỉ dạy các lớp chuyển đi.")] = "",
    stay: Annotated[str, typer.Option(help="Mã cán bộ ở lại.")] = "",
    date: Annotated[str, typer.Option(help="Ngày có hiệu lực, dạng 2026-08-13; mặc định là hôm nay.")] = "",
    decision: Annotated[str, typer.Option(help="Số quyết định.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Không hỏi lại.")] = False,
) -> None:
    """Tách một phần trường sang trường mới: lớp, học sinh, cán bộ, tài khoản ký số, hồ sơ; hồ sơ đã đóng dấu giữ nguyên."""
    from hocba_app.services.accounts import school_split, schools
    from hocba_app.startup import installation

    who_goes, who_stays = ([code.strip() for code in codes.split(",") if code.strip()] for codes in (staff, stay))
    names = classes.split(",")
    with refusals_printed():
        left, new = (schools.school_with_code(installation(), code) for code in (source, into))
        seen = school_split.plan(installation(), left.id, names, going=who_goes, staying=who_stays)
        typer.echo(
            f"Chuyển sang {new.name}: lớp {', '.join(seen.class_names)}; {seen.students} học sinh, {seen.documents} hồ sơ "
            f"({seen.unfinished} đang ký, cần hủy chốt, chốt lại); cán bộ {', '.join(seen.staff) or 'không có ai'}."
        )
        if seen.undecided:
            typer.echo(f"Dạy ở cả hai bên, cần nói rõ bằng --staff hoặc --stay: {', '.join(seen.undecided)}.")
            raise typer.Exit(1)
        if not yes and not typer.confirm("Tách? Không hoàn tác được; hãy sao lưu trước."):
            raise typer.Exit(1)
        school_split.split(
            installation(), schools.operator(new.id), left.id, names, going=who_goes, staying=who_stays,
            effective=date, decision=decision,
        )  # fmt: skip
    typer.echo(f"Đã tách {source}: phần nêu trên nay thuộc {into}.")
