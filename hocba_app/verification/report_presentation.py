"""A report in words: three answers for a lay reader, and a table for an expert, one row a signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hocba_app.domain.school_calendar import VIETNAM, local_text
from hocba_app.verification.reason_wording import WORDING
from hocba_app.verification.reasons import ALTERS, Reason
from hocba_app.verification.report_model import FileReport, Finding, SignatureReport, Status
from hocba_app.verification.slot_words import slot_words

Reply = Literal["yes", "no", "unknown"]

STATUS_SENTENCES: dict[Status, str] = {
    "current": "Bản này đang có giá trị.",
    "out_of_date": "Dữ liệu đã thay đổi sau khi ký bản này. Hãy hỏi nhà trường về bản mới.",
    "void": "Bản này đã bị hủy và không còn giá trị. Hãy xin nhà trường bản mới.",
    "unknown": "Hệ thống này không có bản học bạ mang mã đó.",
}
_HEADLINES = {
    "valid": "Học bạ hợp lệ.",
    "invalid": "Không công nhận được tệp này.",
    "indeterminate": "Chưa đủ căn cứ để kết luận.",
}
_NO_END = 9000
_KINDS = {"cover": "Bìa học bạ", "history": "Quá trình học tập", "results": "Kết quả học tập"}
_INTEGRITY = {"intact": "Nguyên vẹn từ lúc ký", "altered": "Đã bị thay đổi", "unknown": "Không xác định được"}
_TRUST = {
    "trusted": "Thuộc hệ thống tin cậy",
    "untrusted": "Không thuộc hệ thống tin cậy",
    "unknown": "Chưa xác định được",
}
_REVOCATION = {
    "good": "Không bị thu hồi (theo bằng chứng lưu trong tệp)",
    "revoked": "Đã bị thu hồi",
    "unknown": "Chưa có bằng chứng dùng được về thu hồi",
}
_ORDER = {"ok": "Đúng thứ tự", "wrong": "Sai thứ tự", "unknown": "Không xác định"}
_COVERAGE = {
    "whole_file": "Toàn bộ tệp",
    "revision": "Toàn bộ nội dung có tại lúc ký",
    "partial": "Chỉ một phần nội dung",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One of the three answers."""

    question: str
    reply: Reply
    sentence: str


@dataclass(frozen=True, slots=True)
class LaySigner:
    """One who signed, as a parent reads it."""

    role: str
    name: str
    when: str
    """Vietnam's time by the time stamp, or the signer's own claim, which is then said so; "" without either."""
    reply: Reply


@dataclass(frozen=True, slots=True)
class SimpleReport:
    """For a lay reader: the headline, three answers, who signed, and why not where it is so."""

    headline: str
    verdict: str
    unaltered: Answer
    issued: Answer
    signed: Answer
    signers: tuple[LaySigner, ...]
    standing: str | None
    """The version's status at the school that issued it; None where this installation does not know it."""
    reasons: tuple[str, ...]
    guarantee: str = ""
    """Until when a valid file proves itself; "" for any other."""

    @property
    def answers(self) -> tuple[Answer, Answer, Answer]:
        """The three, in their order."""
        return self.unaltered, self.issued, self.signed


@dataclass(frozen=True, slots=True)
class DetailedSignature:
    """For an expert: one signature or document time stamp."""

    field: str
    role: str
    signer: str
    subject: str
    authority: str
    validity: str
    claimed_at: str
    timestamp: str
    integrity: str
    coverage: str
    trust: str
    valid_at_signing: str
    revocation: str
    order: str


@dataclass(frozen=True, slots=True)
class DetailedReport:
    """For an expert."""

    sha256: str
    method: str
    record: str
    reasons: tuple[tuple[str, str], ...]
    """Code and sentence."""
    signatures: tuple[DetailedSignature, ...]


def simple_report(report: FileReport) -> SimpleReport:
    """The three answers."""
    codes = {finding.code for finding in report.reasons}
    return SimpleReport(
        headline=_HEADLINES[report.verdict],
        verdict=report.verdict,
        unaltered=_unaltered(report, codes),
        issued=_issued(report, codes),
        signed=_signed(report, codes),
        signers=tuple(_lay_signer(item) for item in report.signatures if item.role != "archive"),
        standing=STATUS_SENTENCES[report.status] if report.status != "unknown" else None,
        reasons=_reason_sentences(report),
        guarantee=_guarantee(report),
    )


def _reason_sentences(report: FileReport) -> tuple[str, ...]:
    """Each reason once, with all the signatures it is about: sixteen missing ones are one sentence."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in report.reasons:
        same = (
            (finding.code, finding.means, finding.todo) if finding.field and finding.means else (finding.text, "", "")
        )
        groups.setdefault(same, []).append(finding)
    return tuple(_as_one(report, found) for found in groups.values())


def _as_one(report: FileReport, found: list[Finding]) -> str:
    first = found[0]
    if len(found) == 1:
        return first.text
    of = "; ".join(report.slot_words.get(each.field) or slot_words(each.field) for each in found)
    return f"{WORDING[Reason(first.code)].what.format(field=of)} {first.means} {first.todo}"


def _guarantee(report: FileReport) -> str:
    if report.guaranteed_until is None:
        return ""
    day = datetime.fromisoformat(report.guaranteed_until).astimezone(VIETNAM)
    if day.year > _NO_END:
        return "Bằng chứng lưu trong tệp chưa có hạn kết thúc."
    return f"Bảo đảm đến {day:%d/%m/%Y}: đến ngày này tệp tự chứng minh được, sau đó cần bản đã gia hạn lưu trữ."


def detailed_report(report: FileReport) -> DetailedReport:
    """Everything, one row a signature."""
    origin = report.origin
    record = (
        f"{_KINDS.get(origin.kind, origin.kind)}, bản {origin.version}, {origin.school} (MST {origin.tax_code})"
        if origin
        else ""
    )
    methods = {"replay": "Dựng lại từng lần cập nhật và so từng byte", "analysis": "Phân tích tổng quát bằng pyHanko"}
    return DetailedReport(
        sha256=report.sha256,
        method=methods.get(report.method, ""),
        record=record,
        reasons=tuple((finding.code, finding.text) for finding in report.reasons),
        signatures=tuple(_detailed(item) for item in report.signatures),
    )


def _is_copy(report: FileReport, codes: set[str]) -> bool:
    """A record that another program wrote anew: its signatures say nothing of this file, neither way."""
    return Reason.RESAVED_COPY in codes and report.integrity != "intact" and not codes & ALTERS


def _unaltered(report: FileReport, codes: set[str]) -> Answer:
    question = "Nội dung có bị sửa đổi không?"
    if _is_copy(report, codes):
        return Answer(question, "unknown", "Tệp này là bản lưu lại nên không đối chiếu được với chữ ký số.")
    if report.integrity == "altered" or codes & {Reason.UPDATE_NOT_OURS, Reason.BASE_NOT_OURS}:
        return Answer(question, "no", "Có. Tệp đã bị sửa đổi hoặc thêm bớt sau khi ký.")
    if report.integrity == "intact":
        return Answer(question, "yes", "Không. Nội dung còn nguyên vẹn từ lúc ký.")
    if report.integrity == "unsigned":
        return Answer(question, "unknown", "Tệp không có chữ ký số nên không thể biết.")
    if Reason.UPDATE_UNCLEAR in codes:
        return Answer(
            question, "unknown", "Tệp được ghi thêm sau khi ký theo cách chưa phân tích được nên không thể biết chắc."
        )
    if report.signatures:
        return Answer(question, "unknown", "Có chữ ký chưa kiểm tra được nên không thể biết chắc.")
    if Reason.NOT_JUDGED in codes:
        return Answer(question, "unknown", "Chưa phân tích được tệp nên không thể biết.")
    return Answer(question, "unknown", "Không đọc được tệp nên không thể biết.")


def _issued(report: FileReport, codes: set[str]) -> Answer:
    question = "Có đúng do nhà trường phát hành không?"
    if _is_copy(report, codes):
        return Answer(question, "unknown", "Bản lưu lại không chứng minh được điều này; hãy lấy tệp gốc.")
    if report.issued_here and report.origin is not None:
        school = report.origin.school
        if Reason.ISSUER_SELF_DECLARED in codes:
            return Answer(
                question,
                "unknown",
                f"Con dấu số mang tên và mã số thuế của trường ghi trên học bạ ({school}), nhưng chưa có danh sách trường để "
                "đối chiếu.",
            )
        return Answer(question, "yes", f"Đúng. Học bạ mang con dấu số của {school}.")
    if report.origin is None:
        return Answer(question, "unknown", "Tệp không phải học bạ do hệ thống này lập.")
    if Reason.NOT_ON_RECORD in codes:
        return Answer(question, "no", "Không. Hệ thống của trường không lưu bản học bạ này.")
    if "seal" not in {item.field for item in report.signatures}:
        return Answer(question, "no", "Chưa. Học bạ chưa được nhà trường đóng dấu số.")
    if Reason.NO_TRUST in codes:
        return Answer(question, "unknown", "Chưa cấu hình chứng thư gốc tin cậy nên chưa biết con dấu có thật không.")
    if codes & {Reason.ISSUER_DOUBTFUL, Reason.SEAL_NAME_UNCONFIRMED}:
        return Answer(
            question, "unknown", "Chưa rõ. Con dấu số mang tên khác tên trường ghi trên học bạ hoặc trong danh sách."
        )
    if codes & _DOUBTS and report.verdict == "indeterminate":
        school = report.origin.school
        return Answer(question, "unknown", f"Con dấu số ghi là của {school}, nhưng {_doubt(codes)}.")
    return Answer(question, "no", "Không. Con dấu số không được công nhận là của trường ghi trên học bạ.")


def _signed(report: FileReport, codes: set[str]) -> Answer:
    question = "Có đúng những người này đã ký không?"
    if _is_copy(report, codes):
        return Answer(question, "unknown", "Chữ ký số không kiểm tra được ở bản lưu lại; hãy lấy tệp gốc.")
    people = [item for item in report.signatures if item.role != "archive"]
    if not people:
        return Answer(question, "unknown", "Không có chữ ký nào đọc được.")
    if codes & {Reason.WRONG_SIGNER, Reason.WRONG_NAME, Reason.SLOT_UNKNOWN}:
        return Answer(question, "no", "Không. Có chữ ký không phải của người được phân công.")
    if Reason.SIGNATURE_BROKEN in codes:
        return Answer(question, "no", "Không. Có chữ ký bị hỏng, không đọc được.")
    if any(item.integrity == "altered" for item in people):
        return Answer(question, "no", "Không. Có chữ ký không còn đúng với nội dung.")
    if any(item.trust == "untrusted" for item in people):
        return Answer(question, "no", "Không. Có chứng thư số không được công nhận tại thời điểm ký.")
    if Reason.SLOT_MISSING in codes:
        return Answer(question, "no", "Còn thiếu chữ ký so với yêu cầu.")
    if Reason.WRONG_ORDER in codes:
        return Answer(question, "no", "Không. Có chữ ký không đúng thứ tự quy định.")
    if codes & {Reason.TIMESTAMP_INVALID, Reason.TIMESTAMP_UNTRUSTED, Reason.TIME_MISMATCH, Reason.NO_TIMESTAMP}:
        return Answer(question, "no", "Thời điểm ký của ít nhất một chữ ký không được chứng nhận đúng.")
    if codes & _DOUBTS:
        return Answer(question, "unknown", f"Chữ ký khớp với nội dung, nhưng {_doubt(codes)}.")
    if any(item.trust != "trusted" for item in people) or report.origin is None:
        return Answer(question, "unknown", "Chữ ký đọc được, nhưng chưa đủ căn cứ để biết người ký.")
    return Answer(question, "yes", f"Đúng. Cả {len(people)} chữ ký đều của người được phân công, ký đúng thứ tự.")


_DOUBTS = frozenset({Reason.NOT_ARCHIVED, Reason.REVOCATION_UNKNOWN, Reason.PROOF_EXPIRED, Reason.ALGORITHM_EXPIRED})


def _doubt(codes: set[str]) -> str:
    if codes & {Reason.PROOF_EXPIRED, Reason.ALGORITHM_EXPIRED}:
        return "bằng chứng về thời điểm ký đã hết hạn bảo đảm mà không được gia hạn kịp thời"
    if Reason.NOT_ARCHIVED in codes:
        return "tệp chưa được lưu trữ nên chưa biết chứng thư số còn hiệu lực lúc ký hay không"
    return "tệp không có bằng chứng dùng được về việc chứng thư số có bị thu hồi hay không"


def _lay_signer(item: SignatureReport) -> LaySigner:
    if item.timestamp_time:
        when = _local(item.timestamp_time)
    else:
        when = f"{_local(item.signing_time)} (tự khai)" if item.signing_time else ""
    reply: Reply = "unknown"
    if item.integrity == "altered" or item.trust == "untrusted" or item.order == "wrong":
        reply = "no"
    elif item.integrity == "intact" and item.trust == "trusted" and item.detail.revocation != "unknown":
        reply = "yes"
    return LaySigner(item.role if item.role != "unknown" else slot_words(item.field), item.signer, when, reply)


def _detailed(item: SignatureReport) -> DetailedSignature:
    detail = item.detail
    validity = (
        f"{_local(detail.valid_from)} – {_local(detail.valid_to)}" if detail.valid_from and detail.valid_to else ""
    )
    stamp = _local(item.timestamp_time) if item.timestamp_time else "Không có"
    if item.timestamp_time:
        stamp += " (hợp lệ)" if detail.timestamp_ok else " (không hợp lệ)"
    at_signing = {True: "Còn hiệu lực lúc ký", False: "Không có hiệu lực lúc ký", None: "Không xác định"}[
        detail.valid_at_signing
    ]
    return DetailedSignature(
        field=item.field,
        role="Dấu thời gian lưu trữ" if item.role == "archive" else item.role,
        signer=item.signer,
        subject=item.subject,
        authority=detail.authority,
        validity=validity,
        claimed_at=_local(item.signing_time),
        timestamp=stamp,
        integrity=_INTEGRITY[item.integrity],
        coverage=_COVERAGE[item.coverage],
        trust=_TRUST[item.trust],
        valid_at_signing=at_signing,
        revocation=_REVOCATION[detail.revocation],
        order=_ORDER[item.order],
    )


def _local(instant: str | None) -> str:
    return local_text(datetime.fromisoformat(instant)) if instant else ""
