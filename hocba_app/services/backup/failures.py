"""Why a backup or a restore failed, in the operator's words."""

from __future__ import annotations

import errno
import sqlite3

from sqlalchemy.exc import SQLAlchemyError

from hocba_app.services.backup.database_dump import ToolFailed


def why(error: Exception) -> str:
    """What happened and what to do about it, in the operator's words."""
    if isinstance(error, ToolFailed):
        return f"{error.tool} báo lỗi: {error.said}"
    if isinstance(error, SQLAlchemyError):
        return f"không hỏi được cơ sở dữ liệu ({type(getattr(error, 'orig', error)).__name__}); hãy kiểm tra HOCBA_DATABASE_URL"
    if isinstance(error, sqlite3.Error):
        return f"SQLite báo lỗi: {error}"
    if isinstance(error, OSError):
        where = str(error.filename or "")
        if where in ("pg_dump", "pg_restore"):
            return f"không tìm thấy chương trình {where}; hãy cài gói máy khách PostgreSQL cùng phiên bản với máy chủ"
        known = {
            errno.ENOSPC: "đĩa đã đầy; hãy dọn chỗ",
            errno.EDQUOT: "hết hạn mức đĩa; hãy dọn chỗ",
            errno.EACCES: f"không có quyền với {where}",
            errno.EPERM: f"không có quyền với {where}",
            errno.EROFS: f"{where} chỉ đọc được",
            errno.ENOENT: f"không có {where}",
            errno.EISDIR: f"{where} là thư mục",
            errno.ENOTDIR: f"{where} không nằm trong một thư mục",
        }
        return known.get(
            error.errno or 0, f"lỗi hệ thống {errno.errorcode.get(error.errno or 0, type(error).__name__)} với {where}"
        )
    return type(error).__name__
