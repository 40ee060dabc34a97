"""``hocba backup``, ``hocba restore`` and ``hocba backup-key``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from hocba_app.domain.errors import ErrorCode, HocbaError

_Identity = Annotated[Path | None, typer.Option(help="Tệp khóa (hocba backup-key) của bản sao lưu đã mã hóa")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup)
    app.command("backup-key")(backup_key)
    app.command("restore")(restore)


def backup(
    target: Annotated[str, typer.Argument(help="Tệp .tar; với --incremental: thư mục hoặc s3://kho/tiền-tố")],
    incremental: Annotated[
        bool, typer.Option("--incremental", help="Thêm vào một nơi giữ nhiều bản: chỉ chép hồ sơ mới")
    ] = False,
) -> None:
    """Sao lưu cơ sở dữ liệu và mọi hồ sơ; mã hóa khi có HOCBA_BACKUP_RECIPIENT."""
    from hocba_app.services.backup import archive_file
    from hocba_app.services.backup import incremental as increments
    from hocba_app.services.backup.encryption import recipients_of
    from hocba_app.services.storage.store import configured, open_store
    from hocba_app.settings import settings

    url, recipients = settings().database_url, recipients_of(settings().backup_recipient)
    _require_whole(url)
    if incremental:
        saved = increments.backup_into(url, configured(), open_store(target), recipients)
        print(f"Đã sao lưu {saved.documents} tệp hồ sơ ({saved.new} tệp mới) vào {target}, {saved.snapshot}.")
    else:
        count = archive_file.backup(url, configured(), Path(target), recipients)
        print(f"Đã sao lưu {count} tệp hồ sơ vào {target}.")
    if not recipients:
        print("Bản sao lưu chưa mã hóa; đặt HOCBA_BACKUP_RECIPIENT để mã hóa.", file=sys.stderr)


def backup_key(file: Path) -> None:
    """Tạo khóa mở bản sao lưu. Giữ tệp ở nơi khác, không ở máy chủ; khóa công khai in ra là HOCBA_BACKUP_RECIPIENT."""
    from hocba_app.services.backup.encryption import new_key

    print(new_key(file))


def restore(
    source: Annotated[str, typer.Argument(help="Tệp sao lưu, hoặc nơi giữ nhiều bản (thư mục, s3://kho/tiền-tố)")],
    identity: _Identity = None,
    snapshot: Annotated[str, typer.Option(help="Bản nào trong nơi giữ nhiều bản; để trống là bản mới nhất")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Chỉ kiểm bản sao lưu có phục hồi được không, không đụng đến hệ thống")
    ] = False,
) -> None:
    """Phục hồi từ bản sao lưu vào một nơi trống, hoặc kiểm bản sao lưu."""
    from hocba_app.services.backup import archive_file
    from hocba_app.services.backup import incremental as increments
    from hocba_app.services.backup.check import check as look_at
    from hocba_app.services.backup.encryption import identities_in
    from hocba_app.services.storage.store import configured, open_store
    from hocba_app.settings import settings

    keys = identities_in(identity) if identity is not None else []
    many = source.startswith("s3://") or Path(source).is_dir()
    if check:
        unpacking = (
            (lambda seen, room: increments.unpacked_from(open_store(source), seen, keys, room, snapshot=snapshot))
            if many
            else (lambda seen, room: archive_file.unpacked(Path(source), seen, keys, room))
        )
        found = look_at(unpacking, settings().check_database_url)
        named = "" if found.missing < 0 else f", cơ sở dữ liệu lược đồ {found.revision}, thiếu {found.missing} tệp"
        print(f"Bản sao lưu lúc {found.made_at}: {found.documents} tệp hồ sơ{named}.")
        _tell_damaged(found.damaged)
        raise typer.Exit(0 if found.is_well else 1)
    bring = (
        partial(increments.restore_from, open_store(source), snapshot=snapshot)
        if many
        else partial(archive_file.restore, Path(source))
    )
    restored = bring(settings().database_url, configured(), identities=keys)
    print(f"Đã phục hồi {restored.documents} tệp hồ sơ.")
    _tell_damaged(restored.damaged)
    raise typer.Exit(1 if restored.damaged else 0)


def _require_whole(url: str) -> None:
    from hocba_app.models import database
    from hocba_app.models.schema_check import require_current_schema
    from hocba_app.services.storage.identity import StoreGuard
    from hocba_app.services.storage.store import configured

    try:
        require_current_schema(url)
        StoreGuard(configured(), database(url)).claim()  # an unmounted folder would make a backup without documents
    except HocbaError as error:
        if error.code is ErrorCode.SCHEMA_MISSING:
            raise
        print(f"{error.sentence} (Vẫn sao lưu nguyên trạng.)", file=sys.stderr)  # the remedy begins with a backup


def _tell_damaged(names: tuple[str, ...]) -> None:
    if names:
        print(
            f"{len(names)} tệp trong bản sao lưu đã hỏng (nội dung không khớp tên) nên không phục hồi; "
            "hãy lấy các tệp này từ một bản sao lưu khác rồi chạy ./hocba doctor:",
            file=sys.stderr,
        )
        for name in names:
            print(f"  {name}", file=sys.stderr)
