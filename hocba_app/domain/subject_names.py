"""What the usual subject codes of the sector are called: for a reader who has only a code before him."""

from __future__ import annotations

SUBJECTS = {
    "TOAN": "Toán",
    "VAN": "Ngữ văn",
    "TV": "Tiếng Việt",
    "NN1": "Ngoại ngữ 1",
    "NN2": "Ngoại ngữ 2",
    "TDTTS": "Tiếng dân tộc thiểu số",
    "DD": "Đạo đức",
    "GDCD": "Giáo dục công dân",
    "GDKTPL": "Giáo dục kinh tế và pháp luật",
    "GDQPAN": "Giáo dục quốc phòng và an ninh",
    "TNXH": "Tự nhiên và Xã hội",
    "KH": "Khoa học",
    "KHTN": "Khoa học tự nhiên",
    "LSDL": "Lịch sử và Địa lí",
    "LS": "Lịch sử",
    "DL": "Địa lí",
    "VL": "Vật lí",
    "HH": "Hóa học",
    "SH": "Sinh học",
    "CN": "Công nghệ",
    "TIN": "Tin học",
    "THCN": "Tin học và Công nghệ",
    "GDTC": "Giáo dục thể chất",
    "NT": "Nghệ thuật",
    "AN": "Âm nhạc",
    "MT": "Mĩ thuật",
    "HDTN": "Hoạt động trải nghiệm",
    "GDDP": "Nội dung giáo dục của địa phương",
}


def subject_name(code: str) -> str:
    """A subject's usual name; "môn có mã …" for a code that is not usual."""
    return SUBJECTS.get(code) or f"môn có mã {code}"
