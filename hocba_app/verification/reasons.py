"""Why a verdict is what it is: codes for machines, sentences for a parent or a clerk."""

from __future__ import annotations

from enum import StrEnum

from hocba_app.verification.report_model import FileReport, Finding


class Reason(StrEnum):
    """Stored in reports and shown beside the sentence: never rename, only add."""

    UNREADABLE = "unreadable"  # not a PDF, broken, or beyond the limits of the reader
    TOO_LARGE = "too_large"
    LIMIT_EXCEEDED = "limit_exceeded"  # the reader was stopped for time or memory
    UNSIGNED = "unsigned"
    SIGNATURE_ALTERED = "signature_altered"  # a digest or signature value does not hold
    CHANGED_AFTER_SIGNING = "changed_after_signing"  # something other than signing came after a signature
    NOT_WHOLE_FILE = "not_whole_file"  # the last signature or time stamp does not cover the file
    UPDATE_NOT_OURS = "update_not_ours"  # an update is not, byte for byte, what our writer emits
    BASE_NOT_OURS = (
        "base_not_ours"  # the pages, fields or manifest are not what our layout emits: something may hide there
    )
    WRITER_UNKNOWN = "writer_unknown"  # a record of a newer version of this software, which cannot be replayed here
    UNTRUSTED_CHAIN = "untrusted_chain"
    CERTIFICATE_EXPIRED = "certificate_expired"  # not valid at the time of the time stamp
    CERTIFICATE_REVOKED = "certificate_revoked"
    NO_TIMESTAMP = "no_timestamp"
    TIMESTAMP_INVALID = "timestamp_invalid"
    TIME_MISMATCH = "time_mismatch"  # claimed time and time stamp lie too far apart
    SLOT_MISSING = "slot_missing"  # a required signature is not there (truncated, or not finished)
    SLOT_UNKNOWN = "slot_unknown"  # a signature in no slot of the manifest
    WRONG_ORDER = "wrong_order"
    WRONG_SIGNER = "wrong_signer"  # a certificate that is not the assigned person's
    WRONG_NAME = "wrong_name"  # the assigned person's number under another name, for which nobody vouches
    NAME_MARKS = "name_marks"  # the name in the certificate differs in diacritics only
    NAME_ACCEPTED = "name_accepted"  # another name, accepted by the principal in writing; the seal vouches for it
    SEAL_WRONG_SCHOOL = "seal_wrong_school"
    SEAL_NAME = "seal_name"  # the school's tax code under a name written otherwise
    ISSUER_NOT_LISTED = "issuer_not_listed"
    ISSUER_SELF_DECLARED = "issuer_self_declared"
    FOREIGN = "foreign"  # no manifest of ours: nothing says who should have signed
    MANIFEST_BROKEN = "manifest_broken"
    VOID = "void"
    OUT_OF_DATE = "out_of_date"
    NOT_ON_RECORD = "not_on_record"  # our manifest, but this installation does not know the file
    NO_TRUST = "no_trust"  # no trusted roots were given
    SIGNATURE_BROKEN = "signature_broken"  # a signature that cannot even be read
    SIGNATURE_KIND = "signature_kind"  # a signature of a kind this software does not know
    FIELDS_BROKEN = "fields_broken"  # the tree of form fields cannot be walked: there may be more signatures
    NOT_ARCHIVED = "not_archived"  # nothing in the file tells whether a certificate was revoked; a record just sealed is so for a while
    REVOCATION_UNKNOWN = "revocation_unknown"  # the file has evidence, but none that counts for this certificate
    PROOF_EXPIRED = (
        "proof_expired"  # the last time stamp that proves this signature has ended, and no later one was added in time
    )
    ALGORITHM_EXPIRED = "algorithm_expired"  # the same because its hash or key is no longer relied on
    TIME_ORDER = "time_order"  # a trusted time before that of a signature it covers
    EVIDENCE_BROKEN = "evidence_broken"  # certificates or revocation data in the file cannot be read


SENTENCES: dict[Reason, str] = {
    Reason.UNREADABLE: "Không đọc được tệp này như một tệp PDF. Hãy kiểm tra lại tệp hoặc xin nhà trường cấp lại.",
    Reason.TOO_LARGE: "Tệp quá lớn để kiểm tra. Học bạ do hệ thống cấp không lớn như vậy.",
    Reason.LIMIT_EXCEEDED: "Việc kiểm tra bị dừng vì tệp làm tốn quá nhiều thời gian hoặc bộ nhớ. Không nên tin tệp này.",
    Reason.UNSIGNED: "Tệp không có chữ ký số nào.",
    Reason.SIGNATURE_ALTERED: "Nội dung đã bị thay đổi sau khi ký (ô {field}). Không sử dụng tệp này.",
    Reason.CHANGED_AFTER_SIGNING: "Sau chữ ký ở ô {field} có thay đổi không phải là ký tiếp. Không sử dụng tệp này.",
    Reason.NOT_WHOLE_FILE: "Có phần nội dung thêm vào sau chữ ký cuối cùng. Không sử dụng tệp này.",
    Reason.UPDATE_NOT_OURS: "Một lần cập nhật trong tệp không phải do phần mềm học bạ ghi. Không sử dụng tệp này.",
    Reason.BASE_NOT_OURS: "Phần gốc của tệp có thành phần lạ mà phần mềm học bạ không ghi. Không sử dụng tệp này.",
    Reason.WRITER_UNKNOWN: "Tệp do một phiên bản phần mềm khác lập; hãy kiểm tra bằng phiên bản mới hơn.",
    Reason.UNTRUSTED_CHAIN: "Chứng thư số ở ô {field} không thuộc hệ thống tin cậy.",
    Reason.CERTIFICATE_EXPIRED: "Chứng thư số ở ô {field} không còn (hoặc chưa có) hiệu lực tại thời điểm ký.",
    Reason.CERTIFICATE_REVOKED: "Chứng thư số ở ô {field} đã bị thu hồi trước thời điểm ký.",
    Reason.NO_TIMESTAMP: "Chữ ký ở ô {field} không có dấu thời gian tin cậy.",
    Reason.TIMESTAMP_INVALID: "Dấu thời gian ở ô {field} không hợp lệ.",
    Reason.TIME_MISMATCH: "Thời gian ghi trên chữ ký ở ô {field} không khớp dấu thời gian tin cậy.",
    Reason.SLOT_MISSING: "Còn thiếu chữ ký ở ô {field}: học bạ chưa hoàn tất hoặc tệp đã bị cắt bớt.",
    Reason.SLOT_UNKNOWN: "Có chữ ký ở ô {field} không thuộc hồ sơ này.",
    Reason.WRONG_ORDER: "Chữ ký ở ô {field} không đúng thứ tự GVBM ⇒ GVCN ⇒ Hiệu trưởng ⇒ đóng dấu.",
    Reason.WRONG_SIGNER: "Chữ ký ở ô {field} không phải của người được phân công.",
    Reason.WRONG_NAME: "Chứng thư số ở ô {field} mang tên khác tên người được phân công.",
    Reason.NAME_MARKS: "Tên trên chứng thư số ở ô {field} chỉ khác dấu so với tên người được phân công.",
    Reason.NAME_ACCEPTED: "Tên trên chứng thư số ở ô {field} khác tên người được phân công; hiệu trưởng đã chấp nhận: {why}",
    Reason.SEAL_NAME: "Tên trường trên chứng thư số của con dấu viết khác tên ghi trên học bạ; mã số thuế thì đúng.",
    Reason.SEAL_WRONG_SCHOOL: "Con dấu số không phải của nhà trường ghi trên học bạ.",
    Reason.ISSUER_NOT_LISTED: "Trường đóng dấu không có trong danh sách đơn vị phát hành.",
    Reason.ISSUER_SELF_DECLARED: "Tên trường do chính tệp khai báo; chưa có danh sách đơn vị phát hành để đối chiếu.",
    Reason.FOREIGN: "Tệp không do hệ thống học bạ điện tử phát hành; chỉ kiểm tra được chữ ký, không kiểm tra được đủ người ký.",
    Reason.MANIFEST_BROKEN: "Bản kê người ký trong tệp không đọc được. Không sử dụng tệp này.",
    Reason.VOID: "Bản này đã bị hủy chốt và không còn giá trị. Hãy xin nhà trường bản mới.",
    Reason.OUT_OF_DATE: "Dữ liệu của học sinh đã thay đổi sau khi ký bản này. Hãy hỏi nhà trường về bản mới.",
    Reason.NOT_ON_RECORD: "Hệ thống này không lưu bản học bạ này.",
    Reason.NO_TRUST: "Chưa cấu hình danh sách chứng thư gốc tin cậy nên chưa kết luận được người ký.",
    Reason.SIGNATURE_BROKEN: "Chữ ký ở ô {field} bị hỏng, không đọc được. Không sử dụng tệp này.",
    Reason.SIGNATURE_KIND: "Chữ ký ở ô {field} thuộc loại mà phần mềm này không kiểm tra được.",
    Reason.FIELDS_BROKEN: "Danh sách ô ký trong tệp bị hỏng nên có thể còn chữ ký không đọc được.",
    Reason.NOT_ARCHIVED: (
        "Chưa lưu trữ: chưa biết chứng thư số còn hiệu lực lúc ký hay không, vì tệp chưa kèm bằng chứng. Nếu học bạ vừa được đóng dấu, "
        "hãy tải lại sau ít phút; nếu không, hãy xin nhà trường bản đã lưu trữ."
    ),
    Reason.REVOCATION_UNKNOWN: (
        "Chưa biết chứng thư số ở ô {field} (hoặc của dấu thời gian kèm theo) có bị thu hồi trước khi ký hay không: "
        "bằng chứng trong tệp không nói rõ. Hãy xin nhà trường bản đã lưu trữ."
    ),
    Reason.PROOF_EXPIRED: (
        "Bằng chứng về thời điểm ký ở ô {field} đã hết hạn bảo đảm và không được gia hạn kịp thời nên không kết luận được nữa. "
        "Hãy xin nhà trường bản được gia hạn."
    ),
    Reason.ALGORITHM_EXPIRED: (
        "Thuật toán của bằng chứng ở ô {field} không còn được coi là an toàn và không được gia hạn kịp thời. "
        "Hãy xin nhà trường bản được gia hạn."
    ),
    Reason.TIME_ORDER: "Dấu thời gian ở ô {field} sớm hơn chữ ký mà nó phải đứng sau: thứ tự thời gian không thể có thật. Không sử dụng tệp này.",
    Reason.EVIDENCE_BROKEN: "Bằng chứng về chứng thư số lưu trong tệp bị hỏng, không đọc được hết.",
}

ALTERS = frozenset(
    {Reason.SIGNATURE_ALTERED, Reason.CHANGED_AFTER_SIGNING, Reason.NOT_WHOLE_FILE, Reason.MANIFEST_BROKEN}
)
"""Reasons that mean the file is not what was signed."""
INVALIDATES = ALTERS | frozenset(
    {
        Reason.CERTIFICATE_EXPIRED,
        Reason.CERTIFICATE_REVOKED,
        Reason.TIMESTAMP_INVALID,
        Reason.TIME_MISMATCH,
        Reason.TIME_ORDER,
        Reason.NO_TIMESTAMP,
        Reason.SLOT_MISSING,
        Reason.SLOT_UNKNOWN,
        Reason.WRONG_ORDER,
        Reason.WRONG_SIGNER,
        Reason.WRONG_NAME,
        Reason.SEAL_WRONG_SCHOOL,
        Reason.ISSUER_NOT_LISTED,
        Reason.UNTRUSTED_CHAIN,
        Reason.VOID,
        Reason.UPDATE_NOT_OURS,
        Reason.BASE_NOT_OURS,
        Reason.SIGNATURE_BROKEN,
        Reason.SIGNATURE_KIND,
        Reason.FIELDS_BROKEN,
        Reason.EVIDENCE_BROKEN,
    }
)
"""Reasons that make a record of ours invalid. A foreign file is invalid only by :data:`ALTERS`, a broken signature or a revoked signer."""
UNCLEAR = frozenset({Reason.SIGNATURE_BROKEN, Reason.SIGNATURE_KIND, Reason.FIELDS_BROKEN})
"""Reasons for which a file cannot be called intact, though nothing shows that it was altered."""


def add(report: FileReport, reason: Reason, **params: str) -> None:
    """Note a reason once."""
    finding = Finding(reason.value, SENTENCES[reason].format(**params))
    if finding not in report.reasons:
        report.reasons.append(finding)


def has(report: FileReport, reasons: frozenset[Reason]) -> bool:
    """Whether any of these reasons was noted."""
    values = {reason.value for reason in reasons}
    return any(finding.code in values for finding in report.reasons)


def first_refusal(report: FileReport) -> Finding | None:
    """The first reason that makes a record of ours invalid; None when there is none."""
    values = {reason.value for reason in INVALIDATES}
    return next((finding for finding in report.reasons if finding.code in values), None)
