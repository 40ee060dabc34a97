"""What to say of each signing service: the account to type, and how its signer confirms."""

from __future__ import annotations

ACCOUNT = {
    "mysign": ("CCCD_ hoặc CMT_ kèm số định danh", "MST_ kèm mã số thuế của trường"),
    "smartca": ("số định danh", "mã số thuế của trường"),
    "csc": ("tên người dùng ở dịch vụ đó", "tên người dùng của trường ở dịch vụ đó"),
    "pkcs11": ("nhãn của chứng thư số trong token, hoặc mã khóa (ID) dạng thập lục phân",) * 2,
    "pkcs12": ("tên tệp .p12, không có đuôi",) * 2,
}
"""What is typed for a person, and for the seal."""
AT_ONCE = ("pkcs11", "pkcs12")
"""Services that sign when they are asked, without anybody's phone."""

_ONE_REQUEST = "Khi bấm Ký ở trang Ký học bạ, điện thoại nhận một yêu cầu cho cả lượt ký. Mở ứng dụng, kiểm tra số hồ sơ, nhập PIN trong {minutes} phút."
_NOBODY_ASKED = "Khi bấm Ký ở trang Ký học bạ, hệ thống ký ngay, không hỏi điện thoại: hãy xem hồ sơ trước, và đăng xuất khi rời máy."
CONFIRMING = {
    "mysign": (
        "Cài ứng dụng MySign, kích hoạt bằng mã Viettel-CA gửi qua tin nhắn và đặt mã PIN.",
        _ONE_REQUEST.format(minutes=2),
        "Quên PIN: trong ứng dụng chọn Quên mật khẩu, xác minh số định danh và mã gửi qua tin nhắn, rồi đặt PIN mới. Học bạ điện tử không giữ mã PIN.",
    ),
    "smartca": (
        "Cài ứng dụng VNPT SmartCA, đăng nhập và kích hoạt theo hướng dẫn của VNPT.",
        _ONE_REQUEST.format(minutes=5),
        "Quên PIN: đặt lại trong ứng dụng VNPT SmartCA hoặc gọi VNPT. Học bạ điện tử không giữ mã PIN.",
    ),
    "csc": (
        "Cài ứng dụng của nhà cung cấp chứng thư số và kích hoạt theo hướng dẫn của họ.",
        _ONE_REQUEST.format(minutes=2),
    ),
    "pkcs11": ("Chứng thư số nằm trong token hoặc HSM cắm ở máy chủ của trường.", _NOBODY_ASKED),
    "pkcs12": ("Chứng thư số nằm trong một tệp trên máy chủ, chỉ để thử nghiệm.", _NOBODY_ASKED),
}
"""How a signer confirms, a line a step."""
