"""The one list of what can go wrong, who can mend it, and the sentence the user reads.

Every refusal in the product is a :class:`HocbaError` with one of these codes. A code's comment says when it is
raised and who can mend it; its sentence (:data:`SENTENCES`) says what happened and what to do next, in the words of
the school. Codes are stored (audit log, job reports): never rename one, only add.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Machine-readable reason; the value is stored and shown beside the sentence."""

    # --- any part ------------------------------------------------------------------------------------------------
    INTERNAL = "internal"  # a defect of ours; the operator finds the reference in the log
    NOT_FOUND = "not_found"  # the thing asked for does not exist in this school; the user goes back and reloads
    INVALID_INPUT = "invalid_input"  # a field does not parse; the user corrects it ({detail})
    FORBIDDEN = "forbidden"  # this account may not do this; an admin may grant the right
    NOT_SIGNED_IN = "not_signed_in"  # no live session; the user logs in
    # --- accounts ------------------------------------------------------------------------------------------------
    LOGIN_FAILED = "login_failed"  # wrong name or password; the user tries again or asks the admin for a new code
    LOGIN_THROTTLED = "login_throttled"  # too many failures; the user waits {minutes} minutes
    CODE_INVALID = "code_invalid"  # one-time code wrong, used or expired; the admin prints a new one
    PASSWORD_WEAK = "password_weak"  # noqa: S105 - a code, not a password; the user chooses a longer one
    # --- outside systems -----------------------------------------------------------------------------------------
    SECTOR_UNREACHABLE = "sector_unreachable"  # the sector database does not answer; the job goes on when it does
    SECTOR_REFUSED = "sector_refused"  # it refuses our credentials or request; the admin checks the settings
    # --- uploads -------------------------------------------------------------------------------------------------
    FILE_TOO_LARGE = "file_too_large"  # over the limit; the user makes the file smaller
    FILE_TYPE = "file_type"  # not one of the accepted kinds; the user chooses another file
    IMAGE_TOO_LARGE = "image_too_large"  # more pixels than we decode; the user takes a smaller picture
    IMAGE_EMPTY = "image_empty"  # no ink found on the paper; the user signs again in blue ink on white paper


SENTENCES: dict[ErrorCode, str] = {
    ErrorCode.INTERNAL: "Hệ thống gặp lỗi ngoài dự kiến. Dữ liệu không bị mất; thầy cô hãy thử lại, nếu vẫn lỗi thì gửi mã {reference} cho người quản trị.",
    ErrorCode.NOT_FOUND: "Không tìm thấy {what}. Có thể đã bị thay đổi; hãy tải lại trang.",
    ErrorCode.INVALID_INPUT: "Thông tin nhập chưa đúng: {detail}. Hãy sửa lại rồi tiếp tục.",
    ErrorCode.FORBIDDEN: "Tài khoản này không có quyền thực hiện việc vừa chọn. Nếu cần, hãy liên hệ quản trị của trường.",
    ErrorCode.NOT_SIGNED_IN: "Phiên đăng nhập đã hết. Hãy đăng nhập lại để tiếp tục.",
    ErrorCode.LOGIN_FAILED: "Tên đăng nhập hoặc mật khẩu không đúng. Hãy kiểm tra lại; nếu quên, xin quản trị cấp mã mới.",
    ErrorCode.LOGIN_THROTTLED: "Đã nhập sai quá nhiều lần. Hãy đợi {minutes} phút rồi thử lại.",
    ErrorCode.CODE_INVALID: "Mã kích hoạt không đúng, đã dùng hoặc đã hết hạn. Hãy xin quản trị in mã mới.",
    ErrorCode.PASSWORD_WEAK: "Mật khẩu cần ít nhất {minimum} ký tự và không trùng tên đăng nhập. Hãy chọn mật khẩu khác.",
    ErrorCode.SECTOR_UNREACHABLE: "Chưa kết nối được CSDL ngành. Dữ liệu đã tải vẫn còn; hệ thống sẽ tự thử lại, hoặc bấm Đồng bộ lại sau ít phút.",
    ErrorCode.SECTOR_REFUSED: "CSDL ngành từ chối kết nối ({detail}). Quản trị hãy kiểm tra tài khoản kết nối trong Cài đặt.",
    ErrorCode.FILE_TOO_LARGE: "Tệp lớn hơn {limit} MB. Hãy chọn tệp nhỏ hơn.",
    ErrorCode.FILE_TYPE: "Tệp này không đúng loại. Hãy chọn {accepted}.",
    ErrorCode.IMAGE_TOO_LARGE: "Ảnh có quá nhiều điểm ảnh (tối đa {megapixels} triệu). Hãy chụp hoặc quét lại ở cỡ nhỏ hơn.",
    ErrorCode.IMAGE_EMPTY: "Không thấy nét ký trên ảnh. Hãy ký bằng bút mực xanh trên giấy trắng rồi chụp lại.",
}


class HocbaError(Exception):
    """A refusal with a code, its parameters and a sentence for people.

    Args:
        code: why; one of :class:`ErrorCode`.
        params: what the sentence names. Never personal data of a pupil: errors are logged.
    """

    def __init__(self, code: ErrorCode, **params: object) -> None:
        self.code = code
        self.params = params
        super().__init__(f"{code.value}: {params}" if params else code.value)

    @property
    def sentence(self) -> str:
        """The Vietnamese sentence: what happened and what to do next."""
        return SENTENCES[self.code].format_map(_Blank(self.params))


class _Blank(dict[str, object]):
    """A missing parameter shows as an ellipsis: a broken message must never hide the error itself."""

    def __missing__(self, key: str) -> str:
        return "…"
