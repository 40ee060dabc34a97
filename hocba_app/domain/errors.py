"""The one list of what can go wrong, who can mend it, and the sentence the user reads.

Every refusal in the product is a :class:`HocbaError` with one of these codes. A code's comment says when it is
raised and who can mend it; its sentence (:data:`SENTENCES`) says what happened and what to do next, in the words of
the school. Codes are stored (audit log, job reports): never rename one, only add.
"""

from __future__ import annotations

from enum import StrEnum

from hocba_app.domain.head_words import spoken


class ErrorCode(StrEnum):
    """Machine-readable reason; the value is stored and shown beside the sentence."""

    # --- any part ------------------------------------------------------------------------------------------------
    INTERNAL = "internal"  # a defect of ours; the operator finds the reference in the log
    NOT_FOUND = "not_found"  # the thing asked for does not exist in this school; the user goes back and reloads
    INVALID_INPUT = "invalid_input"  # a field does not parse; the user corrects it ({detail})
    FORBIDDEN = "forbidden"  # this account may not do this; an admin may grant the right
    NOT_SIGNED_IN = "not_signed_in"  # no live session; the user logs in
    # --- accounts ------------------------------------------------------------------------------------------------
    LOGIN_FAILED = "login_failed"  # wrong name or password; the user tries again or asks the admin for a new code
    LOGIN_THROTTLED = "login_throttled"  # too many failures; the user waits {minutes} minutes
    CODE_INVALID = "code_invalid"  # one-time code wrong, used or expired; the admin prints a new one
    PASSWORD_WEAK = "password_weak"  # noqa: S105 - a code, not a password; the user chooses a longer one
    CREDENTIALS_OPEN = "credentials_open"  # given out by another, not vouched for; a second leader confirms
    SECOND_PERSON = "second_person"  # who asked, or whoever knows his credentials, cannot answer; another person does
    PRINCIPAL_EXISTS = "principal_exists"  # a second principal; the list must first say what becomes of {name}
    PRINCIPAL_NEEDED = "principal_needed"  # the principal leaves and nobody follows; successor first, or the operator
    SELF_APPOINTED = "self_appointed"  # deputy, cover signer or seal operator named himself; a colleague does it
    LAST_ADMIN = "last_admin"  # the school would be left without an admin; another account is made admin first
    REMINDER_NOT_MAILED = "reminder_not_mailed"  # the mail server took no letter for hours; operator
    MAIL_FAILED = "mail_failed"  # the mail server does not take the letter; the admin prints the codes instead
    SECRET_KEY_MISSING = "secret_key_missing"  # noqa: S105 - HOCBA_SECRET_KEY is not set; the operator sets it
    SECRET_KEY_WRONG = "secret_key_wrong"  # noqa: S105 - stored under another key; the operator brings that key back
    # --- outside systems -----------------------------------------------------------------------------------------
    SECTOR_UNREACHABLE = "sector_unreachable"  # the sector database does not answer; the job goes on when it does
    SECTOR_REFUSED = "sector_refused"  # it refuses our credentials or request; the admin checks the settings
    SYNC_RUNNING = "sync_running"  # a choice about a conflict while a run is at work; the admin waits for its end
    PREVIEW_OLD = "preview_old"  # an import would write something else than was shown; the clerk looks again
    # --- uploads -------------------------------------------------------------------------------------------------
    SERVICE_PAUSED = "service_paused"  # the server is there and the database is not; goes on by itself, or the operator
    BUSY = "busy"  # too many files, or writers, at once; the user tries again a little later
    FILE_TOO_COMPLEX = "file_too_complex"  # takes more memory or time to open than a file may; the user exports it anew
    FILE_TOO_LARGE = "file_too_large"  # over the limit; the user makes the file smaller
    FILE_TYPE = "file_type"  # not one of the accepted kinds; the user chooses another file
    IMAGE_TOO_LARGE = "image_too_large"  # more pixels than we decode; the user takes a smaller picture
    IMAGE_EMPTY = "image_empty"  # no ink found on the paper; the user signs again in blue ink on white paper
    IMAGE_TOO_BUSY = "image_too_busy"  # covers too much to be a signature; the user crops or takes a plain sheet
    # --- forms ---------------------------------------------------------------------------------------------------
    FORM_REGIME_UNKNOWN = "form_regime_unknown"  # no layout for this regime or kind; the operator updates the software
    FORM_SLOT_MISMATCH = "form_slot_mismatch"  # slots and layout differ; the admin checks the signing assignment
    FORM_TEXT_UNSUPPORTED = "form_text_unsupported"  # a letter no font of ours has; the school retypes it in SMAS
    FORM_TEXT_TOO_LONG = "form_text_too_long"  # a text longer than a page; the teacher shortens it in SMAS
    FORM_PAGE_DIFFERS = "form_page_differs"  # {place} on {page} is not what the snapshot says: our fault; the operator
    FORM_PHOTO_MISMATCH = "form_photo_mismatch"  # the photo is missing or not the one locked; the admin syncs again
    FORM_PHOTO_UNREADABLE = "form_photo_unreadable"  # not a picture we can read; the school uploads another in SMAS
    # --- life of a document --------------------------------------------------------------------------------------
    ALREADY_LOCKED = "already_locked"  # locking what is locked; management unlocks first if it must change
    NOT_LOCKED = "not_locked"  # signing or unlocking what is open; the admin locks it first
    OUT_OF_ORDER = "out_of_order"  # a stage before this one has not signed; those signers come first
    SLOT_SIGNED = "slot_signed"  # signed already; nobody needs to do anything
    SLOT_NOT_YOURS = "slot_not_yours"  # another person is assigned; the admin may change the signing assignment
    DOCUMENT_BUSY = "document_busy"  # somebody else's confirmation is pending; the batch waits in the queue
    LEASE_LOST = "lease_lost"  # the version was given to another batch meanwhile; the signer signs what is left
    CONFIRMATION_PENDING = "confirmation_pending"  # unlock waits until the confirmation ends; the signer may reject it
    NOT_SEALABLE = "not_sealable"  # cover, QTHT or KQHT not yet signed by the principal; he signs them first
    PRECHECK_FAILED = "precheck_failed"  # blocking findings before a lock; the admin mends them or leaves pupils out
    NOTHING_TO_DO = "nothing_to_do"  # the choice holds no document that can be worked on now; reload
    SCHOOL_BUSY = "school_busy"  # two schools cannot become one while somebody signs or a job runs; the operator waits
    YEAR_CLOSED = "year_closed"  # something would change records of a closed school year; the principal opens it again
    YEAR_OPEN_ITEMS = "year_open_items"  # records of the year are being signed; they are sealed or unlocked first
    UNLOCK_OPEN = "unlock_open"  # an unlock request on this document is already waiting for an answer
    UNLOCK_OWN = "unlock_own"  # nobody answers his own request; the principal or another deputy does
    REASON_MISSING = "reason_missing"  # a reason must be given; the asker writes one
    SHOWN_CHANGED = "shown_changed"  # what the act was decided by has changed since it was shown; it is shown again, the person looks and decides
    STATE_CHANGED = "state_changed"  # somebody else has moved it on meanwhile ({source} → {target}); reload and look
    DATA_MOVING = "data_moving"  # new data arrive while a record is laid out; the admin locks it again after the sync
    # --- signing batches -----------------------------------------------------------------------------------------
    SIGNER_NO_KEY = "signer_no_key"  # no account or certificate chosen; the admin or the person enters it
    SIGNER_NO_IMAGE = "signer_no_image"  # no signature image or seal; the person or the admin uploads one
    DELEGATION_OVER = "delegation_over"  # ký thay outside its dates or kinds; management enters a new decision
    SIGNER_LEFT = "signer_left"  # the signer has left or his account is disabled; the admin assigns another
    POST_CHANGED = "post_changed"  # who signs at the head's step is neither principal nor deputy; management hands over
    TITLE_CHANGED = (
        "title_changed"  # he signs as somebody else now (head, deputy, acting); management hands the slots over anew
    )
    COVER_SIGNER_OVER = "cover_signer_over"  # another person is to sign covers now; management hands the covers over
    SEAL_OPERATOR_OVER = "seal_operator_over"  # another person operates the seal now; that one seals
    UNLOCK_APPROVED = "unlock_approved"  # an approved unlock waits for a confirmation to end; nobody starts another
    RECORD_QUESTIONED = "record_questioned"  # something on it is reported as wrong; the office corrects or answers
    RECORD_SEALED = "record_sealed"  # reporting a fault on what is sealed; the office asks for an unlock
    SUBMISSION_UNKNOWN = "submission_unknown"  # the request may be on the phone; it is void, a new one follows
    SIGNATURE_WRONG = "signature_wrong"  # an answer that does not fit its document; the signer signs that one again
    ANSWER_VOID = "answer_void"  # the time stamp lies outside what the manifest allows; the signer signs again
    BATCH_RETRYING = "batch_retrying"  # a defect of ours in a batch; it goes on by itself, operator reads the log
    PROVIDER_NOT_SET_UP = "provider_not_set_up"  # the installation has no such signing service; operator sets it up
    CERTIFICATE_CHANGED = "certificate_changed"  # renewed at the service since it was chosen here; the person or the admin chooses it again
    BATCH_STOPPED = "batch_stopped"  # the signer stopped before anything was sent; he may start again
    RESULT_UNKNOWN = "result_unknown"  # the service does not say whether it signed; the batch waits for it
    # --- settings ------------------------------------------------------------------------------------------------
    SETTING_UNKNOWN = "setting_unknown"  # a value this version does not understand; the operator corrects {variable}
    SECRET_KEY_WEAK = "secret_key_weak"  # noqa: S105 - HOCBA_SECRET_KEY can be guessed; the operator makes another
    # --- schema of the database ----------------------------------------------------------------------------------
    DATABASE_UNREACHABLE = "database_unreachable"  # the database does not answer; the operator looks after it
    SCHEMA_MISSING = "schema_missing"  # no tables yet; the operator runs db upgrade
    SCHEMA_OLD = "schema_old"  # migrations wait; the operator runs db upgrade
    SCHEMA_NEWER = "schema_newer"  # a newer version of the product made it; the operator brings that version back
    SCHEMA_DIFFERS = "schema_differs"  # tables are not as declared; the operator mends them or restores a backup
    # --- the store of documents ----------------------------------------------------------------------------------
    STORE_AWAY = "store_away"  # the place has no mark of this installation: a mount is missing ({place}); the operator
    STORE_OTHER = "store_other"  # the place is marked by another installation, or was moved away; the operator
    STORE_UNREACHABLE = "store_unreachable"  # the bucket's service does not answer; goes on by itself when it does
    STORE_REFUSED = "store_refused"  # no right to write, a key that is refused, or no such bucket; the operator
    STORE_FULL = "store_full"  # no room for another file; the operator makes room, what waits goes on
    STORE_WAITS = "store_waits"  # a batch stands still for the store, whatever is wrong with it; goes on by itself
    STORE_MOVE_FAILED = "store_move_failed"  # a file to be moved is damaged, or did not arrive ({detail}); the operator
    # --- backup --------------------------------------------------------------------------------------------------
    BACKUP_FAILED = "backup_failed"  # disk, rights, or the database's tool ({detail}); the operator
    BACKUP_ROWS_HIDDEN = "backup_rows_hidden"  # row-level security hides rows from the backup; operator mends it
    RESTORE_FAILED = "restore_failed"  # this place cannot take the backup ({detail}); the operator
    RESTORE_OTHER_KIND = "restore_other_kind"  # of the other kind of database; the operator sets HOCBA_DATABASE_URL
    BACKUP_KEY_WRONG = "backup_key_wrong"  # an encrypted backup without its key, or with another ({detail}); operator
    BACKUP_DAMAGED = "backup_damaged"  # the file is cut or altered; the operator takes another backup
    RESTORE_NOT_EMPTY = "restore_not_empty"  # data would be overwritten; the operator restores into an empty place
    # --- files, certificates and time stamps ---------------------------------------------------------------------
    FILE_STRUCTURE = "file_structure"  # a file of ours is not as our writer wrote it; the operator restores it
    MANIFEST_BROKEN = "manifest_broken"  # the list of signers in a file cannot be read; the holder asks for a new copy
    STORED_FILE_DAMAGED = "stored_file_damaged"  # a stored file no longer has its hash; the operator restores it
    SIGNATURE_TEXT_UNSUPPORTED = "signature_text_unsupported"  # a letter the signature font lacks; the operator adds it, or SMAS corrects the name
    SEALED = "sealed"  # a signature after the seal; nobody may add one, management unlocks first
    CMS_TOO_LARGE = "cms_too_large"  # the signature does not fit the space kept for it; the batch tries a smaller form
    CERTIFICATE_EXPIRED = "certificate_expired"  # the signer renews his certificate at the provider
    CERTIFICATE_NOT_YET_VALID = "certificate_not_yet_valid"  # the signer waits, or the operator mends the clock
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"  # the chain leads to no configured root; the admin picks another
    CERTIFICATE_REVOKED = "certificate_revoked"  # the signer gets a new certificate
    CERTIFICATE_NOT_OWN = "certificate_not_own"  # the id number or MST is another's; the admin picks the right one
    CERTIFICATE_NOT_FROZEN = "certificate_not_frozen"  # no number the locked record demands; the office gives the slot to the same person anew
    CERTIFICATE_OTHER_NAME = "certificate_other_name"  # the right number under another name; SMAS is corrected, or the principal accepts it in writing
    SEAL_TAX_CODE_CHANGED = "seal_tax_code_changed"  # the school's MST is not the one the record was locked with; unlock, lock and sign anew
    RECORD_NOT_VALID = "record_not_valid"  # our verifier would refuse the record; unlock, lock and sign anew ({reason})
    SIGNATURE_NOT_VALID = "signature_not_valid"  # our own verifier would refuse this signature; {reason} says what to mend before signing again
    REVOCATION_UNKNOWN = "revocation_unknown"  # neither OCSP nor CRL answers; tried again by itself
    TIMESTAMP_UNAVAILABLE = "timestamp_unavailable"  # the time-stamp authority is down; the batch waits and goes on
    REVISION_NOT_VALID = "revision_not_valid"  # archive data that would not make a valid record; the old revision stays, tried again, the operator reads doctor
    # --- remote signing ------------------------------------------------------------------------------------------
    PROVIDER_UNREACHABLE = "provider_unreachable"  # no answer, or a server error; tried again by itself
    PROVIDER_BUSY = "provider_busy"  # the service asks to slow down; tried again by itself
    PROVIDER_UNKNOWN_USER = "provider_unknown_user"  # the account is unknown there; the person or the admin corrects it
    PROVIDER_REFUSED_CLIENT = "provider_refused_client"  # our credentials are refused; the operator corrects them
    PROVIDER_REFUSED_REQUEST = "provider_refused_request"  # the service refuses the request; the operator looks into it
    SIGNING_TIMED_OUT = "signing_timed_out"  # nobody confirmed in time; the signer starts again
    SIGNING_REJECTED = "signing_rejected"  # rejected on the phone; the signer starts again if he wants to
    SIGNING_FAILED = "signing_failed"  # the service failed; the signer starts again
    SIGNING_QUOTA = "signing_quota"  # no signatures left in the package; the signer waits or the school buys more
    SIGNING_CERTIFICATE = "signing_certificate"  # the certificate is expired or revoked; the signer renews it
    # --- processes of one command --------------------------------------------------------------------------------
    PORT_TAKEN = "port_taken"  # another program listens there; the operator ends it or chooses another port
    DISK_FULL = "disk_full"  # too little room for the work; the operator makes room
    CHILD_FAILED = "child_failed"  # a child process ended or did not get ready; its log tells why
    BUILD_FAILED = "build_failed"  # the pages could not be built; the operator looks at the log
    SIMULATOR_REFUSED = "simulator_refused"  # a simulator refused the rehearsal or demonstration; a defect of ours
    REHEARSAL_FOLDER = "rehearsal_folder"  # the folder holds other data; the operator names an empty one
    REHEARSAL_DATABASE = "rehearsal_database"  # the database holds data; the operator names an empty one
    REHEARSAL_IMPOSSIBLE = "rehearsal_impossible"  # level, regime and year do not fit; the operator names others
    # --- who signs with what -------------------------------------------------------------------------------------
    CREDENTIAL_NONE = "credential_none"  # the account has no certificate; the person orders one at the provider
    CREDENTIAL_CHOICE = "credential_choice"  # several certificates fit ({count}); the admin or the person picks one
    CREDENTIAL_GONE = "credential_gone"  # the chosen certificate is no longer at the service; the admin picks another
    KEY_CHANGED = "key_changed"  # the account was changed while the service was asked; reload
    TRUST_ROOTS_MISSING = "trust_roots_missing"  # roots cannot be read; the operator mends HOCBA_TRUST_ROOTS
    SIGNER_NO_ID_NUMBER = "signer_no_id_number"  # {name} has no id number in SMAS; the school enters it there and syncs
    SIGNER_NOT_ENTITLED = "signer_not_entitled"  # {name} may not sign at this step; the office names the principal or a deputy with a decision
    SIGNERS_DIFFER = "signers_differ"  # the number of signers of a locked file would change; it is unlocked first
    REASSIGN_BUSY = "reassign_busy"  # a confirmation is pending on these documents; the admin tries again after it
    UNDO_TOO_LATE = "undo_too_late"  # somebody changed it since; who wanted to undo looks at the page and decides anew
    DELEGATION_OVERLAPS = "delegation_overlaps"  # another decision holds on some of these days; it is revoked first
    # --- printing and handing out --------------------------------------------------------------------------------
    HANDOUT_CLOSED = "handout_closed"  # link unknown, expired, closed or outdated; the school makes another
    HANDOUT_REPLACED = "handout_replaced"  # a record of the link was unlocked: copy void; the school makes another
    HANDOUT_PIN_WRONG = "handout_pin_wrong"  # the PIN does not fit; the recipient types it again or asks the school
    ALREADY_ATTACHED = "already_attached"  # every file of the upload is with the pupil already; nothing to do
    TOO_MANY_FILES = "too_many_files"  # more than {limit} files or {megabytes} MB in one upload; the office sends parts
    REMINDER_OWN = "reminder_own"  # the records wait for the reminder's own signature; he signs them
    ALREADY_REMINDED = "already_reminded"  # {name} was reminded of this class today; tomorrow again
    # --- keys in a token (PKCS#11) -------------------------------------------------------------------------------
    TOKEN_MODULE = "token_module"  # noqa: S105 - the vendor's library cannot be loaded; the operator mends HOCBA_PKCS11_MODULE
    TOKEN_ABSENT = "token_absent"  # noqa: S105 - no token of this label is plugged in; the office plugs it in
    TOKEN_PIN_WRONG = "token_pin_wrong"  # noqa: S105 - refused once, not tried again; the operator corrects HOCBA_PKCS11_PIN and restarts
    TOKEN_PIN_LOCKED = "token_pin_locked"  # noqa: S105 - too many wrong PINs; its issuer unlocks the token
    TOKEN_PIN_LAST_TRY = "token_pin_last_try"  # noqa: S105 - one more mistake locks it; somebody logs in with the vendor's program
    TOKEN_ISSUERS = "token_issuers"  # noqa: S105 - the file of the token's issuers cannot be read; the operator mends HOCBA_PKCS11_ISSUERS
    TOKEN_KEY_MISSING = "token_key_missing"  # noqa: S105 - the certificate is there, its RSA key is not; its issuer writes the key


SENTENCES: dict[ErrorCode, str] = {
    ErrorCode.INTERNAL: "Hệ thống gặp lỗi ngoài dự kiến. Dữ liệu không bị mất; thầy cô hãy thử lại, nếu vẫn lỗi thì gửi mã {reference} cho người quản trị hệ thống.",
    ErrorCode.NOT_FOUND: "Không tìm thấy {what}. Có thể đã bị thay đổi; hãy tải lại trang.",
    ErrorCode.INVALID_INPUT: "Thông tin nhập chưa đúng: {detail}. Hãy sửa lại rồi tiếp tục.",
    ErrorCode.FORBIDDEN: "Tài khoản này không có quyền thực hiện việc vừa chọn. Nếu cần, hãy liên hệ quản trị của trường.",
    ErrorCode.NOT_SIGNED_IN: "Phiên đăng nhập đã hết. Hãy đăng nhập lại để tiếp tục.",
    ErrorCode.LOGIN_FAILED: "Tên đăng nhập hoặc mật khẩu không đúng. Hãy kiểm tra lại; nếu quên, xin quản trị cấp mã mới.",
    ErrorCode.LOGIN_THROTTLED: "Đã nhập sai quá nhiều lần. Hãy đợi {minutes} phút rồi thử lại.",
    ErrorCode.CODE_INVALID: "Mã kích hoạt không đúng, đã dùng hoặc đã hết hạn. Hãy xin quản trị in mã mới.",
    ErrorCode.PASSWORD_WEAK: "Mật khẩu cần ít nhất {minimum} ký tự và không trùng tên đăng nhập. Hãy chọn mật khẩu khác.",
    ErrorCode.CREDENTIALS_OPEN: "Mã kích hoạt của tài khoản này do người khác cấp và chưa được xác nhận, nên chưa ký hay duyệt được. Hãy nhờ một người khác trong {leaders} xác nhận ở trang {leaders}, hoặc nhập mã trong thư ở trang Mật khẩu.",
    ErrorCode.SECOND_PERSON: "Việc này cần người thứ hai: người đã đề nghị, hoặc người đã cấp lại mật khẩu của một trong hai tài khoản, không tự duyệt được. Hãy nhờ người khác trong {leaders}.",
    ErrorCode.PRINCIPAL_EXISTS: "Trường đang có {office} là {name}. Hãy cập nhật chức vụ mới của {name} trên SMAS, đồng bộ lại, rồi xác nhận cả hai thay đổi.",
    ErrorCode.PRINCIPAL_NEEDED: "Trường sẽ không còn {office}. Hãy xác nhận {office} mới trước; nếu chưa có người thay, nhờ người quản trị hệ thống thực hiện.",
    ErrorCode.SELF_APPOINTED: "Không ai tự giao cho mình việc ký thay, ký bìa hay đóng dấu. Hãy nhờ {head} hoặc người khác có quyền chọn.",
    ErrorCode.LAST_ADMIN: "Đây là quản trị duy nhất đang hoạt động của trường. Hãy cấp quyền quản trị cho một tài khoản khác trước.",
    ErrorCode.REMINDER_NOT_MAILED: "Thư nhắc ký chưa gửi được: máy chủ thư không nhận. Lời nhắc vẫn hiện trong hệ thống; hãy báo người quản trị hệ thống.",
    ErrorCode.MAIL_FAILED: "Chưa gửi được thư: máy chủ thư không nhận. Hãy in phiếu mã thay cho gửi thư, và báo người quản trị hệ thống.",
    ErrorCode.SECRET_KEY_MISSING: "Máy chủ chưa đặt HOCBA_SECRET_KEY nên không lưu được thông tin kết nối. Hãy báo người quản trị hệ thống đặt khóa này.",
    ErrorCode.SECRET_KEY_WRONG: "Không giải mã được thông tin kết nối đã lưu: HOCBA_SECRET_KEY đã bị thay. Hãy đặt lại khóa cũ, hoặc nhập lại thông tin kết nối.",
    ErrorCode.SECTOR_UNREACHABLE: "Chưa kết nối được CSDL ngành. Dữ liệu đã tải vẫn còn; hệ thống sẽ tự thử lại, hoặc bấm Đồng bộ lại sau ít phút.",
    ErrorCode.SECTOR_REFUSED: "CSDL ngành từ chối kết nối ({detail}). Hãy báo người quản trị hệ thống kiểm tra thông tin kết nối của trường.",
    ErrorCode.SYNC_RUNNING: "Đang đồng bộ hoặc nhập dữ liệu. Hãy đợi xong rồi làm lại; lựa chọn chưa được ghi.",
    ErrorCode.SERVICE_PAUSED: "Máy chủ đang chạy nhưng chưa dùng được cơ sở dữ liệu. Không có gì bị mất; hãy thử lại sau ít phút, nếu vẫn vậy thì báo người quản trị hệ thống.",
    ErrorCode.BUSY: "Hệ thống đang xử lý nhiều việc cùng lúc. Hãy đợi một phút rồi thử lại; chưa có gì được ghi.",
    ErrorCode.FILE_TOO_COMPLEX: "Tệp này cần quá nhiều bộ nhớ hoặc thời gian để mở nên hệ thống đã dừng. Hãy xuất lại tệp hoặc chọn tệp khác.",
    ErrorCode.FILE_TOO_LARGE: "Tệp lớn hơn {limit} MB. Hãy chọn tệp nhỏ hơn.",
    ErrorCode.PREVIEW_OLD: "Dữ liệu của trường hoặc tệp đã khác lúc xem trước nên chưa ghi gì. Hãy kiểm tra lại, xem bản mới rồi nhập.",
    ErrorCode.FILE_TYPE: "Tệp này không đúng loại. Hãy chọn {accepted}.",
    ErrorCode.IMAGE_TOO_LARGE: "Ảnh có quá nhiều điểm ảnh (tối đa {megapixels} triệu). Hãy chụp hoặc quét lại ở cỡ nhỏ hơn.",
    ErrorCode.IMAGE_EMPTY: "Không thấy nét ký trên ảnh. Hãy ký bằng bút bi hoặc bút mực xanh, nét đậm, trên giấy trắng không kẻ, chụp gần nơi đủ sáng rồi tải lên lại.",
    ErrorCode.IMAGE_TOO_BUSY: "Ảnh có quá nhiều nét ngoài chữ ký (chữ in, hoa văn, mép bàn). Hãy kéo khung cắt sát chữ ký, hoặc ký lại trên tờ giấy trắng trơn rồi chụp riêng chữ ký.",
    ErrorCode.FORM_REGIME_UNKNOWN: "Chưa có mẫu học bạ cho chế độ đánh giá {regime}. Hãy báo người quản trị hệ thống cập nhật phần mềm.",
    ErrorCode.FORM_SLOT_MISMATCH: "Các ô ký của hồ sơ không khớp với mẫu học bạ ({detail}). Quản trị hãy kiểm tra Phân công ký rồi chốt lại.",
    ErrorCode.FORM_TEXT_UNSUPPORTED: "Mục {place} có ký tự không in được: {character}. Hãy sửa mục đó trên SMAS (gõ lại bằng bộ gõ Unicode, bỏ biểu tượng), nộp và đồng bộ lại.",
    ErrorCode.FORM_TEXT_TOO_LONG: "Nội dung ở mục {place} dài quá một trang. Hãy rút gọn trên SMAS, nộp và đồng bộ lại.",
    ErrorCode.FORM_PAGE_DIFFERS: "Trang {page} của học bạ không hiện đúng dữ liệu đã nộp ở mục {place}, nên chưa chốt. Đây là lỗi phần mềm: hãy báo người quản trị hệ thống, kèm số trang và tên mục.",
    ErrorCode.FORM_PHOTO_MISMATCH: "Ảnh học sinh bị thiếu hoặc không phải ảnh đã chốt. Hãy đồng bộ lại rồi thực hiện lại.",
    ErrorCode.FORM_PHOTO_UNREADABLE: "Không đọc được ảnh học sinh. Hãy tải lại ảnh 3×4 (JPEG hoặc PNG) trên SMAS, nộp và đồng bộ lại.",
    ErrorCode.ALREADY_LOCKED: "Hồ sơ này đã chốt. Muốn thay đổi, hãy đề nghị hủy chốt trước.",
    ErrorCode.NOT_LOCKED: "Hồ sơ này chưa chốt. Quản trị cần chốt trước khi ký hoặc hủy chốt.",
    ErrorCode.OUT_OF_ORDER: "Chưa đến lượt ký: người ký ở bước trước chưa ký xong (GVBM ⇒ GVCN ⇒ {head} ⇒ đóng dấu).",
    ErrorCode.SLOT_SIGNED: "Ô này đã được ký. Không cần ký lại.",
    ErrorCode.SLOT_NOT_YOURS: "Ô ký này được phân công cho người khác. Nếu cần đổi, quản trị sửa ở mục Phân công ký.",
    ErrorCode.DOCUMENT_BUSY: "Có người đang chờ xác nhận ký trên hồ sơ này. Lượt của thầy cô đã được xếp hàng, hệ thống sẽ báo khi đến lượt.",
    ErrorCode.LEASE_LOST: "Hồ sơ đã chuyển sang lượt ký khác. Hãy ký tiếp phần còn lại.",
    ErrorCode.CONFIRMATION_PENDING: "Đang có người chờ xác nhận ký trên điện thoại. Hủy chốt sẽ thực hiện ngay khi lượt ký đó kết thúc.",
    ErrorCode.NOT_SEALABLE: "Chưa thể đóng dấu: bìa, quá trình học tập và kết quả học tập của học sinh phải được {head} ký đủ.",
    ErrorCode.PRECHECK_FAILED: "Chưa thể chốt: còn {count} điểm phải sửa. Hãy sửa trên SMAS rồi đồng bộ lại, hoặc để riêng những học sinh đó.",
    ErrorCode.NOTHING_TO_DO: "Không còn hồ sơ nào ở bước này. Hãy tải lại trang để xem tình trạng mới nhất.",
    ErrorCode.SCHOOL_BUSY: "Chưa gộp được: đang có lượt ký, chốt hoặc đồng bộ ở một trong hai trường. Hãy đợi xong rồi chạy lại.",
    ErrorCode.YEAR_CLOSED: "Năm học {year} đã khóa sổ. {head} mở lại năm học ở trang Năm học (có nêu lý do) rồi mới làm được việc này.",
    ErrorCode.YEAR_OPEN_ITEMS: "Chưa khóa sổ được năm học {year}: còn {under_way} hồ sơ đang ký, {unlocks} đề nghị hủy chốt chưa xong. Hãy ký và đóng dấu cho xong, hoặc hủy chốt.",
    ErrorCode.UNLOCK_OPEN: "Đã có đề nghị hủy chốt đang chờ duyệt cho hồ sơ này.",
    ErrorCode.UNLOCK_OWN: "Đề nghị này do chính thầy cô gửi nên cần {head} hoặc {deputy} khác duyệt. Nếu gửi nhầm, hãy rút lại.",
    ErrorCode.REASON_MISSING: "Cần ghi lý do. Hãy nhập lý do rồi gửi lại.",
    ErrorCode.SHOWN_CHANGED: "Thông tin vừa thay đổi sau khi hiện lên màn hình ({what}) nên chưa thực hiện. Hãy xem lại nội dung mới rồi quyết định.",
    ErrorCode.STATE_CHANGED: "Việc này đã được xử lý ở nơi khác trong lúc chờ. Hãy tải lại trang để xem tình trạng mới rồi làm tiếp.",
    ErrorCode.DATA_MOVING: "Dữ liệu đang được đồng bộ trong lúc chốt. Hãy đợi đồng bộ xong rồi chốt lại những học sinh còn thiếu.",
    ErrorCode.SIGNER_NO_KEY: "Chưa có tài khoản ký số hoặc chưa chọn chứng thư số cho người ký. Hãy cập nhật ở mục Tài khoản ký số rồi ký lại.",
    ErrorCode.SIGNER_NO_IMAGE: "Chưa có ảnh chữ ký (hoặc con dấu). Hãy tải ảnh lên rồi ký lại.",
    ErrorCode.DELEGATION_OVER: "Quyết định ký thay không còn hiệu lực cho loại hồ sơ này. Hãy nhập quyết định mới hoặc chuyển lại cho {head}.",
    ErrorCode.SIGNER_LEFT: "Người ký không còn trong danh sách cán bộ của trường hoặc tài khoản đã bị khóa nên chữ ký không được dùng; hồ sơ vẫn chờ ký. Quản trị hãy chuyển cho người khác ở mục Phân công ký.",
    ErrorCode.POST_CHANGED: "Theo danh sách cán bộ, người ký không còn là {office} hoặc {deputy} nên không ký bước này được; hồ sơ vẫn chờ ký. Hãy chuyển các hồ sơ đã chốt cho người ký hiện nay ở mục Cấu hình ký.",
    ErrorCode.TITLE_CHANGED: "Chức danh ký của người này đã đổi sau khi chốt hồ sơ ({office}, ký thay hoặc quyền) nên chưa ký với chức danh cũ; hồ sơ vẫn chờ ký. Hãy chuyển lại các hồ sơ đã chốt cho người ký hiện nay ở mục Cấu hình ký.",
    ErrorCode.COVER_SIGNER_OVER: "Nhà trường đã cử người khác ký bìa nên chữ ký này không được dùng; bìa vẫn chờ ký. Hãy chuyển các bìa đã chốt cho người ký hiện nay ở mục Cấu hình ký.",
    ErrorCode.SEAL_OPERATOR_OVER: "Nhà trường đã giao con dấu cho người khác nên lượt đóng dấu này không được dùng; hồ sơ vẫn chờ người đóng dấu hiện nay.",
    ErrorCode.UNLOCK_APPROVED: "Hồ sơ này đã được duyệt hủy chốt nên không nhận thêm chữ ký. Hãy đợi hủy chốt xong, chốt lại rồi ký.",
    ErrorCode.RECORD_QUESTIONED: "Hồ sơ này có báo sai đang chờ xử lý nên chưa ký được. Khi đã sửa hoặc văn phòng trả lời, hồ sơ trở lại danh sách.",
    ErrorCode.RECORD_SEALED: "Hồ sơ này đã đóng dấu. Nếu có chỗ sai, hãy báo văn phòng đề nghị hủy chốt.",
    ErrorCode.SUBMISSION_UNKNOWN: "Mất kết nối khi gửi yêu cầu ký. Yêu cầu cũ trên điện thoại (nếu có) không còn hiệu lực, xin bỏ qua; hệ thống gửi yêu cầu mới.",
    ErrorCode.SIGNATURE_WRONG: "Chữ ký trả về không khớp với hồ sơ nên không được dùng. Hãy ký lại hồ sơ này; nếu lặp lại, báo nhà cung cấp chữ ký số.",
    ErrorCode.ANSWER_VOID: "Dấu thời gian không hợp lệ với lần ký này nên chữ ký bị hủy. Hãy ký lại hồ sơ này.",
    ErrorCode.BATCH_RETRYING: "Hệ thống gặp lỗi khi xử lý lượt ký và đang tự thử lại. Chữ ký đã nhận vẫn được giữ; thầy cô không phải xác nhận lại.",
    ErrorCode.PROVIDER_NOT_SET_UP: "Hệ thống chưa được nối với dịch vụ ký số của tài khoản này. Hãy báo người quản trị hệ thống, hoặc chọn tài khoản ký số khác.",
    ErrorCode.CERTIFICATE_CHANGED: "Chứng thư số ở dịch vụ ký đã được thay sau khi chọn ở đây. Hãy chọn lại chứng thư số ở mục Tài khoản ký số rồi ký lại.",
    ErrorCode.BATCH_STOPPED: "Đã dừng trước khi gửi yêu cầu ký. Không hồ sơ nào thay đổi; thầy cô có thể ký lại bất cứ lúc nào.",
    ErrorCode.RESULT_UNKNOWN: "Chưa rõ kết quả: dịch vụ ký chưa trả lời. Hệ thống tiếp tục hỏi, không hồ sơ nào bị mất; xin đợi.",
    ErrorCode.SETTING_UNKNOWN: "Cấu hình {variable} không dùng được: {detail}. Hãy sửa trong môi trường hoặc tệp .env; chưa có gì được tạo hay thay đổi.",
    ErrorCode.SECRET_KEY_WEAK: 'HOCBA_SECRET_KEY quá yếu nên không dùng để mã hóa: cần ít nhất {least} ký tự ngẫu nhiên. Hãy tạo khóa bằng: python3 -c "import secrets; print(secrets.token_urlsafe(32))", đặt vào cấu hình, rồi nhập lại thông tin kết nối (./hocba school set-credentials).',
    ErrorCode.DATABASE_UNREACHABLE: "Không kết nối được cơ sở dữ liệu ({detail}). Hãy kiểm tra HOCBA_DATABASE_URL và máy chủ cơ sở dữ liệu rồi thử lại.",
    ErrorCode.SCHEMA_MISSING: "Cơ sở dữ liệu chưa được tạo. Hãy kiểm tra HOCBA_DATABASE_URL, rồi chạy ./hocba db upgrade.",
    ErrorCode.SCHEMA_OLD: "Lược đồ cơ sở dữ liệu là bản {revision}, phần mềm này cần bản {newest}. Hãy sao lưu (./hocba backup TỆP), rồi chạy ./hocba db upgrade.",
    ErrorCode.SCHEMA_NEWER: "Cơ sở dữ liệu do bản phần mềm mới hơn tạo (lược đồ {revision}) nên bản này không dùng được. Hãy chạy lại bản mới, hoặc phục hồi bản sao lưu cũ vào một nơi trống.",
    ErrorCode.SCHEMA_DIFFERS: "Cơ sở dữ liệu không đúng lược đồ phần mềm cần, khác ở: {differences}. Chưa dữ liệu nào bị động đến. Hãy sửa những chỗ này hoặc phục hồi bản sao lưu, rồi chạy ./hocba doctor.",
    ErrorCode.STORE_AWAY: "Kho hồ sơ ({place}) chưa được gắn: nơi này không có dấu của hệ thống. Chưa hồ sơ nào bị đọc, ghi hay kết thúc; hãy báo người quản trị hệ thống gắn lại kho, mọi việc đang chờ sẽ tự chạy tiếp.",
    ErrorCode.STORE_OTHER: "Kho hồ sơ ({place}) không phải kho của cơ sở dữ liệu này{detail}. Chưa hồ sơ nào bị đọc, ghi hay kết thúc; hãy báo người quản trị hệ thống kiểm tra HOCBA_DOCUMENTS_URL.",
    ErrorCode.STORE_UNREACHABLE: "Kho hồ sơ ({place}) đang không trả lời. Không có gì bị mất; việc đang chờ sẽ tự chạy tiếp, hãy thử lại sau ít phút.",
    ErrorCode.STORE_REFUSED: "Kho hồ sơ ({place}) từ chối hệ thống. Không có gì bị mất; hãy báo người quản trị hệ thống kiểm tra tên kho và quyền ghi của hệ thống (kho S3: HOCBA_S3_KEY_ID, HOCBA_S3_SECRET).",
    ErrorCode.STORE_FULL: "Nơi lưu tệp ({place}) đã hết chỗ. Không có gì bị mất; hãy báo người quản trị hệ thống dọn chỗ, mọi việc đang chờ sẽ tự chạy tiếp.",
    ErrorCode.STORE_WAITS: "Kho hồ sơ đang chưa dùng được nên lượt ký tạm dừng. Không có gì bị mất, thầy cô không phải xác nhận lại; lượt ký tự chạy tiếp khi kho trở lại.",
    ErrorCode.STORE_MOVE_FAILED: "Chưa chuyển xong kho hồ sơ: {detail}. Kho cũ vẫn nguyên; hãy khắc phục rồi chạy lại cùng lệnh, phần đã chuyển không phải chuyển lại.",
    ErrorCode.BACKUP_FAILED: "Không tạo được bản sao lưu: {detail}. Chưa có tệp nào được ghi; hãy khắc phục rồi sao lưu lại.",
    ErrorCode.BACKUP_ROWS_HIDDEN: "Không sao lưu: tài khoản cơ sở dữ liệu có thể không thấy hết dữ liệu vì chính sách bảo mật dòng của các bảng {tables} khác với bản gốc. Hãy trả lại đúng một chính sách own_school cho mỗi bảng rồi sao lưu lại.",
    ErrorCode.RESTORE_FAILED: "Không phục hồi được: {detail}. Tệp sao lưu không có lỗi gì được tìm thấy; hãy khắc phục rồi phục hồi lại vào một nơi trống.",
    ErrorCode.RESTORE_OTHER_KIND: "Bản sao lưu này của cơ sở dữ liệu {kind}, còn HOCBA_DATABASE_URL là {other}. Hãy đặt cơ sở dữ liệu cùng loại rồi phục hồi lại.",
    ErrorCode.BACKUP_KEY_WRONG: "Không mở được bản sao lưu: {detail}. Bản sao lưu không bị coi là hỏng; chưa có gì được ghi.",
    ErrorCode.BACKUP_DAMAGED: "Tệp sao lưu bị hỏng hoặc thiếu. Hãy dùng bản sao lưu khác.",
    ErrorCode.RESTORE_NOT_EMPTY: "Nơi phục hồi đã có dữ liệu nên không ghi đè. Hãy phục hồi vào một cơ sở dữ liệu trống.",
    ErrorCode.FILE_STRUCTURE: "Tệp hồ sơ không đúng cấu trúc ({detail}). Hãy báo người quản trị hệ thống; bản gốc vẫn được giữ.",
    ErrorCode.MANIFEST_BROKEN: "Bản kê người ký trong tệp không đọc được. Hãy xin nhà trường cấp lại tệp.",
    ErrorCode.STORED_FILE_DAMAGED: "Tệp lưu trữ bị hỏng hoặc bị thay đổi. Hãy báo người quản trị hệ thống để phục hồi từ bản sao lưu.",
    ErrorCode.SIGNATURE_TEXT_UNSUPPORTED: "Họ tên có ký tự «{character}» chưa in được trên chữ ký. Hãy kiểm tra họ tên trên SMAS.",
    ErrorCode.SEALED: "Hồ sơ đã đóng dấu nên không thể ký thêm. Muốn thay đổi, hãy đề nghị hủy chốt.",
    ErrorCode.CMS_TOO_LARGE: "Chữ ký trả về lớn hơn chỗ dành sẵn. Hãy ký lại hồ sơ này.",
    ErrorCode.CERTIFICATE_EXPIRED: "Chứng thư số đã hết hạn ngày {date}. Hãy gia hạn với nhà cung cấp rồi cập nhật ở mục Tài khoản ký số.",
    ErrorCode.CERTIFICATE_NOT_YET_VALID: "Chứng thư số chỉ có hiệu lực từ ngày {date}. Hãy kiểm tra lại chứng thư số hoặc đồng hồ máy chủ.",
    ErrorCode.CERTIFICATE_UNTRUSTED: "Chứng thư số không thuộc hệ thống chứng thực tin cậy. Hãy chọn chứng thư số khác hoặc liên hệ nhà cung cấp.",
    ErrorCode.CERTIFICATE_REVOKED: "Chứng thư số đã bị thu hồi. Hãy liên hệ nhà cung cấp để được cấp chứng thư số mới.",
    ErrorCode.CERTIFICATE_NOT_OWN: "Chứng thư số không mang số định danh của người ký (hoặc mã số thuế của trường). Hãy chọn đúng chứng thư số, hoặc sửa số định danh trên SMAS.",
    ErrorCode.REVISION_NOT_VALID: "Bản lưu trữ mới chưa được công nhận hợp lệ ({reason}) nên hệ thống giữ nguyên bản cũ và sẽ tự thử lại.",
    ErrorCode.CERTIFICATE_NOT_FROZEN: "Số định danh trên chứng thư số không có trong bản chốt của hồ sơ này. Nếu đúng là chứng thư số của thầy cô, nhờ văn phòng kiểm tra số định danh trên SMAS rồi phân công lại ô ký cho chính thầy cô ở mục Phân công ký; sau đó ký lại.",
    ErrorCode.CERTIFICATE_OTHER_NAME: "Tên trên chứng thư số khác họ tên của người ký. Nếu SMAS ghi sai tên, hãy sửa trên SMAS rồi đồng bộ; nếu đúng là một người, nhờ {head} chấp nhận bằng văn bản ở mục Tài khoản ký số; sau đó ký lại.",
    ErrorCode.SEAL_TAX_CODE_CHANGED: "Mã số thuế của trường nay là {now}, còn hồ sơ được chốt với mã {locked} nên không đóng dấu được. Nếu SMAS ghi sai, hãy sửa trên SMAS rồi đồng bộ; nếu mã đã đổi thật, hãy đề nghị hủy chốt, chốt lại và ký lại.",
    ErrorCode.RECORD_NOT_VALID: "Phần mềm kiểm tra của chính trường không công nhận hồ sơ này: {reason} Hãy đề nghị hủy chốt, chốt lại và ký lại.",
    ErrorCode.SIGNATURE_NOT_VALID: "Chữ ký không được ghi vào hồ sơ vì phần mềm kiểm tra sẽ không công nhận: {reason} Hãy khắc phục rồi ký lại.",
    ErrorCode.REVOCATION_UNKNOWN: "Chưa kiểm tra được chứng thư số có bị thu hồi hay không vì dịch vụ của nhà cung cấp không trả lời. Xin thử lại sau ít phút.",
    ErrorCode.TIMESTAMP_UNAVAILABLE: "Dịch vụ dấu thời gian chưa trả lời. Chữ ký đã được giữ, hệ thống tự làm tiếp; thầy cô không phải xác nhận lại.",
    ErrorCode.PROVIDER_UNREACHABLE: "Chưa kết nối được dịch vụ ký số. Hồ sơ vẫn được giữ; hệ thống tự thử lại, hoặc thầy cô thử lại sau ít phút.",
    ErrorCode.PROVIDER_BUSY: "Dịch vụ ký số đang bận. Hệ thống sẽ tự gửi lại sau ít giây.",
    ErrorCode.PROVIDER_UNKNOWN_USER: "Dịch vụ ký số không có tài khoản này. Hãy kiểm tra lại tài khoản ở mục Tài khoản ký số.",
    ErrorCode.PROVIDER_REFUSED_CLIENT: "Dịch vụ ký số từ chối thông tin kết nối của trường (mã {detail}). Hãy báo người quản trị hệ thống kiểm tra.",
    ErrorCode.PROVIDER_REFUSED_REQUEST: "Dịch vụ ký số từ chối yêu cầu ký (mã {detail}). Hãy thử lại; nếu lặp lại, báo người quản trị hệ thống.",
    ErrorCode.SIGNING_TIMED_OUT: "Hết thời gian chờ xác nhận trên điện thoại. Không hồ sơ nào bị mất; thầy cô bấm Ký để gửi lại.",
    ErrorCode.SIGNING_REJECTED: "Yêu cầu ký đã bị từ chối trên điện thoại. Nếu đó là nhầm lẫn, hãy bấm Ký để gửi lại.",
    ErrorCode.SIGNING_FAILED: "Dịch vụ ký số báo lỗi khi ký. Hồ sơ chưa thay đổi; thầy cô hãy ký lại, nếu lặp lại thì liên hệ nhà cung cấp chữ ký số.",
    ErrorCode.SIGNING_QUOTA: "Tài khoản ký số đã hết lượt ký của gói. Hãy ký tiếp vào ngày mai hoặc nâng gói; phần đã ký vẫn giữ nguyên.",
    ErrorCode.SIGNING_CERTIFICATE: "Dịch vụ ký số báo chứng thư số đã hết hạn hoặc bị thu hồi. Hãy gia hạn rồi cập nhật ở mục Tài khoản ký số.",
    ErrorCode.PORT_TAKEN: "Cổng {port} đang được chương trình khác dùng. Hãy tắt chương trình đó hoặc chọn cổng khác bằng {option}. / Port {port} is taken: stop the other program or choose another with {option}.",
    ErrorCode.DISK_FULL: "Không đủ đĩa: cần {megabytes} MB trống tại {folder}. / Not enough disk: {megabytes} MB needed in {folder}.",
    ErrorCode.CHILD_FAILED: "Tiến trình {name} không chạy được (mã thoát {status}): {last} Xem {log}. / Process {name} failed (exit code {status}); see {log}.",
    ErrorCode.BUILD_FAILED: "Không dựng được giao diện. Xem {log}. / Building the pages failed; see {log}.",
    ErrorCode.SIMULATOR_REFUSED: "Mô phỏng từ chối yêu cầu {path} ({status}): {detail}. Hãy báo người phát triển.",
    ErrorCode.REHEARSAL_FOLDER: "Thư mục {folder} đã có dữ liệu khác. Hãy chọn một thư mục trống cho --out. / {folder} holds other data: name an empty folder.",
    ErrorCode.REHEARSAL_DATABASE: "Cơ sở dữ liệu {database} đã có dữ liệu. Hãy chọn một cơ sở dữ liệu trống cho --database. / {database} holds data: name an empty database.",
    ErrorCode.REHEARSAL_IMPOSSIBLE: "Không diễn tập được: {detail}. Hãy chọn lại --level, --regime hoặc --year.",
    ErrorCode.CREDENTIAL_NONE: "Tài khoản ký số này chưa có chứng thư số nào. Hãy đăng ký chứng thư số với nhà cung cấp rồi thử lại.",
    ErrorCode.CREDENTIAL_CHOICE: "Tài khoản ký số này có {count} chứng thư số phù hợp. Hãy chọn một chứng thư số để ký.",
    ErrorCode.CREDENTIAL_GONE: "Chứng thư số đã chọn không còn ở dịch vụ ký số. Hãy chọn chứng thư số khác ở mục Tài khoản ký số.",
    ErrorCode.KEY_CHANGED: "Tài khoản ký số này vừa được sửa ở nơi khác. Hãy tải lại trang rồi thử lại.",
    ErrorCode.TRUST_ROOTS_MISSING: "Máy chủ không đọc được danh sách chứng thư gốc tin cậy. Hãy báo người quản trị hệ thống kiểm tra HOCBA_TRUST_ROOTS.",
    ErrorCode.SIGNER_NO_ID_NUMBER: "{name} chưa có số định danh trên SMAS nên chưa thể ký. Hãy bổ sung trên SMAS, nộp và đồng bộ lại.",
    ErrorCode.SIGNER_NOT_ENTITLED: "{name} không được ký ở bước này: chỉ {head}, người ký bìa đã cấu hình, hoặc {deputy} có quyết định ký thay còn hiệu lực. Hãy chọn người khác hoặc nhập quyết định.",
    ErrorCode.SIGNERS_DIFFER: "Không chuyển được {count} hồ sơ đã chốt vì số ô ký sẽ thay đổi: môn này ký chung ô với môn khác của cùng giáo viên. Hãy hủy chốt, đổi người ký rồi chốt lại.",
    ErrorCode.REASSIGN_BUSY: "Đang có lượt ký chờ xác nhận trên {count} hồ sơ. Hãy đợi lượt ký đó kết thúc (khoảng 2 phút) rồi chuyển người ký.",
    ErrorCode.UNDO_TOO_LATE: "Không hoàn tác được vì sau đó đã có thay đổi khác. Hãy xem lại trang rồi sửa trực tiếp.",
    ErrorCode.DELEGATION_OVERLAPS: "Đã có quyết định ký thay số {number} cho cùng loại hồ sơ trong khoảng ngày này. Hãy thu hồi quyết định đó hoặc chọn ngày khác.",
    ErrorCode.HANDOUT_CLOSED: "Liên kết này không còn dùng được: đã hết hạn, đã bị thu hồi hoặc hồ sơ đã có phiên bản mới. Hãy xin nhà trường cấp liên kết khác.",
    ErrorCode.HANDOUT_REPLACED: "Nhà trường đã thay hồ sơ trong liên kết này bằng bản mới, bản cũ không còn hiệu lực nên không tải được nữa. Hãy xin nhà trường cấp liên kết khác.",
    ErrorCode.HANDOUT_PIN_WRONG: "Mã PIN chưa đúng. Hãy xem lại mã nhà trường đã gửi rồi nhập lại; nhập sai nhiều lần thì liên kết bị đóng.",
    ErrorCode.ALREADY_ATTACHED: "Học sinh đã có tệp này trong hồ sơ từ trường khác. Không cần tải lại.",
    ErrorCode.TOO_MANY_FILES: "Mỗi lần tải tối đa {limit} tệp, {megabytes} MB. Hãy chia ra tải nhiều lần.",
    ErrorCode.REMINDER_OWN: "Những hồ sơ này chờ chính thầy cô ký. Hãy mở trang Ký học bạ để ký.",
    ErrorCode.ALREADY_REMINDED: "Hôm nay đã nhắc {name} về lớp này. Mỗi người, mỗi lớp chỉ nhắc một lần trong ngày; ngày mai có thể nhắc lại.",
    ErrorCode.TOKEN_MODULE: "Máy chủ không nạp được phần mềm điều khiển token (PKCS#11). Hãy báo người quản trị hệ thống kiểm tra HOCBA_PKCS11_MODULE.",
    ErrorCode.TOKEN_ABSENT: "Không thấy token chữ ký số trên máy chủ. Hãy cắm token rồi thử lại; nếu vẫn lỗi, báo người quản trị hệ thống.",
    ErrorCode.TOKEN_PIN_WRONG: "Token từ chối mã PIN trong cấu hình. Hệ thống không thử lại để token không bị khóa. Hãy báo người quản trị hệ thống sửa HOCBA_PKCS11_PIN rồi khởi động lại.",
    ErrorCode.TOKEN_PIN_LOCKED: "Token đã bị khóa vì nhập sai mã PIN nhiều lần. Hãy liên hệ nhà cung cấp chứng thư số để mở khóa.",
    ErrorCode.TOKEN_PIN_LAST_TRY: "Token chỉ còn một lần nhập mã PIN nên hệ thống không thử. Hãy đăng nhập đúng một lần bằng phần mềm của nhà cung cấp token, rồi thử lại.",
    ErrorCode.TOKEN_ISSUERS: "Máy chủ không đọc được tệp chứng thư số của nhà cung cấp token. Hãy báo người quản trị hệ thống kiểm tra HOCBA_PKCS11_ISSUERS.",
    ErrorCode.TOKEN_KEY_MISSING: "Token có chứng thư số này nhưng không có khóa RSA đi kèm. Hãy chọn chứng thư số khác hoặc liên hệ nhà cung cấp.",
}


class HocbaError(Exception):
    """A refusal with a code, its parameters and a sentence for people.

    Args:
        code: why; one of :class:`ErrorCode`.
        params: what the sentence names. Never personal data of a pupil: errors are logged.
    """

    def __init__(self, code: ErrorCode, **params: object) -> None:
        self.code = code
        self.params = params
        self._words = spoken()
        super().__init__(f"{code.value}: {params}" if params else code.value)

    @property
    def sentence(self) -> str:
        """The Vietnamese sentence: what happened and what to do next."""
        return SENTENCES[self.code].format_map(_Blank(self._words.as_params() | self.params))


class StoreUnavailable(Exception):
    """The store of documents is not there, or not ours. Like a database that does not answer it says nothing about the document
    in hand, so it is no :class:`HocbaError`, which would end it: jobs wait, a person reads the sentence.

    Args:
        refusal: which of the ``STORE_…`` codes.
    """

    def __init__(self, refusal: HocbaError) -> None:
        self.refusal = refusal
        super().__init__(str(refusal))

    @property
    def sentence(self) -> str:
        """The Vietnamese sentence: what happened and what to do next."""
        return self.refusal.sentence


class _Blank(dict[str, object]):
    """A missing parameter shows as an ellipsis: a broken message must never hide the error itself."""

    def __missing__(self, key: str) -> str:
        return "…"
