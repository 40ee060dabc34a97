"""Whether there is room for the day's work, and whether the database takes it at all: asked before it runs out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from hocba_app.models import Database
from hocba_app.models.connections import said_full
from hocba_app.services.maintenance.configuration_check import Check
from hocba_app.settings import Settings

MEGABYTE = 1024 * 1024
LEAST_MEGABYTES = 200
"""Less room than this is told as a failure: a class's lock and its prints may not fit any more."""
REMEMBERED_SECONDS = 60.0
"""So long after a write that the database had no room for, this process says so."""
_SAMPLE = "create temporary table hocba_room on commit drop as select repeat('x', 8000) as filling from generate_series(1, 100)"


def folders_without_room(settings: Settings, db: Database) -> list[tuple[Path, int]]:
    """Folders of this machine that are nearly full, with the megabytes left. A folder that is not there is told elsewhere."""
    file = db.engine.url.database if db.is_sqlite else None
    asked = dict.fromkeys(
        path for path in (settings.documents_folder(), Path(file).absolute().parent if file else None) if path
    )
    left = [(path, shutil.disk_usage(path).free // MEGABYTE) for path in asked if path.is_dir()]
    return [(path, free) for path, free in left if free < LEAST_MEGABYTES]


def room_left(settings: Settings, db: Database) -> Iterator[Check]:
    """For doctor: each folder, and a sample written into the database and taken back."""
    for path, free in folders_without_room(settings, db):
        yield Check("Chỗ trống", False, f"Chỉ còn {free} MB tại {path}.", "Dọn chỗ hoặc mở rộng đĩa.")
    if db.is_sqlite:
        return
    try:
        with db.installation(write=True) as session:
            session.connection().exec_driver_sql(_SAMPLE)
            session.rollback()
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None)
        problem, remedy = _SAID.get(state or "", (f"Cơ sở dữ liệu không ghi được ({type(error.orig).__name__}).", _LOG))
        yield Check("Ghi cơ sở dữ liệu", False, problem, remedy)
        return
    yield Check("Ghi cơ sở dữ liệu", True)


def without_room(settings: Settings, db: Database) -> bool:
    """Whether this process knows of a place that is full, or nearly."""
    return said_full(REMEMBERED_SECONDS) or bool(folders_without_room(settings, db))


_LOG = "Xem nhật ký của máy chủ PostgreSQL."
_SAID = {
    "25006": (
        "Cơ sở dữ liệu chỉ đọc được: không ai đăng nhập hay ký được.",
        "Trỏ HOCBA_DATABASE_URL tới máy chủ chính, hoặc bỏ default_transaction_read_only.",
    ),
    "53100": ("Đĩa của máy chủ cơ sở dữ liệu đã đầy.", "Dọn chỗ trên máy chủ PostgreSQL; việc đang chờ tự chạy tiếp."),
    "42501": (
        "Chưa thử ghi được: tài khoản không được tạo bảng tạm.",
        "Cho tài khoản quyền TEMPORARY trên cơ sở dữ liệu.",
    ),
}
