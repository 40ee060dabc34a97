"""What teachers write: comments by subject and level, the homeroom teacher's words, awards."""

from __future__ import annotations

from random import Random

_BY_MARK = (
    (90, ("Nắm rất chắc kiến thức, vận dụng sáng tạo.", "Học tập xuất sắc, chủ động tìm tòi, giúp đỡ bạn.", "Tư duy tốt, trình bày rõ ràng, kết quả nổi bật.")),
    (80, ("Nắm vững kiến thức, tích cực xây dựng bài.", "Học tốt, có ý thức tự học; cần mạnh dạn hơn khi trình bày.", "Tiếp thu nhanh, làm bài cẩn thận.")),
    (65, ("Có cố gắng, nắm được kiến thức cơ bản.", "Học khá, cần luyện tập thêm bài vận dụng.", "Tiến bộ rõ trong học kì II; cần đọc kĩ đề hơn.")),
    (50, ("Đạt yêu cầu; cần chăm chỉ hơn.", "Còn lúng túng khi vận dụng, cần ôn lại kiến thức cũ.", "Cần tập trung trong giờ học và làm bài tập đầy đủ.")),
    (0, ("Chưa nắm được kiến thức cơ bản, cần ôn tập thêm trong hè.", "Cần cố gắng nhiều hơn; gia đình phối hợp nhắc nhở việc học.")),
)  # fmt: skip
_BY_SUBJECT = {
    "VAN": ("Diễn đạt mạch lạc, cảm thụ tốt.", "Viết có cảm xúc, cần chú ý chính tả."),
    "TOAN": ("Tính toán chính xác, lập luận chặt chẽ.", "Kĩ năng hình học cần rèn thêm."),
    "NN1": ("Phát âm rõ, vốn từ khá.", "Nghe hiểu tốt, cần luyện viết."),
    "KHTN": ("Thực hành thí nghiệm cẩn thận.", "Ham tìm hiểu, quan sát tốt."),
    "LSDL": ("Nhớ sự kiện, biết liên hệ thực tế.", "Đọc bản đồ tốt."),
    "TIN": ("Thao tác thành thạo trên máy tính.", "Tư duy thuật toán tốt."),
}  # fmt: skip
_PASSED = {
    "GDTC": ("Tích cực luyện tập, thể lực tốt.", "Thực hiện đúng kĩ thuật động tác."),
    "NT": ("Có năng khiếu, hoàn thành tốt sản phẩm.", "Hát đúng giai điệu, vẽ có sáng tạo."),
    "HDTN": ("Tham gia hoạt động nhiệt tình, hợp tác tốt.", "Chủ động trong các hoạt động tập thể."),
    "GDDP": ("Hiểu biết về quê hương, tích cực tìm hiểu.", "Hoàn thành tốt các chủ đề."),
}  # fmt: skip
_HOMEROOM = {
    "Tốt": ("Ngoan, lễ phép, học tập tốt, gương mẫu trong các hoạt động.", "Chăm học, có trách nhiệm với tập thể, được bạn bè quý mến.", "Tự giác, trung thực; phát huy trong năm học tới."),
    "Khá": ("Ngoan, có ý thức vươn lên trong học tập; cần mạnh dạn phát biểu.", "Hòa đồng, chấp hành tốt nội quy; cần đều hơn ở các môn.", "Có cố gắng, hoàn thành nhiệm vụ được giao."),
    "Đạt": ("Ngoan nhưng học chưa đều, cần chăm chỉ hơn.", "Chấp hành nội quy; cần tập trung hơn trong giờ học.", "Hiền, ít nói; cần sự quan tâm thêm của gia đình."),
    "Chưa đạt": ("Còn nhiều hạn chế trong học tập, cần ôn tập trong hè.", "Cần cố gắng hơn và phối hợp chặt chẽ với gia đình."),
}  # fmt: skip
_SAME_AS = {
    "Giỏi": "Tốt", "Trung bình": "Đạt", "Yếu": "Chưa đạt", "Kém": "Chưa đạt", "Hoàn thành xuất sắc": "Tốt",
    "Hoàn thành tốt": "Tốt", "Hoàn thành": "Khá",
    "Chưa hoàn thành": "Chưa đạt",
}  # fmt: skip
"""Other regimes' levels."""
_PRIMARY = {
    "T": (
        "Hoàn thành tốt nội dung môn học, hứng thú học tập.",
        "Tích cực phát biểu, làm bài nhanh và đúng.",
        "Nắm chắc kiến thức, biết vận dụng.",
    ),
    "H": (
        "Hoàn thành nội dung môn học, cần mạnh dạn hơn.",
        "Có cố gắng; cần luyện tập thêm.",
        "Đọc, viết tiến bộ; cần cẩn thận hơn.",
    ),
    "C": ("Chưa hoàn thành nội dung môn học, cần được kèm thêm trong hè.",),
}
TRAIT_COMMENTS = {
    "qualities": (
        "Lễ phép, đoàn kết với bạn, thật thà.",
        "Yêu trường lớp, biết giúp đỡ mọi người.",
        "Chăm chỉ, có trách nhiệm với việc được giao.",
    ),
    "general_competencies": (
        "Biết tự học, mạnh dạn trao đổi với bạn.",
        "Hợp tác nhóm tốt, biết giải quyết tình huống.",
        "Có ý thức tự giác, cần mạnh dạn hơn.",
    ),
    "specific_competencies": (
        "Ngôn ngữ, tính toán tốt; khéo tay.",
        "Phát triển đều các năng lực.",
        "Có năng khiếu thẩm mĩ, vận động khéo léo.",
    ),
}
AWARDS = (
    "Giải Nhất cuộc thi Khoa học kĩ thuật cấp trường", "Giải Khuyến khích học sinh giỏi môn Toán cấp xã",
    "Giải Ba Hội khỏe Phù Đổng môn Điền kinh",
    "Giải Nhì cuộc thi Viết thư quốc tế UPU cấp trường", "Giải Ba cuộc thi Tin học trẻ",
    "Khen thưởng thành tích đột xuất: nhặt được của rơi trả người mất",
)  # fmt: skip
CERTIFICATES = ("Chứng chỉ Cambridge A2 Key", "Chứng nhận Tin học IC3 Spark", "Chứng chỉ TOEFL Junior")


def subject_comment(random: Random, code: str, value: str, tenths: int | None) -> str:
    """One teacher's comment on one pupil's year.

    Args:
        tenths: the year's average; None for a subject assessed by comments.
    """
    if tenths is None:
        return (
            random.choice(_PASSED.get(code, ("Hoàn thành các yêu cầu của môn học.",)))
            if value == "Đ"
            else "Chưa hoàn thành yêu cầu, cần rèn luyện thêm."
        )
    general = random.choice(next(texts for least, texts in _BY_MARK if tenths >= least))
    if tenths >= 65 and code in _BY_SUBJECT and random.random() < 0.5:
        return random.choice(_BY_SUBJECT[code])
    return general


def primary_comment(random: Random, level: str) -> str:
    """The teacher's comment on a subject in a primary school."""
    return random.choice(_PRIMARY[level])


USUAL = {"TT22": "Khá", "TT43": "Khá", "TT26": "Khá", "TT27": "Hoàn thành"}
"""The level that stands for a pupil who has none, because the law asks none of him."""


def homeroom_comment(random: Random, learning: str) -> str:
    """The homeroom teacher's comment on the year."""
    return random.choice(_HOMEROOM[_SAME_AS.get(learning, learning)])
