"""The audit log in the school's words. A test finds every action the services write and asks for its words here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hocba_app.domain.wording import KIND_SHORT, ROLE, STAGE_SIGNER

GROUPS = {
    "record": "Hồ sơ",
    "lock": "Chốt",
    "unlock": "Hủy chốt",
    "objection": "Báo sai",
    "batch": "Lượt ký",
    "sync": "Đồng bộ",
    "session": "Đăng nhập",
    "file": "Tệp",
    "account": "Tài khoản",
    "leadership": "Ban giám hiệu",
    "signer": "Phân công ký",
    "slot": "Đổi người ký",
    "signing": "Cấu hình ký",
    "delegation": "Ký thay",
    "key": "Tài khoản ký số",
    "signature": "Ảnh chữ ký",
    "seal": "Con dấu",
    "packet": "In",
    "handout": "Giao hồ sơ",
    "attached": "Hồ sơ trường khác",
    "reminder": "Nhắc ký",
    "school": "Trường",
    "year": "Năm học",
    "store": "Kho hồ sơ",
    "audit": "Nhật ký",
}
"""By the part of an action before the full stop."""
ACTIONS = {
    "record.locked": "Đã chốt hồ sơ", "record.signed": "Đã ký hồ sơ", "record.unlocked": "Đã hủy chốt hồ sơ",
    "record.archived": "Đã thêm dữ liệu lưu trữ lâu dài", "lock.started": "Bắt đầu chốt",
    "unlock.asked": "Đề nghị hủy chốt", "unlock.approved": "Duyệt hủy chốt", "unlock.refused": "Từ chối hủy chốt",
    "unlock.withdrawn": "Rút đề nghị hủy chốt",
    "objection.raised": "Báo sai trên hồ sơ", "objection.answered": "Trả lời báo sai: hồ sơ đúng", "objection.corrected": "Báo sai đã được sửa, hồ sơ chốt lại",
    "objection.withdrawn": "Rút báo sai",
    "batch.started": "Bắt đầu lượt ký", "batch.split": "Tách lượt ký", "batch.stop_asked": "Ngừng chờ lượt ký", "batch.sent": "Đã gửi yêu cầu ký",
    "batch.resent": "Đã gửi lại yêu cầu ký", "batch.answered": "Đã nhận chữ ký", "batch.answered_late": "Chữ ký đến muộn được lưu làm chứng cứ", "batch.committed": "Lượt ký hoàn thành",
    "batch.ended": "Lượt ký kết thúc, chưa ký hết",
    "sync.started": "Bắt đầu đồng bộ", "sync.applied": "Đã ghi dữ liệu đồng bộ", "sync.cancelled": "Đã hủy đồng bộ",
    "sync.scheduled": "Hẹn giờ đồng bộ", "sync.conflict_resolved": "Xử lý bản ghi cần xem xét", "sync.imported": "Nhập dữ liệu từ Excel",
    "sync.exported": "Xuất dữ liệu ra Excel", "sync.workbook_given": "Tải lên tệp Excel để xem trước", "sync.workbook_edited": "Sửa trong bản xem trước tệp Excel",
    "sync.columns_explained": "Chọn ý nghĩa các cột của tệp Excel", "sync.workbook_dropped": "Bỏ tệp Excel đã tải lên", "sync.import_started": "Bắt đầu nhập từ Excel",
    "session.opened": "Đăng nhập", "session.closed": "Đăng xuất", "session.refused": "Đăng nhập hoặc nhập mã sai",
    "session.locked_out": "Tạm khóa vì nhập sai nhiều lần", "file.delivered": "Đã đưa tệp",
    "account.created": "Tạo tài khoản", "account.code_issued": "Cấp mã kích hoạt", "account.activated": "Kích hoạt tài khoản",
    "account.password_changed": "Đổi mật khẩu", "account.disabled": "Khóa tài khoản", "account.enabled": "Mở khóa tài khoản",
    "account.credentials_confirmed": "Xác nhận chủ tài khoản sau khi cấp lại mã", "account.email_changed": "Đổi thư điện tử theo danh sách",
    "leadership.proposed": "Đề nghị thay đổi chức vụ", "leadership.confirmed": "Xác nhận thay đổi chức vụ",
    "leadership.refused": "Từ chối thay đổi chức vụ", "leadership.withdrawn": "Đề nghị chức vụ không còn trong danh sách",
    "account.role_granted": "Cấp quyền", "account.role_revoked": "Thu hồi quyền",
    "signer.assigned": "Phân công người ký", "signer.unassigned": "Bỏ phân công ký", "slot.reassigned": "Đổi người ký trên hồ sơ đã chốt",
    "signing.cover_signer_set": "Chọn người ký bìa", "signing.seal_operator_set": "Chọn người đóng dấu",
    "delegation.added": "Thêm quyết định ký thay", "delegation.revoked": "Dừng ký thay",
    "key.account_set": "Nhập tài khoản ký số", "key.certificate_set": "Chọn chứng thư số", "key.problem_found": "Chứng thư số có vấn đề",
    "key.name_accepted": "Chấp nhận chứng thư số mang tên khác", "key.removed": "Xóa tài khoản ký số", "signature.image_saved": "Lưu ảnh chữ ký", "seal.image_saved": "Lưu ảnh con dấu",
    "signature.image_taken_back": "Hoàn tác lưu ảnh chữ ký", "seal.image_taken_back": "Hoàn tác lưu ảnh con dấu",
    "packet.asked": "Yêu cầu tạo tệp in", "packet.made": "Đã tạo tệp in", "packet.downloaded": "Tải tệp in",
    "handout.created": "Tạo đường dẫn giao hồ sơ", "handout.downloaded": "Tải hồ sơ đã ký", "handout.refused": "Nhập sai mã PIN đường dẫn",
    "handout.closed": "Đóng đường dẫn giao hồ sơ",
    "attached.given": "Tải hồ sơ từ trường khác", "attached.attached": "Đính kèm hồ sơ từ trường khác",
    "attached.accepted": "Đính kèm hồ sơ từ trường khác sau khi xem", "attached.refused": "Không đính kèm hồ sơ từ trường khác",
    "attached.detached": "Gỡ hồ sơ từ trường khác", "attached.downloaded": "Tải về hồ sơ từ trường khác",
    "reminder.sent": "Nhắc thầy cô ký", "year.closed": "Khóa sổ năm học", "year.reopened": "Mở lại năm học",
    "school.created": "Tạo trường", "school.credentials_set": "Đổi thông tin kết nối của trường",
    "store.checked": "Đã kiểm tra tệp lưu trữ", "store.damaged": "Phát hiện tệp lưu trữ bị hỏng", "store.check_asked": "Yêu cầu kiểm tra tệp lưu trữ",
}  # fmt: skip
FILES = {
    "record": "tệp hồ sơ",
    "preview": "bản xem trước",
    "audit": "nhật ký",
    "sync_report": "báo cáo đồng bộ",
    "template": "mẫu Excel",
    "class_form": "bảng tổng hợp kết quả của lớp",
    "workbook_problems": "danh sách ô sai của tệp Excel",
    "signature": "ảnh chữ ký đã tải lên",
    "signature_draft": "ảnh chữ ký đang xem",
}
"""Kinds of files, as `routes.deliveries` names them."""
SUBJECTS = {
    "document": "Hồ sơ",
    "class": "Lớp",
    "batch": "Lượt ký",
    "unlock": "Đề nghị hủy chốt",
    "account": "Tài khoản",
    "signer": "Người ký",
    "slot": "Ô ký",
    "student": "Học sinh",
    "school": "Trường",
    "year": "Năm học",
    "job": "Công việc",
    "staff": "Cán bộ, giáo viên",
}


def action_text(action: str) -> str:
    """What happened; an action without words of its own is shown by its group and code."""
    return ACTIONS.get(action) or f"{GROUPS.get(action.partition('.')[0], 'Khác')} ({action})"


def details_text(data: Mapping[str, Any]) -> str:
    """The particulars people ask for; ids and hashes are left to the export."""
    parts = []
    if words := KIND_SHORT.get(str(data.get("kind"))):
        parts.append(words)
    if isinstance(version := data.get("version"), int):
        parts.append(f"bản {version}")
    for key, table in (("stage", STAGE_SIGNER), ("role", ROLE), ("file", FILES)):
        if words := table.get(str(data.get(key))):
            parts.append(words)
    for key, words in (
        ("documents", "{} hồ sơ"),
        ("slots", "{} ô ký"),
        ("leave_out", "để riêng {} học sinh"),
        ("versions", "{} hồ sơ"),
    ):
        if isinstance(listed := data.get(key), list) and listed:
            parts.append(words.format(len(listed)))
    for key, words in (
        ("failures", "{} lần sai"),
        ("hashes", "{} hồ sơ"),
        ("records", "{} hồ sơ"),
        ("committed", "đã ký {}"),
        ("failed", "chưa ký {}"),
        ("out_of_date", "{} hồ sơ có dữ liệu mới"),
    ):
        if isinstance(count := data.get(key), int) and (count or key == "committed"):
            parts.append(words.format(count))
    for key in ("accept_mismatches", "reason", "name_accepted", "decision_number", "delegation_number"):
        if isinstance(text := data.get(key), str) and text:
            parts.append(f"«{text}»")
    return " · ".join(parts)
