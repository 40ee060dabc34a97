"""Believable Vietnamese people of several ethnic groups: names, jobs, places, numbers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random

_SURNAMES = (
    ("Nguyễn", 31), ("Trần", 11), ("Lê", 9), ("Phạm", 7), ("Huỳnh", 5), ("Hoàng", 4), ("Phan", 4), ("Vũ", 3), ("Võ", 4),
    ("Đặng", 3),
    ("Bùi", 3), ("Đỗ", 2), ("Hồ", 2), ("Ngô", 2), ("Dương", 2), ("Lý", 1), ("Đinh", 1), ("Trương", 2), ("Lương", 1),
    ("Mai", 1), ("Tô", 1),
    ("Cao", 1), ("Đoàn", 1), ("Trịnh", 1), ("Lâm", 1), ("Tạ", 1), ("Châu", 1), ("Quách", 1),
)  # fmt: skip
_BOY_MIDDLE = (
    "Văn",
    "Minh",
    "Gia",
    "Quốc",
    "Hữu",
    "Đức",
    "Thành",
    "Anh",
    "Bảo",
    "Nhật",
    "Hoàng",
    "Tuấn",
    "Xuân",
    "Đình",
    "Trọng",
    "Công",
    "Thiên",
    "Phúc",
    "Khánh",
    "Ngọc",
)
_BOY = (
    "Huy", "Khang", "Khôi", "Bảo", "Nam", "Long", "Phát", "Phúc", "Quân", "Hùng", "Dũng", "Đạt", "Thịnh", "Tiến",
    "Trung", "Kiên", "Duy", "Sơn", "Hải",
    "Tùng", "Việt", "Khoa", "Nghĩa", "Lộc", "Hiếu", "Vinh", "Thắng", "Tâm", "Cường", "Bình", "Phong", "Quang", "Đăng",
    "Triết", "Vỹ", "Nguyên",
)  # fmt: skip
_GIRL_MIDDLE = (
    "Thị",
    "Ngọc",
    "Thanh",
    "Minh",
    "Bảo",
    "Khánh",
    "Phương",
    "Thùy",
    "Kim",
    "Mỹ",
    "Quỳnh",
    "Hoài",
    "Diệu",
    "Gia",
    "Thảo",
    "Ánh",
    "Tường",
    "Yến",
)
_GIRL = (
    "Anh", "Linh", "Trang", "Hương", "Ngân", "Nhi", "Vy", "My", "Thảo", "Trâm", "Hân", "Châu", "Ngọc", "Uyên", "Quyên",
    "Thư", "Như", "Yến", "Mai", "Lan",
    "Hà", "Giang", "Dung", "Hạnh", "Phượng", "Ý", "Ỷ", "Diễm", "Tuyết", "Nguyệt", "Thủy", "Hằng", "Khuê", "Thy", "Xuân",
    "Đào", "Bích", "Kiều",
)  # fmt: skip
TEST_NAMES = (
    ("Nguyễn Thị Huyền Trang", "Nữ", "Kinh"), ("Đặng Ỷ Lan", "Nữ", "Kinh"), ("Hoàng Ngọc Bảo Ngữ", "Nam", "Kinh"),
    ("Y Moan Ênuôl", "Nam", "Ê Đê"),
    ("Giàng A Páo", "Nam", "Mông"), ("Thạch Sô Phi", "Nam", "Khmer"),
)  # fmt: skip
"""Names whose letters are hard; every generated school has them."""

_MINORITIES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    # group: beginnings of boys' names, of girls' names, given names
    "Ê Đê": (("Y",), ("H'",), ("Bhĩm Niê", "Wăn Byă", "Djuăng Mlô", "Thơ Ênuôl", "Nguyên Êban", "Săn Kbuôr", "Hương Adrơng", "Blŭk Hwing")),
    "Mông": (("Giàng A", "Sùng A", "Vàng A", "Thào A", "Lý A"), ("Giàng Thị", "Sùng Thị", "Vàng Thị", "Thào Thị", "Mùa Thị"), ("Chu", "Dế", "Páo", "Sáng", "Vừ", "Mỷ", "Dở", "Chía")),
    "Khmer": (("Thạch", "Sơn", "Kim", "Danh", "Lâm"), ("Thạch Thị", "Sơn Thị", "Kim Thị", "Danh Thị"), ("Sa Rây", "Sô Phol", "Đa Ra", "Rịt Thi", "Sóc Kha", "Chanh Đa", "Phi Rum")),
    "Tày": (("Nông Văn", "Hoàng Văn", "Ma Đình", "Bế Văn"), ("Nông Thị", "Hoàng Thị", "Ma Thị", "Bế Thị"), ("Thuận", "Hiền", "Bằng", "Sao", "Nhung", "Chiến", "Thêm")),
    "Thái": (("Lò Văn", "Cầm Bá", "Quàng Văn", "Tòng Văn"), ("Lò Thị", "Cầm Thị", "Quàng Thị", "Tòng Thị"), ("Ánh", "Pâng", "Inh", "Xôm", "Thưởng", "Ún", "Bun")),
    "Chăm": (("Thành", "Đàng", "Báo", "Quảng"), ("Thị Ngọc", "Đàng Thị", "Hứa Thị"), ("Năng Hoàng", "Phi Long", "Mộng Thùy", "Ngọc Hương", "Thanh Vân")),
    "Hoa": (("Trần Chí", "Lâm Vĩ", "Lý Gia", "Quách Tuấn"), ("Trần Mỹ", "Lâm Huệ", "Lý Bội", "Quách Tú"), ("Cường", "Văn", "Nghi", "San", "Linh", "Quân", "Hào")),
}  # fmt: skip
JOBS = (
    "Nông dân", "Công nhân", "Giáo viên", "Buôn bán", "Kinh doanh", "Thợ may", "Tài xế", "Bác sĩ", "Điều dưỡng",
    "Kế toán", "Kĩ sư", "Bộ đội", "Công an",
    "Thợ xây", "Nhân viên văn phòng", "Nội trợ", "Lao động tự do", "Ngư dân", "Công chức",
)  # fmt: skip
PROVINCES = (
    ("079", "Thành phố Hồ Chí Minh"), ("001", "Thành phố Hà Nội"), ("048", "Thành phố Đà Nẵng"),
    ("066", "Tỉnh Đắk Lắk"), ("092", "Thành phố Cần Thơ"),
    ("040", "Tỉnh Nghệ An"), ("075", "Tỉnh Đồng Nai"), ("096", "Tỉnh Cà Mau"), ("052", "Tỉnh Gia Lai"),
    ("014", "Tỉnh Sơn La"),
)  # fmt: skip
_STREETS = (
    "Lê Lợi",
    "Nguyễn Huệ",
    "Trần Hưng Đạo",
    "Hùng Vương",
    "Lý Thường Kiệt",
    "Phan Đình Phùng",
    "Nguyễn Thị Minh Khai",
    "Điện Biên Phủ",
    "Tỉnh lộ 8",
    "Quốc lộ 22",
    "Hai Bà Trưng",
    "Võ Văn Kiệt",
)
_COMMUNES = (
    "Xã Củ Chi",
    "Xã Bình Mỹ",
    "Xã Thái Mỹ",
    "Phường Tân Định",
    "Phường An Hội",
    "Xã Phú Hòa Đông",
    "Xã Nhuận Đức",
    "Phường Chợ Quán",
)
_MINORITY_SHARE = 0.12


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name with what goes with it."""

    full: str
    sex: str
    ethnic_group: str


class Names:
    """Draws people from one random stream; id numbers come once only.

    Args:
        random: of this school.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._numbers: set[str] = set()
        self._surnames = [name for name, _ in _SURNAMES]
        self._weights = [weight for _, weight in _SURNAMES]

    def taken(self, numbers: set[str]) -> None:
        """Id numbers somebody has already."""
        self._numbers |= numbers

    def kinh(self, sex: str) -> str:
        """A name of the majority's kind; one in four has two middle names."""
        choose = self._random.choice
        middle, given = (_BOY_MIDDLE, _BOY) if sex == "Nam" else (_GIRL_MIDDLE, _GIRL)
        parts = [self._random.choices(self._surnames, self._weights)[0], choose(middle)]
        if self._random.random() < 0.25:
            parts.append(choose([name for name in middle if name != parts[1]]))
        parts.append(choose([name for name in given if name not in parts]))
        return " ".join(parts)

    def person(self) -> Name:
        """A pupil's name."""
        sex = self._random.choice(("Nam", "Nữ"))
        if self._random.random() >= _MINORITY_SHARE:
            return Name(self.kinh(sex), sex, "Kinh")
        group = self._random.choice(sorted(_MINORITIES))
        boys, girls, given = _MINORITIES[group]
        beginning = self._random.choice(boys if sex == "Nam" else girls)
        separator = "" if beginning.endswith("'") else " "
        return Name(f"{beginning}{separator}{self._random.choice(given)}", sex, group)

    def parent(self, child: Name, sex: str) -> str:
        """A father bears his child's surname, a mother her own; a minority's parents are of the same group."""
        if child.ethnic_group == "Kinh":
            name = self.kinh(sex)
            return " ".join([child.full.split()[0], *name.split()[1:]]) if sex == "Nam" else name
        boys, girls, given = _MINORITIES[child.ethnic_group]
        beginning = self._random.choice(boys if sex == "Nam" else girls)
        return f"{beginning}{'' if beginning.endswith(chr(39)) else ' '}{self._random.choice(given)}"

    def id_number(self, year: int, sex: str, province: str = "079") -> str:
        """Twelve digits: province, century and sex, year of birth, six more (Decree 137/2015)."""
        century = (2 if year >= 2000 else 0) + (0 if sex == "Nam" else 1)
        while True:
            number = f"{province}{century}{year % 100:02d}{self._random.randrange(1_000_000):06d}"
            if number not in self._numbers:
                self._numbers.add(number)
                return number

    def address(self) -> str:
        """Where someone lives."""
        return f"{self._random.randrange(1, 400)} {self._random.choice(_STREETS)}, {self._random.choice(_COMMUNES)}, Thành phố Hồ Chí Minh"

    def phone(self) -> str:
        """A number of a range that is not given out."""
        return f"0900{self._random.randrange(1_000_000):06d}"


def plain(name: str) -> str:
    """Letters without marks, for addresses: "Đặng Ỷ Lan" → "dang y lan"."""
    flat = unicodedata.normalize("NFD", name.replace("Đ", "D").replace("đ", "d"))
    return "".join(
        letter for letter in flat if not unicodedata.combining(letter) and (letter.isalnum() or letter == " ")
    ).lower()
