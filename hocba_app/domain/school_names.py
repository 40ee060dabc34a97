"""When two spellings name one school: registers write "Trường THCS …", certificates "TRƯỜNG TRUNG HỌC CƠ SỞ …"."""

from __future__ import annotations

import re
from functools import lru_cache

from hocba_app.domain.person_names import plain_name

_SHORT = {
    "mn": "mam non",
    "th": "tieu hoc",
    "thcs": "trung hoc co so",
    "thpt": "trung hoc pho thong",
    "pt": "pho thong",
    "ptcs": "pho thong co so",
    "ptth": "pho thong trung hoc",
    "ptdt": "pho thong dan toc",
    "ptdtbt": "pho thong dan toc ban tru",
    "ptdtnt": "pho thong dan toc noi tru",
    "dtbt": "dan toc ban tru",
    "dtnt": "dan toc noi tru",
    "ttgdtx": "trung tam giao duc thuong xuyen",
    "gdtx": "giao duc thuong xuyen",
    "gdnn": "giao duc nghe nghiep",
    "va": "",
}
_WORDS = re.compile(r"[^\W_]+")
_COMPANY = ("cong ty", "doanh nghiep", "ho kinh doanh", "hop tac xa", "ngan hang", "tap doan", "tong cong ty")
_SCHOOL = re.compile(
    r"\b(truong|tieu hoc|trung hoc|pho thong|mam non|trung tam giao duc|giao duc thuong xuyen|hoc vien|school)\b"
)


@lru_cache(maxsize=4096)
def school_key(name: str) -> str:
    """What the spellings of one school's name have in common: no marks, no capitals, no punctuation, abbreviations in full."""
    return " ".join(filter(None, (_SHORT.get(word, word) for word in _WORDS.findall(plain_name(name)))))


def is_school_name(name: str) -> bool:
    """Whether a name is one that a school could have: without a list nothing else tells a school from a company."""
    key = school_key(name)
    return not key.startswith(_COMPANY) and _SCHOOL.search(key) is not None
