"""What may be reported as wrong on a record ("Báo sai"), in the school's words."""

from __future__ import annotations

FACTS = {
    "marks": "Điểm, mức đạt",
    "comment": "Nhận xét",
    "outcome": "Kết quả học tập, rèn luyện",
    "promotion": "Lên lớp, khen thưởng",
    "absences": "Số buổi nghỉ",
    "personal": "Họ tên, ngày sinh, thông tin cá nhân",
    "photo": "Ảnh",
    "history": "Quá trình học tập",
    "other": "Điều khác",
}
_FACTS_OF = {
    "cover": ("personal", "photo", "other"),
    "history": ("history", "personal", "other"),
    "results": ("marks", "comment", "outcome", "promotion", "absences", "personal", "other"),
}
MAX_REASON = 500


def facts_of(kind: str) -> dict[str, str]:
    """What may be wrong on this kind of document, by code."""
    return {fact: FACTS[fact] for fact in _FACTS_OF[kind]}
