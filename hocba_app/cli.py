"""The ``hocba`` command. Each sub-command calls one service; nothing is decided here."""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy.exc import InterfaceError, OperationalError
from typer.core import TyperCommand

from hocba_app import (
    logs,
    school_split_command,  # noqa: F401 - adds its commands
)
from hocba_app.backup_commands import register as register_backup
from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.school_commands import school_app
from hocba_app.user_commands import user_app

app = typer.Typer(help="Học bạ điện tử", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
database_app = typer.Typer(help="Cơ sở dữ liệu", no_args_is_help=True)
app.add_typer(school_app, name="school")
app.add_typer(user_app, name="user")
documents_app = typer.Typer(help="Kho hồ sơ", no_args_is_help=True)
app.add_typer(database_app, name="db")
app.add_typer(documents_app, name="documents")
register_backup(app)
UNUSABLE = 3
"""Exit code of ``verify`` when nothing could be judged: a file is missing, an option wrong, the program itself at fault. Never 1,
which says that a file is invalid, nor 2, which says that it was judged and remains undecided."""
_LEVELS = "primary, lower_secondary, upper_secondary; trường nhiều cấp: th-thcs, thcs-thpt, th-thcs-thpt"
_JSON = Annotated[bool, typer.Option("--json", help="Chỉ in một tài liệu JSON ra đầu ra chuẩn")]


class _Verify(TyperCommand):
    """Typer's own exit code for a wrong call is 2, which has a meaning here."""

    def make_context(self, *given: Any, **options: Any) -> Any:
        try:
            return super().make_context(*given, **options)
        except Exception as error:
            if hasattr(error, "exit_code"):  # a wrong call, of the click that typer brings along
                error.exit_code = UNUSABLE
            raise


@app.callback()
def begin() -> None:
    """Học bạ điện tử"""
    from hocba_app.settings import settings

    settings()  # refuses what it does not understand, whatever the command


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def test(context: typer.Context) -> None:
    """Chạy toàn bộ kiểm thử (đối số còn lại chuyển cho pytest)."""
    from hocba_app import testing

    raise typer.Exit(testing.run(context.args))


@app.command()
def lock(upgrade: Annotated[bool, typer.Option("--upgrade", help="Lên các bản mới nhất")] = False) -> None:
    """Ghi lại các tệp khóa phiên bản thư viện theo pyproject.toml (dành cho người phát triển)."""
    from hocba_app.dependency_locks import renew

    renew(upgrade=upgrade)


@database_app.command("upgrade")
def db_upgrade() -> None:
    """Đưa cơ sở dữ liệu lên lược đồ mới nhất."""
    from hocba_app.models.migrate import upgrade
    from hocba_app.settings import settings

    upgrade(settings().database_url)


@documents_app.command("move")
def documents_move(
    target: Annotated[str, typer.Argument(help="Kho mới: đường dẫn thư mục, file:///… hoặc s3://kho/tiền-tố")],
) -> None:
    """Chuyển mọi hồ sơ từ kho hiện tại (HOCBA_DOCUMENTS_URL) sang kho khác, kiểm từng tệp; bị ngắt thì chạy lại cùng lệnh."""
    from hocba_app.services.storage.identity import StoreGuard
    from hocba_app.services.storage.move import move
    from hocba_app.services.storage.store import configured, open_store
    from hocba_app.startup import installation

    db, source = installation(), configured()
    if not StoreGuard(source, db).is_moving():
        StoreGuard(source, db).claim()
    moved = move(db, source, open_store(target), lambda so_far: print(f"{so_far.files} tệp …", file=sys.stderr))
    print(
        f"Đã chuyển {moved.files} tệp ({moved.carried} tệp lần này). Đặt HOCBA_DOCUMENTS_URL={target} rồi khởi động lại."
    )


@app.command()
def worker() -> None:
    """Chạy tiến trình xử lý công việc nền."""
    from hocba_app.startup import ready_to_serve, serving
    from hocba_app.worker_process import work

    ready_to_serve()
    work(serving())


@app.command()
def run() -> None:
    """Chạy web (giao diện và máy chủ) trên HOCBA_PORT; không bao giờ chạy mô phỏng."""
    from hocba_app.models.migrate import upgrade
    from hocba_app.processes import require_free_port
    from hocba_app.settings import settings
    from hocba_app.startup import ready_to_serve
    from hocba_app.web_process import serve

    ready_to_serve()
    require_free_port(settings().port)
    upgrade(settings().database_url)
    serve(settings().port)


@app.command()
def build() -> None:
    """Dựng giao diện trước, để máy chủ không cần mạng khi chạy lần đầu (cài đặt ngoại tuyến, ảnh container)."""
    from hocba_app.web_process import ensure_built

    ensure_built()
    print("Giao diện đã sẵn sàng.")


@app.command()
def simulators(
    data: Annotated[Path, typer.Option(help="Nơi giữ dữ liệu mô phỏng")] = Path("var/simulators"),
    school: Annotated[
        list[str] | None, typer.Option(help="Trường được sinh ra, ví dụ lower_secondary:students=135,seed=1")
    ] = None,
    trust_port: int = 9001,
    mysign_port: int = 9002,
    smas_port: int = 9003,
) -> None:
    """Chạy mô phỏng SMAS, MySign, chứng thực và dấu thời gian, mỗi thứ một tiến trình."""
    from hocba_app.rehearsal.simulator_processes import Ports
    from hocba_app.simulators_command import run_simulators

    run_simulators(data, school or ["lower_secondary:students=135,seed=1"], Ports(trust_port, mysign_port, smas_port))


@app.command()
def demo(
    port: Annotated[int, typer.Option(help="Cổng web")] = 3000,
    data: Annotated[
        Path | None, typer.Option(help="Nơi giữ dữ liệu; mặc định var/demo, với --fresh là var/fresh")
    ] = None,
    level: Annotated[str, typer.Option(help=_LEVELS)] = "lower_secondary",
    students: Annotated[int, typer.Option(min=1, max=3000)] = 135,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Ngày đầu của một trường: chưa đồng bộ, chưa ai kết nối")
    ] = False,
) -> None:
    """Chạy thử trọn bộ trên một trường được sinh ra, với mọi dịch vụ bên ngoài được mô phỏng."""
    from hocba_app.demo import run_demo
    from hocba_app.rehearsal.plan import level_named

    run_demo(data or Path("var/fresh" if fresh else "var/demo"), port, level_named(level), students, fresh=fresh)


@app.command()
def dev(
    port: Annotated[int, typer.Option(help="Cổng web")] = 3000,
    data: Annotated[Path, typer.Option(help="Nơi giữ dữ liệu")] = Path("var/dev"),
    level: Annotated[str, typer.Option(help=_LEVELS)] = "lower_secondary",
    students: Annotated[int, typer.Option(min=1, max=3000)] = 45,
) -> None:
    """Như demo, cho người phát triển: trang và máy chủ chạy lại mỗi khi một tệp nguồn được lưu."""
    from hocba_app.demo import run_demo
    from hocba_app.rehearsal.plan import level_named

    run_demo(data, port, level_named(level), students, reload=True)


@app.command()
def rehearse(
    out: Annotated[Path, typer.Option(help="Thư mục kết quả (trống)")],
    level: Annotated[str, typer.Option(help=_LEVELS)] = "lower_secondary",
    students: Annotated[int, typer.Option(min=1, max=5000, help="Số học sinh cuối năm")] = 45,
    seed: Annotated[int, typer.Option(min=0, max=99999)] = 1,
    regime: Annotated[
        str, typer.Option(help="tt22, tt26 (năm học cũ), tt27 hoặc tt43 (trung tâm GDTX); để trống thì theo năm học")
    ] = "",
    year: Annotated[str, typer.Option(help="Năm học, như 2025-2026; để trống thì theo --regime")] = "",
    special: Annotated[
        bool, typer.Option("--special", help="Có mọi trường hợp đặc biệt: chuyển đến, chuyển đi, đánh giá lại…")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="pyHanko kiểm mọi tệp, không chỉ một phần")] = False,
    years: Annotated[int, typer.Option(min=1, max=12, help="Số năm học liên tiếp, kể từ --year")] = 1,
    reorganised: Annotated[
        bool, typer.Option("--reorganised", help="Năm thứ hai trường đổi tên, mã, mã số thuế và chứng thư con dấu")
    ] = False,
    merged: Annotated[
        bool, typer.Option("--merged", help="Mỗi cấp là một trường trong năm đầu, sau đó gộp làm một")
    ] = False,
    database: Annotated[
        str, typer.Option(help="Cơ sở dữ liệu (trống) để diễn tập; mặc định là SQLite trong --out")
    ] = "",
    schools: Annotated[int, typer.Option(min=1, max=50, help="Số trường như vậy, diễn tập cùng lúc")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=16, help="Số tiến trình worker")] = 2,
    parted: Annotated[bool, typer.Option("--split", help="Sau năm đầu, cấp cao nhất tách thành trường riêng")] = False,
    as_json: _JSON = False,
) -> None:
    """Diễn tập trọn một năm học của một trường, không cần màn hình; mã thoát 0 khi mọi hồ sơ đã đóng dấu và hợp lệ."""
    from hocba_app.rehearsal.command import printed
    from hocba_app.rehearsal.command import rehearse as play
    from hocba_app.rehearsal.plan import CENTRE, Plan, level_named, year_played

    level = level_named(level)
    plan = Plan(
        level,
        students,
        seed,
        out,
        year_played(level, regime, year),
        full,
        special,
        years,
        reorganised,
        merged,
        database,
        schools,
        workers,
        parted,
        regime.upper() == CENTRE,
    )
    plan.require_possible()
    report = play(plan)
    print(printed(report, as_json=as_json))
    raise typer.Exit(1 if report["failures"] else 0)


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="Tên phép đo; để trống thì đo tất cả")] = "", as_json: _JSON = False
) -> None:
    """Đo tốc độ (không thuộc bộ kiểm thử)."""
    from hocba_app import bench_commands

    if name and name not in bench_commands.names():
        print(f"Không có phép đo {name}. Các phép đo: {', '.join(bench_commands.names())}.", file=sys.stderr)
        raise typer.Exit(2)
    found = {}
    for each in [name] if name else bench_commands.names():
        found[each], said = bench_commands.run(each, as_json=as_json)
        if not as_json:
            print(f"{each}\n{said or json.dumps(found[each], ensure_ascii=False, indent=1)}")
    if as_json:
        print(json.dumps(found[name] if name else found, ensure_ascii=False))


@app.command()
def doctor(
    as_json: _JSON = False,
    whole: Annotated[bool, typer.Option("--all", help="Kiểm mọi trường một lần, thay vì mỗi lần vài trường")] = False,
) -> None:
    """Kiểm tra cấu hình, cơ sở dữ liệu, dịch vụ, đồng hồ, nhật ký; nói rõ cần làm gì."""
    from dataclasses import asdict

    from hocba_app.models import database
    from hocba_app.services.maintenance.doctor import examine
    from hocba_app.settings import settings

    checks = list(examine(settings(), database(), whole=whole))
    if as_json:
        print(json.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        for check in checks:
            mark = "✗" if not check.ok else "!" if check.problem else "✓"
            print(f"{mark} {check.name}" + (f": {check.problem} {check.remedy}".rstrip() if check.problem else ""))
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@app.command(cls=_Verify)
def verify(
    files: list[Path],
    trust: Annotated[Path | None, typer.Option(help="Chứng thư gốc tin cậy (PEM)")] = None,
    online: Annotated[
        bool,
        typer.Option(
            "--online",
            help="Hỏi nhà cung cấp về chứng thư số mà tệp chưa kèm bằng chứng (chỉ gửi số sê-ri chứng thư số)",
        ),
    ] = False,
    as_json: _JSON = False,
) -> None:
    """Kiểm tra chữ ký và con dấu của tệp học bạ. Mã thoát: 0 hợp lệ, 1 không hợp lệ, 2 chưa kết luận, 3 không kiểm tra được."""
    from hocba_app.services.verification.cli import report_lines, verify_paths

    reports = verify_paths(files, trust, online=online)
    if as_json:
        print(json.dumps([report.as_json() for report in reports], ensure_ascii=False))
    else:
        print("\n".join(report_lines(reports)))
    verdicts = {report.verdict for report in reports}
    raise typer.Exit(1 if "invalid" in verdicts else 2 if "indeterminate" in verdicts else 0)


@app.command("signature-image")
def signature_image(
    file: Path,
    out: Annotated[Path, typer.Option(help="Ảnh PNG sau xử lý")],
    strength: Annotated[str, typer.Option(help="light (nét mờ), normal, strong (bỏ vết bẩn, dòng kẻ)")] = "normal",
    seal: Annotated[bool, typer.Option("--seal", help="Là ảnh con dấu")] = False,
    as_json: _JSON = False,
) -> None:
    """Xử lý một ảnh chụp chữ ký hoặc con dấu như khi tải lên; mã thoát 0 khi được, 1 khi ảnh bị từ chối, 2 khi tệp không đọc được."""
    from hocba_app.ink.command import clean_file

    outcome = clean_file(file, out, strength=strength, seal=seal)
    print(json.dumps(outcome.as_json(), ensure_ascii=False) if as_json else outcome.line())
    raise typer.Exit(outcome.exit_code)


@app.command()
def workbook(file: Path, as_json: _JSON = False) -> None:
    """Cho biết đọc được gì từ một tệp Excel, không cần cơ sở dữ liệu; mã thoát 0 khi hiểu hết, 1 khi có ô bị từ chối, 2 khi tệp không đọc được."""
    from hocba_app.services.workbooks.workbook_command import understand

    try:
        found = understand(file)
    except OSError as error:
        print(f"Không đọc được tệp ({type(error).__name__}); hãy kiểm tra đường dẫn.", file=sys.stderr)
        raise typer.Exit(2) from None
    print(json.dumps(found.as_json(), ensure_ascii=False) if as_json else "\n".join(found.lines()))
    raise typer.Exit(found.exit_code)


def main() -> None:
    """Run; a refusal is a sentence and an exit code, never a traceback."""
    logs.configure()
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in ("test", "lock"):  # these two write into the source tree
        os.umask(0o077)
    refused = UNUSABLE if name == "verify" else 1
    try:
        app()
    except (HocbaError, StoreUnavailable) as error:
        print(error.sentence, file=sys.stderr)
        sys.exit(refused)
    except (OperationalError, InterfaceError) as error:
        print(HocbaError(ErrorCode.DATABASE_UNREACHABLE, detail=type(error.orig).__name__).sentence, file=sys.stderr)
        sys.exit(refused)
    except Exception:
        if refused == 1:
            raise
        traceback.print_exc()  # Python's own exit code is 1, which would call the file invalid
        sys.exit(refused)


if __name__ == "__main__":
    main()
