"""Sample snapshots of every kind of document, as records and sync would freeze them; each call gives fresh objects."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from PIL import Image, ImageDraw

from hocba_app.domain.snapshot import (
    SNAPSHOT_FORMAT,
    HistoryRow,
    School,
    SlotField,
    Snapshot,
    Student,
    SubjectRow,
    Verification,
)
from hocba_app.forms.form_version import newest_form

ALL_VIETNAMESE_LETTERS = (
    "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
    "AÀẢÃÁẠĂẰẲẴẮẶÂẦẨẪẤẬBCDĐEÈẺẼÉẸÊỀỂỄẾỆGHIÌỈĨÍỊKLMNOÒỎÕÓỌÔỒỔỖỐỘƠỜỞỠỚỢPQRSTUÙỦŨÚỤƯỪỬỮỨỰVXYỲỶỸÝỴ"
)
NAMES = ("Nguyễn Thị Huyền Trang", "Đặng Ỷ Lan", "Hoàng Ngọc Bảo Ngữ", "Y Moan Ênuôl", "Giàng A Páo", "Thạch Sô Phi")

SUBJECTS = (
    ("VAN", "Ngữ văn", "marked"),
    ("TOAN", "Toán", "marked"),
    ("NN1", "Ngoại ngữ 1 (Tiếng Anh)", "marked"),
    ("GDCD", "Giáo dục công dân", "marked"),
    ("LSDL", "Lịch sử và Địa lí", "marked"),
    ("KHTN", "Khoa học tự nhiên", "marked"),
    ("CN", "Công nghệ", "marked"),
    ("TIN", "Tin học", "marked"),
    ("GDTC", "Giáo dục thể chất", "comment"),
    ("NT", "Nghệ thuật", "comment"),
    ("HDTN", "Hoạt động trải nghiệm, hướng nghiệp", "comment"),
    ("GDDP", "Nội dung giáo dục của địa phương", "comment"),
)
COMMENTS = (
    "Đọc hiểu tốt, bài viết giàu cảm xúc; cần chú ý lỗi chính tả.",
    "Tư duy nhanh, trình bày rõ ràng, có ý thức tự học.",
    "Phát âm chuẩn, vốn từ khá; cần mạnh dạn hơn khi giao tiếp.",
    "Chấp hành tốt nội quy, biết giúp đỡ bạn bè.",
    "Nắm vững kiến thức cơ bản, kĩ năng đọc bản đồ tốt.",
    "Yêu thích thí nghiệm, biết vận dụng kiến thức vào đời sống.",
    "Khéo léo, hoàn thành sản phẩm đúng hạn.",
    "Sử dụng máy tính thành thạo, hợp tác nhóm tốt.",
    "Tích cực luyện tập, thể lực tốt.",
    "Có năng khiếu, cảm thụ tốt.",
    "Chủ động tham gia các hoạt động của lớp, của trường.",
    "Hiểu biết về văn hóa, lịch sử địa phương.",
)
LONG_COMMENT = (
    "Em có nhiều tiến bộ so với học kỳ I: chăm chỉ, cẩn thận, biết tự lập kế hoạch học tập và hoàn thành đầy đủ các "
    "nhiệm vụ được giao; tích cực phát biểu xây dựng bài, biết lắng nghe và tôn trọng ý kiến của bạn. Kĩ năng giải "
    "quyết vấn đề tốt, trình bày mạch lạc. Tuy nhiên đôi lúc còn nóng vội, cần kiểm tra lại kết quả và rèn thêm kĩ năng "
    "ước lượng, đọc biểu đồ để đạt kết quả cao hơn nữa trong năm học tới."
)


def school(level: str = "lower_secondary") -> School:
    """The school of all samples."""
    return School(
        code="79760001",
        name="Trường THCS Kim Đồng",
        level=level,
        commune="Phường Bến Nghé",
        province="Thành phố Hồ Chí Minh",
        department="Sở Giáo dục và Đào tạo Thành phố Hồ Chí Minh",
        tax_code="0312345678",
    )


def verification(code: str = "K7QM-2RTX-9BHD") -> Verification:
    """A public code and its address."""
    return Verification(code=code, url=f"https://hocba.example.vn/v/{code}")


def in_newest_form(snapshot: Snapshot) -> Snapshot:
    """The same record as it would be locked today; without it a sample has the form of before forms had versions."""
    regime = snapshot["results"]["regime"] if snapshot["kind"] == "results" else ""
    snapshot["form"] = newest_form(snapshot["kind"], snapshot["school"]["level"], regime)
    return snapshot


def student(name: str = NAMES[0]) -> Student:
    """What history and results say of a pupil."""
    return Student(code="7976000100123", full_name=name, birth_date="2014-05-12", sex="Nữ", id_number="079314001234")


def photo_jpeg(width: int = 300, height: int = 400) -> bytes:
    """A small picture of nobody."""
    image = Image.new("RGB", (width, height), (196, 214, 232))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.3, height * 0.18, width * 0.7, height * 0.55), fill=(236, 205, 178))
    draw.pieslice((width * 0.1, height * 0.6, width * 0.9, height * 1.5), 180, 360, fill=(60, 84, 130))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


def cover_snapshot(name: str = NAMES[0], *, photo: bytes | None = None, **changes: Any) -> Snapshot:
    """A cover; ``changes`` replace particulars of the pupil."""
    person = student(name)
    person.update(
        ethnic_group="Kinh",
        birth_place="Bệnh viện Từ Dũ, Thành phố Hồ Chí Minh",
        nationality="Việt Nam",
        home_town="Phường An Hội, tỉnh Vĩnh Long",
        register_number="2025/0123",
        admission_date="2025-08-20",
        address="Số 27/5A đường Nguyễn Bỉnh Khiêm, khu phố 3, Phường Bến Nghé, Thành phố Hồ Chí Minh",
        priority_category=None,
        father_name="Nguyễn Văn Thưởng",
        father_job="Kĩ sư xây dựng",
        mother_name="Lê Thị Mỹ Diễm",
        mother_job="Giáo viên",
        guardian_name=None,
        guardian_job=None,
        photo_sha256=hashlib.sha256(photo).hexdigest() if photo else None,
    )
    person.update(changes)  # type: ignore[typeddict-item]
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        kind="cover",
        school=school(),
        student=person,
        school_year=None,
        class_name=None,
        grade=None,
        place="Phường Bến Nghé",
        verification=verification(),
        slots=approval_slots(),
    )


def approval_slots() -> list[SlotField]:
    """Principal and seal: the last two slots of every document."""
    return [
        SlotField(field="principal", stage="principal", rows=[]),
        SlotField(field="seal", stage="seal", rows=[]),
    ]


def history_snapshot(name: str = NAMES[0], years: int = 3) -> Snapshot:
    """QTHT up to 2025-2026, with ``years`` rows."""
    rows = [
        HistoryRow(
            school_year=f"{2026 - back}-{2027 - back}",
            class_name=f"{6 + years - back}A1",
            school_name="Trường THCS Kim Đồng",
            commune="Phường Bến Nghé",
            province="Thành phố Hồ Chí Minh",
            outcome="promoted",
            note=None,
        )
        for back in range(years, 0, -1)
    ]
    return Snapshot(
        format=SNAPSHOT_FORMAT,
        kind="history",
        school=school(),
        student=student(name),
        school_year="2025-2026",
        class_name=rows[-1]["class_name"],
        grade=5 + years,
        place="Phường Bến Nghé",
        verification=verification(),
        slots=approval_slots(),
        history=rows,
    )


def subject_rows() -> list[SubjectRow]:
    """The twelve rows of lower secondary."""
    rows = []
    for number, (code, name, kind) in enumerate(SUBJECTS):
        marks = (f"{7 + number % 3}.{number % 10}", f"{8 + number % 2}.{(number * 3) % 10}", f"8.{(number * 7) % 10}")
        first, second, year = marks if kind == "marked" else ("Đ", "Đ", "Đ")
        rows.append(
            SubjectRow(
                code=code,
                name=name,
                kind=kind,
                term1=first,
                term2=second,
                year=year,
                reassessed=None,
                comment=COMMENTS[number],
                note=None,
            )
        )
    return rows


def results_slots(
    two_teachers: tuple[str, ...] = ("LSDL",), shared: dict[str, list[str]] | None = None
) -> list[SlotField]:
    """One slot a subject; two on the rows in ``two_teachers``; ``shared``: further rows the first teacher also signs."""
    shared = shared or {}
    covered = {row for rows in shared.values() for row in rows}
    slots = [
        SlotField(field=f"s.{code}.{n}", stage="subject", rows=[code, *(shared.get(code, []) if n == 1 else [])])
        for code, _, _ in SUBJECTS
        if code not in covered
        for n in range(1, 3 if code in two_teachers else 2)
    ]
    return [*slots, SlotField(field="homeroom", stage="homeroom", rows=[]), *approval_slots()]


def results_snapshot(name: str = NAMES[0], grade: int = 6, **changes: Any) -> Snapshot:
    """Results of a pupil under TT22; ``changes`` replace entries of ``results``, or ``slots`` as a whole."""
    slots = changes.pop("slots", None) or results_slots()
    snapshot = Snapshot(
        format=SNAPSHOT_FORMAT,
        kind="results",
        school=school(),
        student=student(name),
        school_year="2025-2026",
        class_name=f"{grade}A1",
        grade=grade,
        place="Phường Bến Nghé",
        verification=verification(),
        slots=slots,
        results={
            "regime": "TT22",
            "subjects": subject_rows(),
            "learning": {"term1": "Khá", "term2": "Tốt", "year": "Tốt", "reassessed": None},
            "training": {"term1": "Tốt", "term2": "Tốt", "year": "Tốt", "reassessed": None},
            "absences": {"term1": 2, "term2": 1, "year": 3},
            "promotion": "promoted",
            "promotion_note": None,
            "title": "Học sinh Giỏi",
            "awards": ["Giải Nhì hội thi Tin học trẻ cấp thành phố"],
            "certificates": None,
            "homeroom_comment": "Ngoan, lễ phép, hòa đồng với bạn bè; có tinh thần trách nhiệm, tích cực tham gia các "
            "hoạt động của lớp. Cần mạnh dạn phát biểu ý kiến hơn.",
            "homeroom_comment_after_summer": None,
            "programme_completed": True if grade == 9 else None,
            "departure": None,
        },
    )
    snapshot["results"].update(changes)  # type: ignore[typeddict-item]
    return snapshot


def reassessed_snapshot() -> Snapshot:
    """A pupil locked in August: one subject assessed again, both comments there."""
    snapshot = results_snapshot(
        NAMES[4],
        learning={"term1": "Chưa đạt", "term2": "Đạt", "year": "Chưa đạt", "reassessed": "Đạt"},
        training={"term1": "Khá", "term2": "Khá", "year": "Khá", "reassessed": None},
        title=None,
        awards=[],
        promotion_note="sau đánh giá lại môn Toán",
        homeroom_comment_after_summer="Đã cố gắng ôn tập trong hè, nắm được kiến thức cơ bản môn Toán.",
    )
    toan = snapshot["results"]["subjects"][1]
    toan.update(term1="3.1", term2="3.4", year="3.3", reassessed="5.5", note="Đánh giá lại tháng 8/2026")
    snapshot["results"]["subjects"][9].update(term1="Đ", term2="CĐ", year="CĐ", reassessed="Đ")
    return snapshot


def demanding_snapshot() -> Snapshot:
    """Everything long at once: name, comments of 400 letters, three teachers on a row, a teacher with two rows."""
    slots = results_slots(("LSDL", "KHTN"), {"VAN": ["GDCD"]})
    place = next(i for i, slot in enumerate(slots) if slot["field"] == "s.KHTN.2") + 1
    slots.insert(place, SlotField(field="s.KHTN.3", stage="subject", rows=["KHTN"]))
    snapshot = results_snapshot(
        "Công Tằng Tôn Nữ Hoàng Ngọc Nguyễn Phước Bảo Quỳnh Ênuôl",
        9,
        slots=slots,
        homeroom_comment=LONG_COMMENT,
        certificates="Chứng chỉ Tiếng Anh bậc 3/6; Chứng nhận Nghề phổ thông loại Giỏi",
        awards=["Giải Nhất học sinh giỏi cấp tỉnh môn Khoa học tự nhiên", "Huy chương Vàng Hội khỏe Phù Đổng cấp tỉnh"],
    )
    for index in (1, 4, 5):
        snapshot["results"]["subjects"][index]["comment"] = LONG_COMMENT
    return snapshot


UPPER_SUBJECTS = (
    ("VAN", "Ngữ văn", "marked"),
    ("TOAN", "Toán", "marked"),
    ("NN1", "Ngoại ngữ 1 (Tiếng Anh)", "marked"),
    ("LS", "Lịch sử", "marked"),
    ("GDTC", "Giáo dục thể chất", "comment"),
    ("GDQPAN", "Giáo dục quốc phòng và an ninh", "marked"),
    ("GDKTPL", "Giáo dục kinh tế và pháp luật", "marked"),
    ("VL", "Vật lí", "marked"),
    ("HH", "Hóa học", "marked"),
    ("AN", "Âm nhạc", "comment"),
    ("HDTN", "Hoạt động trải nghiệm, hướng nghiệp", "comment"),
    ("GDDP", "Nội dung giáo dục của địa phương", "comment"),
    ("NN2", "Ngoại ngữ 2 (Tiếng Nhật)", "marked"),
)
"""Required, four chosen, and one optional: thirteen rows, the most a pupil of upper secondary usually has."""
PRIMARY_SUBJECTS = (
    ("TV", "Tiếng Việt"),
    ("TOAN", "Toán"),
    ("NN1", "Ngoại ngữ 1 (Tiếng Anh)"),
    ("DD", "Đạo đức"),
    ("LSDL", "Lịch sử và Địa lí"),
    ("KH", "Khoa học"),
    ("THCN", "Tin học và Công nghệ"),
    ("GDTC", "Giáo dục thể chất"),
    ("AN", "Nghệ thuật (Âm nhạc)"),
    ("MT", "Nghệ thuật (Mĩ thuật)"),
    ("HDTN", "Hoạt động trải nghiệm"),
)
TESTED = ("TV", "TOAN", "NN1", "LSDL", "KH", "THCN")
QUALITIES = ("Yêu nước", "Nhân ái", "Chăm chỉ", "Trung thực", "Trách nhiệm")
GENERAL_COMPETENCIES = ("Tự chủ và tự học", "Giao tiếp và hợp tác", "Giải quyết vấn đề và sáng tạo")
SPECIFIC_COMPETENCIES = ("Ngôn ngữ", "Tính toán", "Khoa học", "Công nghệ", "Tin học", "Thẩm mĩ", "Thể chất")


def slots_of(codes: tuple[str, ...], homeroom_rows: tuple[str, ...] = ()) -> list[SlotField]:
    """One slot a subject; the rows of the homeroom teacher in one slot at the first of them."""
    own = [code for code in codes if code in homeroom_rows]
    slots = [
        SlotField(field=f"s.{code}.1", stage="subject", rows=own if code in own else [code])
        for code in codes
        if code not in own[1:]
    ]
    return [*slots, SlotField(field="homeroom", stage="homeroom", rows=[]), *approval_slots()]


def upper_snapshot(name: str = NAMES[2], grade: int = 10, **changes: Any) -> Snapshot:
    """Results of upper secondary under TT22."""
    rows = [
        SubjectRow(
            code=code,
            name=label,
            kind=kind,
            reassessed=None,
            comment=COMMENTS[number % len(COMMENTS)],
            note=None,
            **dict.fromkeys(("term1", "term2", "year"), f"{6 + number % 4}.{number % 10}" if kind == "marked" else "Đ"),
        )
        for number, (code, label, kind) in enumerate(UPPER_SUBJECTS)
    ]
    codes = tuple(code for code, _, _ in UPPER_SUBJECTS)
    snapshot = results_snapshot(
        name, grade, slots=slots_of(codes), subjects=rows, programme_completed=True if grade == 12 else None, **changes
    )
    _rename(snapshot, "upper_secondary", "Trường THPT Nguyễn Thị Minh Khai", f"{grade}A5")
    return snapshot


def tt26_snapshot(name: str = NAMES[4], grade: int = 9, **changes: Any) -> Snapshot:
    """A year before TT22: Học lực, Hạnh kiểm and the mean of all subjects."""
    values: dict[str, Any] = {
        "regime": "TT26",
        "learning": {"term1": "Khá", "term2": "Giỏi", "year": "Giỏi", "reassessed": None},
        "averages": {"term1": "7.9", "term2": "8.3", "year": "8.2", "reassessed": None},
        "title": "Học sinh giỏi",
        "certificates": "Nghề phổ thông: Tin học văn phòng, loại Giỏi",
    }
    snapshot = results_snapshot(name, grade, **(values | changes))
    for row in snapshot["results"]["subjects"]:
        row["comment"] = None
    snapshot["school_year"] = "2019-2020"
    return snapshot


def primary_snapshot(name: str = NAMES[5], grade: int = 4, **changes: Any) -> Snapshot:
    """Results of a primary pupil; the homeroom teacher takes five rows, specialists the rest."""
    rows = [
        SubjectRow(
            code=code,
            name=label,
            kind="marked" if code in TESTED else "comment",
            term1=None,
            term2=None,
            year="H" if code == "GDTC" else "T",
            reassessed=None,
            comment=COMMENTS[number],
            note=None,
            test=str(8 + number % 3) if code in TESTED else None,
        )
        for number, (code, label) in enumerate(PRIMARY_SUBJECTS)
    ]
    codes = tuple(code for code, _ in PRIMARY_SUBJECTS)
    values: dict[str, Any] = {
        "regime": "TT27",
        "subjects": rows,
        "height_cm": "128.5",
        "weight_kg": "27",
        "learning": {"term1": None, "term2": None, "year": "Hoàn thành tốt", "reassessed": None},
        "training": dict.fromkeys(("term1", "term2", "year", "reassessed")),
        "absences": {"term1": 1, "term2": 2, "year": 3, "excused": 3, "unexcused": 0},
        "title": "Học sinh Tiêu biểu hoàn thành tốt trong học tập và rèn luyện",
        "homeroom_comment": None,
        "qualities": [{"name": label, "level": "T"} for label in QUALITIES],
        "qualities_comment": "Ngoan, lễ phép, yêu quý bạn bè; biết giữ gìn đồ dùng học tập và của công.",
        "general_competencies": [{"name": label, "level": "Đ"} for label in GENERAL_COMPETENCIES],
        "general_comment": "Biết tự phục vụ, tự quản; mạnh dạn khi giao tiếp, trình bày rõ ràng.",
        "specific_competencies": [{"name": label, "level": "T"} for label in SPECIFIC_COMPETENCIES],
        "specific_comment": "Có khả năng tính toán nhanh, sử dụng ngôn ngữ phù hợp; yêu thích vẽ và hát.",
        "programme_completed": True if grade == 5 else None,
    }
    slots = slots_of(codes, ("TV", "TOAN", "DD", "LSDL", "KH", "HDTN"))
    snapshot = results_snapshot(name, grade, slots=changes.pop("slots", slots), **(values | changes))
    _rename(snapshot, "primary", "Trường Tiểu học Lê Văn Tám", f"{grade}/3")
    return snapshot


def homeroom_signs_snapshot() -> Snapshot:
    """A primary pupil whose homeroom teacher signs once for all his rows: those rows have no slot of their own."""
    specialists = ("NN1", "GDTC", "AN", "MT")
    return primary_snapshot(NAMES[0], 3, slots=slots_of(specialists))


def demanding_primary_snapshot() -> Snapshot:
    """Long comments everywhere, every subject with its own teacher, the last year."""
    codes = tuple(code for code, _ in PRIMARY_SUBJECTS)
    snapshot = primary_snapshot(
        "Công Tằng Tôn Nữ Hoàng Ngọc Nguyễn Phước Bảo Quỳnh Ênuôl",
        5,
        slots=slots_of(codes),
        qualities_comment=LONG_COMMENT,
        general_comment=LONG_COMMENT,
        specific_comment=LONG_COMMENT * 2,
        homeroom_comment=LONG_COMMENT,
        awards=["Giải Nhất Viết chữ đẹp cấp tỉnh", "Huy chương Vàng Hội khỏe Phù Đổng"],
    )
    for number in (0, 1, 5, 9):
        snapshot["results"]["subjects"][number]["comment"] = LONG_COMMENT
    return snapshot


def made_up_primary_snapshot() -> Snapshot:
    """First grade: not completed in May, completed after supplementary assessment."""
    snapshot = primary_snapshot(NAMES[3], 1, title=None, awards=[])
    snapshot["results"]["learning"] = {
        "term1": None,
        "term2": None,
        "year": "Chưa hoàn thành",
        "reassessed": None,
    }
    snapshot["results"]["subjects"][1].update(year="C", test="4", reassessed="H", reassessed_test="6")
    return snapshot


def fifteen_subjects_snapshot() -> Snapshot:
    """More rows than one page of upper secondary holds."""
    snapshot = upper_snapshot()
    rows, slots = snapshot["results"]["subjects"], snapshot["slots"]
    for code, name in (("SH", "Sinh học"), ("TIN", "Tin học")):
        rows.append(rows[7] | {"code": code, "name": name})
        slots.insert(-3, SlotField(field=f"s.{code}.1", stage="subject", rows=[code]))
    return snapshot


def _rename(snapshot: Snapshot, level: str, name: str, class_name: str) -> None:
    snapshot["school"] = school(level) | {"name": name}  # type: ignore[assignment]
    snapshot["class_name"] = class_name


def primary_history(years: int = 5) -> Snapshot:
    """QTHT of a primary pupil, with register number and date of admission."""
    snapshot = history_snapshot(NAMES[5], years)
    snapshot["student"] |= {"register_number": "0123/2021", "admission_date": "2021-08-20"}  # type: ignore[typeddict-item]
    for number, row in enumerate(snapshot["history"] or [], 1):
        row.update(class_name=f"{number}/3", school_name="Trường Tiểu học Lê Văn Tám")
    _rename(snapshot, "primary", "Trường Tiểu học Lê Văn Tám", f"{years}/3")
    snapshot["grade"] = years
    snapshot["history"][1].update(outcome="moved", note="Chuyển đến từ Trường Tiểu học Kim Đồng ngày 12/10/2022")
    return snapshot


def primary_cover() -> Snapshot:
    """A primary cover: nationality and home town besides."""
    snapshot = cover_snapshot(NAMES[5])
    snapshot["school"] = school("primary") | {"name": "Trường Tiểu học Lê Văn Tám"}  # type: ignore[assignment]
    return snapshot
