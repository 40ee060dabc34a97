"""The interface's words: one word for one thing, on pages, in mails, verdicts, on the command line and in the guide.

What the code names in English has its word in :mod:`hocba_app.domain.wording`; here stand the names of the pages and the words that
had more than one form. ``tests/unit/domain/test_glossary.py`` reads every text of the product and refuses the other forms;
``docs/guide/tu-ngu.md`` is this list, for people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

PAGE = {
    "/": "Tổng quan",
    "/sign": "Ký học bạ",
    "/records": "Học bạ",
    "/sync": "Đồng bộ",
    "/workbooks": "Nhập từ Excel",
    "/lock": "Chốt học bạ",
    "/unlock": "Hủy chốt",
    "/objections": "Báo sai",
    "/print": "In học bạ",
    "/years": "Năm học",
    "/assignments": "Phân công ký",
    "/signature-images": "Ảnh chữ ký, con dấu",
    "/signing-accounts": "Tài khoản ký số",
    "/signing-settings": "Cấu hình ký",
    "/accounts": "Tài khoản",
    "/leadership": "Ban giám hiệu",
    "/audit": "Nhật ký",
    "/my-signature": "Chữ ký của tôi",
    "/me": "Mật khẩu",
}
"""What a page is called: in the menu, as its heading, on buttons that lead there and in sentences."""

SLOT = {"homeroom": "Giáo viên chủ nhiệm", "principal": "Hiệu trưởng", "seal": "Con dấu của nhà trường"}
"""What a signature field is called; subject teachers' fields are called by their subject."""


@dataclass(frozen=True, slots=True)
class Term:
    """A thing that people had several words for."""

    word: str
    means: str
    not_said: tuple[str, ...]
    """Regular expressions of the other forms, found anywhere in a text."""
    also: str = ""
    """The other forms as the list for people shows them."""


TERMS: tuple[Term, ...] = (
    Term(
        "chứng thư số",
        "Tệp điện tử của người ký do nhà cung cấp cấp, chứng nhận chữ ký số là của ai.",
        (r"[Cc]hứng thư(?! (số|gốc|dấu thời gian|con dấu))", r"[Cc]hứng chỉ số", r"[Cc]ert\b"),
        "chứng thư, chứng chỉ số",
    ),
    Term(
        "tài khoản ký số",
        "Tài khoản của một người (hoặc của con dấu) ở dịch vụ ký số.",
        (r"[Tt]ài khoản (MySign|SmartCA) của", r"[Tt]ài khoản ký (khác|gồm|ở)", r"[Tt]ài khoản chữ ký"),
        "tài khoản MySign, tài khoản ký",
    ),
    Term("học kì", "Nửa năm học, như trong các thông tư về đánh giá.", (r"[Hh]ọc kỳ",), "học kỳ"),
    Term("hủy chốt", "Bỏ bản đã chốt để sửa và chốt lại; phải ký lại.", (r"[Hh]uỷ", r"[Mm]ở chốt", r"[Bb]ỏ chốt"), "mở chốt, bỏ chốt"),
    Term("chốt học bạ", "Giữ nguyên nội dung hồ sơ để ký.", (r"[Cc]hốt sổ", r"[Kk]hoá|[Kk]hóa học bạ"), "khóa học bạ, chốt sổ"),
    Term("lượt ký", "Những hồ sơ ký cùng một lần xác nhận.", (r"[Ll]ô ký", r"[Đđ]ợt ký", r"[Pp]hiên ký", r"[Bb]atch"), "lô ký, đợt ký"),
    Term(
        "người quản trị hệ thống",
        "Người vận hành máy chủ, không phải người của trường; quản trị của trường gọi là Quản trị.",
        (r"quản trị phần mềm", r"quản trị viên", r"người quản trị(?! (hệ thống|khác))", r"\badmin(istrator)?s? hãy"),
        "quản trị phần mềm, quản trị viên",
    ),
    Term("danh sách cán bộ", "Mọi người của trường theo dữ liệu đã đồng bộ.", (r"danh sách nhân sự",), "danh sách nhân sự"),
    Term("mã kích hoạt", "Mã dùng một lần để mở tài khoản và tự đặt mật khẩu.", (r"mã xác thực", r"mật khẩu tạm"), "mã xác thực, mật khẩu tạm"),
    Term("tải lên, tải về", "Đưa tệp vào hệ thống, lấy tệp ra.", (r"[Tt]ải xuống", r"\b[Uu]pload\b", r"[Dd]ownload\b(?!\w)"), "tải xuống, upload"),
    Term("người đóng dấu", "Người được giao con dấu của trường và đóng dấu bằng chứng thư số của trường.", (r"[Vv]ăn thư", r"[Nn]gười giữ dấu"), "văn thư, người giữ dấu"),
    Term("CSDL ngành", "Nơi trường nộp dữ liệu từ SMAS và hệ thống lấy về.", (r"[Cc]ơ sở dữ liệu ngành", r"[Tt]rục dữ liệu"), "cơ sở dữ liệu ngành"),
    Term("tình trạng", "Một hồ sơ, một người, một việc đang thế nào.", (r"[Tt]rạng thái (hồ sơ|ký|chốt)",), "trạng thái"),
    Term("ô ký", "Chỗ của một chữ ký trên hồ sơ, gọi bằng tên người hoặc môn học.", (r"\bô (principal|homeroom|seal|s\.)",), "ô principal"),
    Term("Cấu hình ký", "Trang chọn người ký bìa, ký thay, đóng dấu.", (r"trong Cài đặt", r"Cấu hình con dấu"), "Cài đặt"),
)  # fmt: skip

_FORBIDDEN = tuple((re.compile(pattern), term.word) for term in TERMS for pattern in term.not_said)


def strays(text: str) -> list[tuple[str, str]]:
    """Words of a text that have another form here: each as found, with the word to say instead."""
    return [(found.group(), word) for pattern, word in _FORBIDDEN for found in pattern.finditer(text)]


def as_markdown() -> str:
    """The list for people."""
    lines = ["| Từ dùng | Nghĩa | Không dùng |", "|---|---|---|"]
    lines += [f"| {term.word} | {term.means} | {term.also} |" for term in TERMS]
    return "\n".join(lines)
