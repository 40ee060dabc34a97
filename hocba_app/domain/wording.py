"""The school's words for what the code names in English; one home, so that every screen says the same.

Functions, where the school's own word for its head is among them (:mod:`hocba_app.domain.head_words`).
"""

from __future__ import annotations

from typing import Any

from hocba_app.domain.head_words import spoken


def amount(number: int) -> str:
    """A count as it is written here: 1.791."""
    return f"{number:,}".replace(",", ".")


KIND = {"cover": "Bìa", "history": "Quá trình học tập", "results": "Kết quả học tập"}
KIND_SHORT = {"cover": "Bìa", "history": "QTHT", "results": "KQHT"}


def stage_signer(stage: str) -> str:
    """Who signs at a stage."""
    return spoken().head if stage == "principal" else _STAGE_SIGNER[stage]


_STAGE_SIGNER = {"subject": "GVBM", "homeroom": "GVCN", "seal": "Đóng dấu"}


def step_name(step: str) -> str:
    """A document's state, by the stage it waits for."""
    return step_of_head(spoken().head) if step == "principal" else STEP[step]


def step_of_head(head: Any) -> Any:
    """:func:`step_name` of the head's step.

    Args:
        head: what the head is called, or the Var of it in a page.
    """
    return "Chờ " + head + " ký"


STEP = {
    "open": "Chưa chốt",
    "subject": "Chờ GVBM ký",
    "homeroom": "Chờ GVCN ký",
    "seal": "Chờ đóng dấu",
    "sealed": "Đã đóng dấu",
}
"""The steps that are called alike everywhere; the head's is :func:`step_of_head`."""
BATCH = {
    "queued": "Đang xếp hàng",
    "claimed": "Đang chuẩn bị",
    "prepared": "Đang chuẩn bị",
    "sending": "Đang gửi yêu cầu tới điện thoại",
    "waiting": "Chờ xác nhận trên điện thoại",
    "answered": "Đã xác nhận, đang lấy dấu thời gian",
    "stamped": "Đã xác nhận, đang ghi chữ ký",
    "committed": "Đã ký xong",
    "ended": "Đã dừng",
}
ITEM = {
    "claimed": "Chờ",
    "prepared": "Chờ xác nhận",
    "answered": "Đã xác nhận",
    "stamped": "Đang ghi",
    "committed": "Đã ký",
    "failed": "Chưa ký",
}
ENROLMENT = {"studying": "Đang học", "moved_in": "Chuyển đến", "moved_out": "Chuyển đi", "left": "Thôi học"}
JOB = {"queued": "Đang chờ", "running": "Đang chạy", "done": "Xong", "failed": "Lỗi", "cancelled": "Đã hủy"}


def position_name(position: str) -> str:
    """A post, also as the leadership's proposals name it; one we do not know as it is."""
    posts = {"principal": spoken().office, "vice_principal": spoken().deputy}
    return posts.get(position) or _POSITION.get(position, position)


_POSITION = {"teacher": "Giáo viên", "clerk": "Nhân viên", "left": "Không còn trong danh sách"}


def role_name(role: str) -> str:
    """A role of an account (:data:`ROLES` has them in order)."""
    return spoken().office if role == "principal" else _ROLE[role]


_ROLE = {
    "admin": "Quản trị",
    "management": "CBQL",
    "principal": "",
    "deputy": "Ký thay",
    "teacher": "Giáo viên",
    "homeroom": "GVCN",
    "subject": "GVBM",
    "seal_operator": "Người đóng dấu",
    "cover_signer": "Người ký bìa",
}
ROLES = tuple(_ROLE)
RESOURCE = {
    "school": "Trường",
    "staff": "Cán bộ, giáo viên",
    "subjects": "Môn học",
    "classes": "Lớp học",
    "students": "Học sinh",
    "photos": "Ảnh học sinh",
    "enrolments": "Xếp lớp",
    "teaching_assignments": "Phân công giảng dạy",
    "history": "Quá trình học tập",
    "results": "Kết quả học tập",
}
OUTCOME = {
    "new": "Mới",
    "changed": "Thay đổi",
    "gone": "Không còn",
    "rejected": "Bị từ chối",
    "conflict": "Trùng, cần xử lý",
}
IMPORT_STATE = {
    "checking": "Đang đọc tệp",
    "columns": "Cần chọn ý nghĩa cột",
    "preview": "Đang xem trước",
    "importing": "Đang nhập",
    "done": "Đã nhập",
    "stopped": "Dừng giữa chừng",
    "failed": "Không đọc được",
}
"""The steps of a workbook's import."""
IMPORT_OUTCOME = {
    "new": "Mới",
    "changed": "Thay đổi",
    "gone": "Không còn",
    "rejected": "Bị từ chối",
    "question": "Cần trả lời",
    "absent": "Không có trong tệp",
}
"""What would become of a workbook's rows."""
KEY_STATE = {
    "no_account": "Chưa có tài khoản",
    "no_certificate": "Chưa chọn chứng thư số",
    "problem": "Có vấn đề",
    "expired": "Đã hết hạn",
    "expiring": "Sắp hết hạn",
    "ok": "Sẵn sàng",
}
"""How a signer's account at the signing service and certificate: their states."""
GAP_OF_MANY = {
    "no_teacher": "Chưa có giáo viên dạy các môn này ở một số lớp. Hãy phân công trên SMAS rồi đồng bộ lại, hoặc chọn người ký thay thế.",
    "no_id_number": "Chưa có số định danh trên SMAS nên chưa thể ký. Hãy bổ sung trên SMAS, nộp và đồng bộ lại.",
    "no_certificate": "Chưa chọn chứng thư số. Hãy kết nối tài khoản ký số và chọn chứng thư số.",
    "certificate_expired": "Chứng thư số đã hết hạn. Hãy gia hạn với nhà cung cấp rồi cập nhật tài khoản.",
    "certificate_problem": "Chứng thư số có vấn đề. Hãy mở từng tài khoản để xem phải làm gì.",
}
"""One sentence for several people, where each person's own sentence differs."""
JOB_KIND = {
    "sync": "Đồng bộ",
    "sync_daily": "Đồng bộ hằng ngày",
    "workbook_check": "Xem trước tệp Excel",
    "lock": "Chốt học bạ",
    "images": "Tải ảnh chữ ký",
    "batch": "Lượt ký",
    "archive": "Thêm dữ liệu lưu trữ lâu dài",
    "renewal": "Gia hạn dữ liệu lưu trữ",
    "recheck_keys": "Kiểm tra tài khoản ký số",
    "connect_keys": "Kết nối tài khoản ký số",
    "recheck_daily": "Kiểm tra tài khoản ký số hằng ngày",
    "print": "Tạo tệp in",
    "packet_end": "Dọn tệp in",
    "packet_sweep": "Dọn tệp in hằng ngày",
    "anchor": "Neo nhật ký",
    "integrity": "Kiểm tra kho hồ sơ",
    "attached": "Kiểm tra hồ sơ từ trường khác",
    "reminder_mail": "Gửi thư nhắc ký",
    "reset_letter": "Gửi thư báo cấp lại mã",
}
DELEGATION = {"in_force": "Đang hiệu lực", "coming": "Chưa tới ngày", "over": "Đã hết hạn", "revoked": "Đã thu hồi"}
IMAGE_FILE = {
    "ready": "Chờ dùng",
    "left": "Bỏ qua",
    "matched": "Đã lưu",
    "replaced": "Đã thay ảnh cũ",
    "unmatched": "Không khớp mã",
    "failed": "Không dùng được",
    "given": "Đã gán",
}

PROMOTION = {"promoted": "Được lên lớp", "retained": "Ở lại lớp", "reassess": "Đánh giá lại, rèn luyện trong hè"}
"""Decisions of a year, as counted."""

LEVEL = {"primary": "Tiểu học", "lower_secondary": "Trung học cơ sở", "upper_secondary": "Trung học phổ thông"}

CAPACITY = {"deputy": "Ký thay", "acting": "Quyền người đứng đầu (Q.)", "in_charge": "Cấp phó phụ trách"}
"""`signing_titles.CAPACITIES`, where a decision is entered."""
