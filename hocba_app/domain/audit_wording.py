"""The audit log in the school's words. Every act has its words beside it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from hocba_app.domain.document_lifecycle import STAGES
from hocba_app.domain.wording import KIND_SHORT, ROLES, role_name, stage_signer

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
    "leadership": "Chức vụ lãnh đạo",
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


class Action(StrEnum):
    """What the log can hold, each with its words. Values are stored and hashed: never rename one, only add.

    Attributes:
        words: what happened, as the log's page says it.
    """

    words: str

    def __new__(cls, value: str, words: str = "") -> Action:
        """One act and its words."""
        member = str.__new__(cls, value)
        member._value_, member.words = value, words
        return member

    # fmt: off
    RECORD_LOCKED = "record.locked", "Đã chốt hồ sơ"
    RECORD_SIGNED = "record.signed", "Đã ký hồ sơ"
    RECORD_UNLOCKED = "record.unlocked", "Đã hủy chốt hồ sơ"
    RECORD_ARCHIVED = "record.archived", "Đã thêm dữ liệu lưu trữ lâu dài"
    LOCK_STARTED = "lock.started", "Bắt đầu chốt"
    UNLOCK_ASKED = "unlock.asked", "Đề nghị hủy chốt"
    UNLOCK_APPROVED = "unlock.approved", "Duyệt hủy chốt"
    UNLOCK_REFUSED = "unlock.refused", "Từ chối hủy chốt"
    UNLOCK_WITHDRAWN = "unlock.withdrawn", "Rút đề nghị hủy chốt"
    OBJECTION_RAISED = "objection.raised", "Báo sai trên hồ sơ"
    OBJECTION_ANSWERED = "objection.answered", "Trả lời báo sai: hồ sơ đúng"
    OBJECTION_CORRECTED = "objection.corrected", "Báo sai đã được sửa, hồ sơ chốt lại"
    OBJECTION_WITHDRAWN = "objection.withdrawn", "Rút báo sai"
    BATCH_STARTED = "batch.started", "Bắt đầu lượt ký"
    BATCH_SPLIT = "batch.split", "Tách lượt ký"
    BATCH_STOP_ASKED = "batch.stop_asked", "Ngừng chờ lượt ký"
    BATCH_SENT = "batch.sent", "Đã gửi yêu cầu ký"
    BATCH_RESENT = "batch.resent", "Đã gửi lại yêu cầu ký"
    BATCH_ANSWERED = "batch.answered", "Đã nhận chữ ký"
    BATCH_ANSWERED_LATE = "batch.answered_late", "Chữ ký đến muộn được lưu làm chứng cứ"
    BATCH_COMMITTED = "batch.committed", "Lượt ký hoàn thành"
    BATCH_ENDED = "batch.ended", "Lượt ký kết thúc, chưa ký hết"
    SYNC_STARTED = "sync.started", "Bắt đầu đồng bộ"
    SYNC_APPLIED = "sync.applied", "Đã ghi dữ liệu đồng bộ"
    SYNC_CANCELLED = "sync.cancelled", "Đã hủy đồng bộ"
    SYNC_SCHEDULED = "sync.scheduled", "Hẹn giờ đồng bộ"
    SYNC_CONFLICT_RESOLVED = "sync.conflict_resolved", "Xử lý bản ghi cần xem xét"
    SYNC_IMPORTED = "sync.imported", "Nhập dữ liệu từ Excel"
    SYNC_EXPORTED = "sync.exported", "Xuất dữ liệu ra Excel"
    SYNC_WORKBOOK_GIVEN = "sync.workbook_given", "Tải lên tệp Excel để xem trước"
    SYNC_WORKBOOK_EDITED = "sync.workbook_edited", "Sửa trong bản xem trước tệp Excel"
    SYNC_COLUMNS_EXPLAINED = "sync.columns_explained", "Chọn ý nghĩa các cột của tệp Excel"
    SYNC_WORKBOOK_DROPPED = "sync.workbook_dropped", "Bỏ tệp Excel đã tải lên"
    SYNC_IMPORT_STARTED = "sync.import_started", "Bắt đầu nhập từ Excel"
    SESSION_OPENED = "session.opened", "Đăng nhập"
    SESSION_CLOSED = "session.closed", "Đăng xuất"
    SESSION_REFUSED = "session.refused", "Đăng nhập hoặc nhập mã sai"
    SESSION_LOCKED_OUT = "session.locked_out", "Tạm khóa vì nhập sai nhiều lần"
    FILE_DELIVERED = "file.delivered", "Đã đưa tệp"
    ACCOUNT_CREATED = "account.created", "Tạo tài khoản"
    ACCOUNT_CODE_ISSUED = "account.code_issued", "Cấp mã kích hoạt"
    ACCOUNT_ACTIVATED = "account.activated", "Kích hoạt tài khoản"
    ACCOUNT_PASSWORD_CHANGED = "account.password_changed", "Đổi mật khẩu"
    ACCOUNT_DISABLED = "account.disabled", "Khóa tài khoản"
    ACCOUNT_ENABLED = "account.enabled", "Mở khóa tài khoản"
    ACCOUNT_CREDENTIALS_CONFIRMED = "account.credentials_confirmed", "Xác nhận chủ tài khoản sau khi cấp lại mã"
    ACCOUNT_EMAIL_CHANGED = "account.email_changed", "Đổi thư điện tử theo danh sách"
    LEADERSHIP_PROPOSED = "leadership.proposed", "Đề nghị thay đổi chức vụ"
    LEADERSHIP_CONFIRMED = "leadership.confirmed", "Xác nhận thay đổi chức vụ"
    LEADERSHIP_REFUSED = "leadership.refused", "Từ chối thay đổi chức vụ"
    LEADERSHIP_WITHDRAWN = "leadership.withdrawn", "Đề nghị chức vụ không còn trong danh sách"
    ACCOUNT_ROLE_GRANTED = "account.role_granted", "Cấp quyền"
    ACCOUNT_ROLE_REVOKED = "account.role_revoked", "Thu hồi quyền"
    SIGNER_ASSIGNED = "signer.assigned", "Phân công người ký"
    SIGNER_UNASSIGNED = "signer.unassigned", "Bỏ phân công ký"
    SLOT_REASSIGNED = "slot.reassigned", "Đổi người ký trên hồ sơ đã chốt"
    SIGNING_COVER_SIGNER_SET = "signing.cover_signer_set", "Chọn người ký bìa"
    SIGNING_SEAL_OPERATOR_SET = "signing.seal_operator_set", "Chọn người đóng dấu"
    DELEGATION_ADDED = "delegation.added", "Thêm quyết định ký thay"
    DELEGATION_REVOKED = "delegation.revoked", "Dừng ký thay"
    KEY_ACCOUNT_SET = "key.account_set", "Nhập tài khoản ký số"
    KEY_CERTIFICATE_SET = "key.certificate_set", "Chọn chứng thư số"
    KEY_PROBLEM_FOUND = "key.problem_found", "Chứng thư số có vấn đề"
    KEY_NAME_ACCEPTED = "key.name_accepted", "Chấp nhận chứng thư số mang tên khác"
    KEY_REMOVED = "key.removed", "Xóa tài khoản ký số"
    KEYS_CONNECTING = "key.connecting", "Kết nối tất cả tài khoản ký số"
    SIGNATURE_IMAGE_SAVED = "signature.image_saved", "Lưu ảnh chữ ký"
    SEAL_IMAGE_SAVED = "seal.image_saved", "Lưu ảnh con dấu"
    SIGNATURE_IMAGE_TAKEN_BACK = "signature.image_taken_back", "Hoàn tác lưu ảnh chữ ký"
    SEAL_IMAGE_TAKEN_BACK = "seal.image_taken_back", "Hoàn tác lưu ảnh con dấu"
    PACKET_ASKED = "packet.asked", "Yêu cầu tạo tệp in"
    PACKET_MADE = "packet.made", "Đã tạo tệp in"
    PACKET_DOWNLOADED = "packet.downloaded", "Tải tệp in"
    HANDOUT_CREATED = "handout.created", "Tạo đường dẫn giao hồ sơ"
    HANDOUT_OPENED = "handout.opened", "Mở đường dẫn giao hồ sơ"
    HANDOUT_DOWNLOADED = "handout.downloaded", "Tải hồ sơ đã ký"
    HANDOUT_REFUSED = "handout.refused", "Nhập sai mã PIN đường dẫn"
    HANDOUT_CLOSED = "handout.closed", "Đóng đường dẫn giao hồ sơ"
    ATTACHED_GIVEN = "attached.given", "Tải hồ sơ từ trường khác"
    ATTACHED_ATTACHED = "attached.attached", "Đính kèm hồ sơ từ trường khác"
    ATTACHED_ACCEPTED = "attached.accepted", "Đính kèm hồ sơ từ trường khác sau khi xem"
    ATTACHED_REFUSED = "attached.refused", "Không đính kèm hồ sơ từ trường khác"
    ATTACHED_DETACHED = "attached.detached", "Gỡ hồ sơ từ trường khác"
    ATTACHED_DOWNLOADED = "attached.downloaded", "Tải về hồ sơ từ trường khác"
    REMINDER_SENT = "reminder.sent", "Nhắc thầy cô ký"
    YEAR_CLOSED = "year.closed", "Khóa sổ năm học"
    YEAR_REOPENED = "year.reopened", "Mở lại năm học"
    SCHOOL_CREATED = "school.created", "Tạo trường"
    SCHOOL_CHANGE_PROPOSED = "school.change_proposed", "Đề nghị đổi thông tin trường"
    SCHOOL_CHANGED = "school.changed", "Đổi thông tin trường"
    SCHOOL_CHANGE_REFUSED = "school.change_refused", "Từ chối đổi thông tin trường"
    SCHOOL_CHANGE_WITHDRAWN = "school.change_withdrawn", "Đề nghị đổi thông tin trường không còn"
    SCHOOL_HEAD_OFFICE_SET = "school.head_office_set", "Đổi chức danh người đứng đầu"
    SCHOOL_MERGED = "school.merged", "Nhận trường khác gộp vào"
    SCHOOL_ENDED = "school.ended", "Gộp vào trường khác"
    SCHOOL_SPLIT = "school.split", "Tách trường"
    SCHOOL_CREDENTIALS_SET = "school.credentials_set", "Đổi thông tin kết nối của trường"
    STORE_CHECKED = "store.checked", "Đã kiểm tra tệp lưu trữ"
    STORE_DAMAGED = "store.damaged", "Phát hiện tệp lưu trữ bị hỏng"
    STORE_CHECK_ASKED = "store.check_asked", "Yêu cầu kiểm tra tệp lưu trữ"
    # fmt: on


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


_KNOWN = frozenset(Action)


def action_text(action: str) -> str:
    """What happened; an action without words of its own is shown by its group and code."""
    return Action(action).words if action in _KNOWN else f"{GROUPS.get(action.partition('.')[0], 'Khác')} ({action})"


def details_text(data: Mapping[str, Any]) -> str:
    """The particulars people ask for; ids and hashes are left to the export."""
    parts = _kinds_and_people(data)
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
    if isinstance(reasons := data.get("reasons"), dict) and reasons:
        parts.append(f"{len(reasons)} học sinh vẫn chốt với lý do riêng")
    for key in ("accept_mismatches", "reason", "name_accepted", "decision_number", "delegation_number"):
        if isinstance(text := data.get(key), str) and text:
            parts.append(f"«{text}»")
    return " · ".join(parts)


def _kinds_and_people(data: Mapping[str, Any]) -> list[str]:
    """Which document, version, stage, role and file."""
    parts = []
    if words := KIND_SHORT.get(str(data.get("kind"))):
        parts.append(words)
    if isinstance(version := data.get("version"), int):
        parts.append(f"bản {version}")
    if (stage := data.get("stage")) in STAGES["results"]:
        parts.append(stage_signer(str(stage)))
    if (role := data.get("role")) in ROLES:
        parts.append(role_name(str(role)))
    if words := FILES.get(str(data.get("file"))):
        parts.append(words)
    return parts
