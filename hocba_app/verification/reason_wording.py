"""What each reason says to a parent or a clerk: what was found, what it means for whoever holds the file, what to do."""

from __future__ import annotations

from typing import NamedTuple

from hocba_app.verification.reason_codes import Reason


class Wording(NamedTuple):
    """Three sentences (or more), each whole by itself. ``{field}`` is the signature in words (`slot_words`)."""

    what: str
    means: str
    todo: str


_NOT_USABLE = "Không thể dùng tệp này như học bạ."
_UNSURE = "Chưa thể coi tệp này là học bạ đã được xác nhận, cũng chưa có căn cứ để nói tệp bị làm giả."
_STILL_GOOD = "Điều này không làm học bạ mất giá trị."
_ASK_SCHOOL = "Hãy xin nhà trường tệp gốc khác."
_TELL_SCHOOL = "Không sử dụng tệp này; hãy báo cho nhà trường ghi trên học bạ và xin tệp gốc."

WORDING: dict[Reason, Wording] = {
    Reason.UNREADABLE: Wording(
        "Không đọc được tệp này như một tệp PDF.",
        "Chưa kiểm tra được gì: tệp có thể bị hỏng khi tải, hoặc không phải tệp PDF.",
        "Hãy tải lại tệp rồi thử lần nữa; nếu vẫn vậy, hãy xin nhà trường tệp gốc.",
    ),
    Reason.TOO_LARGE: Wording(
        "Tệp quá lớn để kiểm tra.",
        "Chưa kiểm tra được gì; học bạ do hệ thống cấp không lớn như vậy.",
        "Hãy gửi đúng tệp gốc nhà trường đã cấp, không phải bản quét hay tệp ghép.",
    ),
    Reason.LIMIT_EXCEEDED: Wording(
        "Việc kiểm tra bị dừng vì tốn quá nhiều thời gian hoặc bộ nhớ.",
        "Chưa kiểm tra được gì; điều đó chưa nói tệp đúng hay sai, nhưng học bạ do hệ thống cấp không nặng như vậy.",
        "Hãy gửi riêng từng tệp gốc nhà trường đã cấp rồi kiểm tra lại.",
    ),
    Reason.UNSIGNED: Wording(
        "Tệp không có chữ ký số nào.",
        "Tệp chỉ như một bản in: không biết ai lập và có bị sửa hay không.",
        "Hãy xin nhà trường tệp gốc đã ký số, hoặc tra mã in ở chân trang.",
    ),
    Reason.SIGNATURE_ALTERED: Wording(
        "Nội dung không còn khớp với chữ ký: {field}.", "Tệp đã bị thay đổi sau khi ký. " + _NOT_USABLE, _TELL_SCHOOL
    ),
    Reason.CHANGED_AFTER_SIGNING: Wording(
        "Sau chữ ký này có thay đổi không phải là ký tiếp: {field}.",
        "Nội dung đang hiện ra có thể khác nội dung đã ký. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.NOT_WHOLE_FILE: Wording(
        "Có phần nội dung thêm vào sau chữ ký cuối cùng.", "Phần thêm vào không ai ký. " + _NOT_USABLE, _TELL_SCHOOL
    ),
    Reason.UPDATE_NOT_OURS: Wording(
        "Một lần cập nhật trong tệp không phải do phần mềm học bạ ghi.",
        "Nội dung có thể bị che, thêm hoặc thay bằng phần mềm khác. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.BASE_NOT_OURS: Wording(
        "Phần gốc của tệp có thành phần lạ mà phần mềm học bạ không ghi.",
        "Tệp có thể hiện ra nội dung khác với nội dung đã ký. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.PAGES_DISAGREE: Wording(
        "Trang học bạ, tên tệp hoặc mã QR hiện ra khác với điều tệp khai (trường, học sinh, loại hồ sơ hoặc mã tra cứu).",
        "Người đọc thấy một đằng, chữ ký xác nhận một nẻo. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.WRITER_UNKNOWN: Wording(
        "Tệp do một phiên bản phần mềm khác lập.",
        "Phần mềm này chưa biết đọc hết tệp nên chưa kết luận được.",
        "Hãy kiểm tra lại tại trang của nhà trường đã cấp, nơi có phiên bản mới hơn.",
    ),
    Reason.UNTRUSTED_CHAIN: Wording(
        "Chứng thư số không thuộc hệ thống tin cậy: {field}.",
        "Không ai được Nhà nước công nhận bảo đảm cho danh tính của người ký này.",
        "Không sử dụng tệp này; hãy xin nhà trường tệp ký bằng chứng thư số hợp lệ.",
    ),
    Reason.CHAIN_INCOMPLETE: Wording(
        "Không lập được đường dẫn chứng thực từ người ký tới chứng thư gốc: {field}.",
        "Chưa biết chứng thư số này do ai bảo đảm: tệp thiếu chứng thư số trung gian, hoặc một chứng thư số trong đường dẫn không đúng quy định.",
        "Hãy xin nhà trường tệp gốc đầy đủ (bản đã lưu trữ) rồi kiểm tra lại.",
    ),
    Reason.CERTIFICATE_UNSUITABLE: Wording(
        "Chứng thư số không được cấp để ký tài liệu: {field}.",
        "Chữ ký bằng chứng thư số dùng cho việc khác không có giá trị trên học bạ.",
        "Hãy đề nghị nhà trường ký lại bằng đúng loại chứng thư số.",
    ),
    Reason.CERTIFICATE_EXPIRED: Wording(
        "Chứng thư số không có hiệu lực tại thời điểm ký: {field}.",
        "Chữ ký làm khi chứng thư số hết hạn (hoặc chưa tới hạn) không có giá trị.",
        "Hãy đề nghị nhà trường lập và ký lại học bạ.",
    ),
    Reason.CERTIFICATE_REVOKED: Wording(
        "Chứng thư số đã bị thu hồi trước thời điểm ký: {field}.",
        "Chữ ký này có thể không phải do chính người đó làm, nên không có giá trị.",
        "Không sử dụng tệp này; hãy hỏi nhà trường và xin bản ký lại.",
    ),
    Reason.NO_TIMESTAMP: Wording(
        "Chữ ký không có dấu thời gian tin cậy: {field}.",
        "Không chứng minh được chữ ký có từ lúc nào.",
        "Hãy đề nghị nhà trường lập và ký lại học bạ.",
    ),
    Reason.TIMESTAMP_INVALID: Wording(
        "Dấu thời gian không hợp lệ: {field}.",
        "Thời điểm ký ghi trong tệp không tin được.",
        "Hãy đề nghị nhà trường lập và ký lại học bạ.",
    ),
    Reason.TIMESTAMP_UNTRUSTED: Wording(
        "Dấu thời gian không do đơn vị nào trong hệ thống tin cậy cấp: {field}.",
        "Chưa ai được tin cậy chứng nhận thời điểm ký.",
        "Hãy hỏi nơi phát hành tệp về đơn vị cấp dấu thời gian, hoặc xin bản có dấu thời gian được công nhận.",
    ),
    Reason.EXPIRED_WITHOUT_PROOF: Wording(
        "Chứng thư số nay đã hết hạn, và không có dấu thời gian chứng minh chữ ký có từ trước đó: {field}.",
        "Chưa biết chữ ký được làm khi chứng thư số còn hạn hay sau khi hết hạn.",
        "Hãy xin nơi phát hành bản có dấu thời gian, hoặc hỏi trực tiếp người ký.",
    ),
    Reason.SIGNER_NOT_JUDGED: Wording(
        "Chữ ký khớp với nội dung, nhưng phần mềm chưa kiểm tra được chứng thư số của người ký: {field}.",
        "Biết nội dung không bị sửa, chưa biết chắc ai đã ký.",
        "Hãy kiểm tra bằng phần mềm của đơn vị đã cấp tệp.",
    ),
    Reason.WEAK_ALGORITHM: Wording(
        "Chữ ký dùng thuật toán cũ nay không còn được coi là an toàn: {field}.",
        "Chữ ký khớp với nội dung, nhưng ngày nay người khác có thể làm giả chữ ký kiểu này.",
        "Hãy xin nơi phát hành bản ký bằng thuật toán hiện nay.",
    ),
    Reason.TIME_MISMATCH: Wording(
        "Thời gian ghi trên chữ ký không khớp dấu thời gian tin cậy: {field}.",
        "Thời điểm ký hiện trên trang không đúng với thời điểm được chứng nhận.",
        "Hãy đề nghị nhà trường lập và ký lại học bạ.",
    ),
    Reason.TIME_ORDER: Wording(
        "Dấu thời gian sớm hơn chữ ký mà nó phải đứng sau: {field}.",
        "Thứ tự thời gian như vậy không thể có thật. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.SLOT_MISSING: Wording(
        "Còn thiếu chữ ký: {field}.",
        "Học bạ chưa hoàn tất, hoặc tệp đã bị cắt bớt; chưa có giá trị.",
        "Hãy xin nhà trường bản đã đủ chữ ký và đóng dấu.",
    ),
    Reason.SLOT_UNKNOWN: Wording(
        "Có chữ ký không thuộc học bạ này: {field}.",
        "Có người ngoài danh sách đã ký vào tệp. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.WRONG_ORDER: Wording(
        "Chữ ký không đúng thứ tự GVBM ⇒ GVCN ⇒ người đứng đầu ⇒ đóng dấu: {field}.",
        "Người ký trước chưa thể thấy và xác nhận phần của người ký sau; học bạ ký sai quy trình không có giá trị.",
        "Hãy đề nghị nhà trường lập và ký lại học bạ.",
    ),
    Reason.WRONG_SIGNER: Wording(
        "Chữ ký không phải của người được phân công: {field}.",
        "Người chịu trách nhiệm chưa ký vào chỗ của mình; học bạ không có giá trị.",
        "Hãy hỏi nhà trường và xin bản do đúng người ký.",
    ),
    Reason.SHOWN_NAME: Wording(
        "Tên hiện ra ở chữ ký là «{shown}», không phải tên người đã ký: {field}.",
        "Người ký đúng là người được phân công, nhưng người xem trang sẽ tưởng người khác đã ký.",
        "Hãy đề nghị nhà trường lập và ký lại học bạ.",
    ),
    Reason.PERMITTED_CHANGES: Wording(
        "Sau chữ ký này có ô được điền hoặc ghi chú được thêm, điều mà chữ ký cho phép: {field}.",
        "Phần đã ký còn nguyên, nhưng tệp đang hiện ra nhiều hơn những gì người ký đã thấy.",
        "Hãy hỏi nơi phát hành phần nào được điền sau khi ký, hoặc xin bản như lúc ký.",
    ),
    Reason.CONTENT_COVERED: Wording(
        "Hình của một chữ ký thêm sau nằm đè lên nội dung đã được ký trước đó.",
        "Người xem có thể thấy khác với nội dung người ký trước đã ký.",
        "Hãy xin nơi phát hành bản trước khi thêm chữ ký sau, hoặc hỏi trực tiếp người ký trước.",
    ),
    Reason.WRONG_NAME: Wording(
        "Chứng thư số mang tên khác tên người được phân công: {field}.",
        "Số định danh thì đúng nhưng tên không khớp và người đứng đầu nhà trường chưa xác nhận; học bạ không có giá trị.",
        "Hãy hỏi nhà trường và xin bản ký lại.",
    ),
    Reason.NAME_MARKS: Wording(
        "Tên trên chứng thư số chỉ khác dấu so với tên người được phân công: {field}.", _STILL_GOOD, "Không cần làm gì."
    ),
    Reason.NAME_ACCEPTED: Wording(
        "Tên trên chứng thư số khác tên người được phân công: {field}.",
        "Người đứng đầu nhà trường đã chấp nhận với lý do «{why}» và con dấu xác nhận điều đó. " + _STILL_GOOD,
        "Không cần làm gì; nếu còn băn khoăn, hãy hỏi nhà trường.",
    ),
    Reason.SEAL_WRONG_SCHOOL: Wording(
        "Con dấu số không phải của nhà trường ghi trên học bạ.",
        "Nhà trường ghi trên học bạ chưa xác nhận tệp này. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.SEAL_NAME: Wording(
        "Tên trên chứng thư số của con dấu viết khác tên trường ghi trên học bạ; mã số thuế thì đúng.",
        "Thường là cách viết khác hoặc tên cũ của cùng một trường.",
        "Nếu băn khoăn, hãy hỏi nhà trường vì sao tên khác nhau.",
    ),
    Reason.SEAL_NAME_UNCONFIRMED: Wording(
        "Con dấu số mang tên «{holder}», không khớp tên trường trong danh sách («{listed}»).",
        "Chưa chắc con dấu là của trường đó dù mã số thuế khớp. " + _UNSURE,
        "Hãy hỏi nhà trường; nếu đúng là con dấu của trường, hãy ghi tên này vào danh sách đơn vị phát hành (certificate_name).",
    ),
    Reason.ISSUER_NOT_LISTED: Wording(
        "Trường đóng dấu không có trong danh sách đơn vị phát hành với đúng tên, mã trường và mã số thuế này.",
        "Tệp nhận là của một trường mà con dấu không được công nhận đại diện. " + _NOT_USABLE,
        "Không sử dụng tệp này; hãy hỏi trường ghi trên học bạ hoặc phòng, sở giáo dục.",
    ),
    Reason.ISSUER_SELF_DECLARED: Wording(
        "Tên trường do chính tệp khai báo; chưa có danh sách đơn vị phát hành để đối chiếu.",
        "Con dấu khớp với tên và mã số thuế ghi trên học bạ, nhưng chưa biết đó có phải cơ sở giáo dục được phép cấp học bạ không.",
        "Hãy tự xác nhận tên và mã số thuế của trường, hoặc kiểm tra tại trang của trường hay sở giáo dục.",
    ),
    Reason.ISSUER_DOUBTFUL: Wording(
        "Con dấu số mang tên «{holder}», học bạ ghi là của «{school}»; không có danh sách đơn vị phát hành để đối chiếu.",
        "Không biết con dấu có phải của một trường học hay không, nên chưa thể công nhận học bạ.",
        "Hãy kiểm tra tại trang của nhà trường hoặc sở giáo dục, hoặc kiểm tra cùng danh sách đơn vị phát hành.",
    ),
    Reason.FOREIGN: Wording(
        "Tệp không do hệ thống học bạ điện tử này lập.",
        "Chỉ kiểm tra được từng chữ ký, không biết học bạ cần đủ những ai ký.",
        "Hãy kiểm tra tại trang của đơn vị đã cấp tệp.",
    ),
    Reason.MANIFEST_BROKEN: Wording(
        "Bản kê người ký trong tệp không đọc được.", "Không biết học bạ cần những ai ký. " + _NOT_USABLE, _TELL_SCHOOL
    ),
    Reason.MANIFEST_UNSOUND: Wording(
        "Bản kê người ký trong tệp không phải của một học bạ đúng quy định (thiếu chữ ký giáo viên bộ môn, một người ký mọi chỗ, hoặc mã, số bản sai).",
        "Tệp tự đặt ra yêu cầu ký của mình, không theo quy định về học bạ. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.VOID: Wording(
        "Bản này đã bị nhà trường hủy chốt.", "Bản này không còn giá trị.", "Hãy xin nhà trường bản mới."
    ),
    Reason.OUT_OF_DATE: Wording(
        "Dữ liệu của học sinh đã thay đổi sau khi ký bản này.",
        "Học bạ là thật nhưng không phải là số liệu mới nhất.",
        "Hãy hỏi nhà trường về bản mới.",
    ),
    Reason.NOT_ON_RECORD: Wording(
        "Hệ thống này không lưu bản học bạ này.",
        "Không thể xác nhận bản này do nhà trường cấp.",
        "Hãy tra mã in ở chân trang tại trang của nhà trường, hoặc xin nhà trường bản gốc.",
    ),
    Reason.NO_TRUST: Wording(
        "Nơi kiểm tra chưa cấu hình danh sách chứng thư gốc tin cậy.",
        "Biết nội dung có bị sửa hay không, nhưng chưa biết người ký là ai.",
        "Hãy kiểm tra tại trang của nhà trường, hoặc kiểm tra cùng chứng thư gốc (--trust).",
    ),
    Reason.SIGNATURE_BROKEN: Wording(
        "Chữ ký bị hỏng, không đọc được: {field}.",
        "Không biết ai đã ký và ký nội dung gì. " + _NOT_USABLE,
        _TELL_SCHOOL,
    ),
    Reason.SIGNATURE_KIND: Wording(
        "Chữ ký thuộc loại mà phần mềm này không kiểm tra được: {field}.",
        "Chưa biết chữ ký này có đúng hay không.",
        "Hãy kiểm tra bằng phần mềm của đơn vị đã cấp tệp.",
    ),
    Reason.FIELDS_BROKEN: Wording(
        "Danh sách ô ký trong tệp bị hỏng.", "Có thể còn chữ ký không đọc được. " + _UNSURE, _ASK_SCHOOL
    ),
    Reason.NOT_ARCHIVED: Wording(
        "Chưa lưu trữ: chưa biết chứng thư số còn hiệu lực lúc ký hay không, vì tệp chưa kèm bằng chứng.",
        _UNSURE,
        "Nếu học bạ vừa được đóng dấu, hãy tải lại sau ít phút; nếu không, hãy xin nhà trường bản đã lưu trữ.",
    ),
    Reason.REVOCATION_UNKNOWN: Wording(
        "Chưa biết chứng thư số (hoặc của dấu thời gian kèm theo) có bị thu hồi trước khi ký hay không: {field}.",
        "Bằng chứng trong tệp không nói rõ. " + _UNSURE,
        "Hãy xin nhà trường bản đã lưu trữ.",
    ),
    Reason.PROOF_EXPIRED: Wording(
        "Bằng chứng về thời điểm ký đã hết hạn bảo đảm và không được gia hạn kịp thời: {field}.",
        "Không kết luận được nữa chỉ từ tệp này. " + _UNSURE,
        "Hãy xin nhà trường bản được gia hạn lưu trữ.",
    ),
    Reason.ALGORITHM_EXPIRED: Wording(
        "Thuật toán của bằng chứng không còn được coi là an toàn và không được gia hạn kịp thời: {field}.",
        "Không kết luận được nữa chỉ từ tệp này. " + _UNSURE,
        "Hãy xin nhà trường bản được gia hạn lưu trữ.",
    ),
    Reason.EVIDENCE_BROKEN: Wording(
        "Bằng chứng về chứng thư số lưu trong tệp bị hỏng, không đọc được hết.",
        "Thiếu bằng chứng rằng chứng thư số còn hiệu lực lúc ký.",
        _ASK_SCHOOL,
    ),
    Reason.ARCHIVE_REFUSED: Wording(
        "Tệp nén này không kiểm tra được: {why}.",
        "Chưa kiểm tra được tệp nào trong đó.",
        "Hãy giải nén rồi kiểm tra từng tệp PDF, hoặc tải lại tệp nén nhà trường đã cấp.",
    ),
    Reason.RESAVED_COPY: Wording(
        "Đây là bản lưu lại của học bạ (in ra PDF, quét, nén hoặc gửi qua phần mềm khác).",
        "Chữ ký số không kiểm tra được ở tệp này nên chưa thể coi là học bạ đã được xác nhận.",
        "Hãy lấy tệp gốc {where}.",
    ),
    Reason.DAMAGED_COPY: Wording(
        "Phần cuối của tệp bị thiếu, thường do tải về hay gửi đi chưa trọn.", _NOT_USABLE, "Hãy lấy tệp gốc {where}."
    ),
    Reason.NOT_JUDGED: Wording(
        "Tệp mở được nhưng có cấu trúc mà phần mềm này chưa phân tích được.",
        "Chưa kiểm tra được chữ ký nào; điều đó không có nghĩa là tệp sai.",
        "Hãy xin nơi phát hành tệp gốc, hoặc kiểm tra bằng phần mềm ký số khác.",
    ),
    Reason.SIGNATURE_NOT_JUDGED: Wording(
        "Chữ ký này phần mềm chưa phân tích được: {field}.",
        "Chưa biết chữ ký đúng hay sai.",
        "Hãy xin nơi phát hành tệp gốc, hoặc kiểm tra bằng phần mềm ký số khác.",
    ),
    Reason.UPDATE_UNCLEAR: Wording(
        "Sau khi ký, tệp được ghi thêm theo cách mà các phần mềm có thể hiển thị khác nhau.",
        "Chưa biết nội dung đang hiện ra có đúng là nội dung đã ký.",
        "Hãy xin nơi phát hành tệp gốc.",
    ),
    Reason.LOCKED: Wording(
        "Tệp được đặt mật khẩu mở.", "Chưa kiểm tra được gì.", "Hãy xin nơi gửi bản không đặt mật khẩu."
    ),
}
