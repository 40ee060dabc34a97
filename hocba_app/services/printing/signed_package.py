"""Signed originals and the certificates of who signed them, in one archive that can be checked without us."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from base64 import encodebytes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlmodel import Session

from hocba_app.domain.file_names import file_word
from hocba_app.models.repositories.printing import signers_with_evidence
from hocba_app.pki.signer_certificate import Evidence
from hocba_app.services.attached.reading import packed
from hocba_app.services.printing.selection import Chosen
from hocba_app.services.signing.self_check import handed_out_file

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""The archive's dates say nothing: equal documents give equal bytes."""
_GUIDE = """HỌC BẠ ĐIỆN TỬ - BẢN GỐC ĐÃ KÝ SỐ

Các tệp PDF là bản gốc, có giá trị như học bạ giấy. Bản in ra chỉ là bản sao.
- Mở bằng phần mềm đọc PDF có kiểm tra chữ ký (Adobe Reader, Foxit...) để xem người ký, thời điểm ký và tính toàn vẹn.
- Hoặc tra cứu tại trang kiểm tra của nhà trường bằng mã in ở chân trang.
- Thư mục certificates: chứng thư số của từng người ký và của nhà trường, kèm chuỗi chứng thực.
- other-schools: học bạ của trường khác mà nhà trường đã nhận, giữ nguyên như khi nhận; other-schools.json: tệp nào của ai,
  kết quả kiểm tra khi nhận. Nhà trường không bảo đảm thay trường đã cấp: hãy tự kiểm tra các tệp này.
- signers.json: mỗi hồ sơ do ai ký, lúc nào, chứng thư số nào, kết quả kiểm tra chứng thư số khi ký.
"""


@dataclass(frozen=True, slots=True)
class Package:
    """An archive to hand over, and what is in it."""

    name: str
    """File name in ASCII: the pupil's code, never his name."""
    data: bytes
    version_ids: tuple[str, ...]
    attached_ids: tuple[str, ...] = ()
    """Records of other schools in it."""

    @property
    def sha256(self) -> str:
        """Hex, for the log."""
        return hashlib.sha256(self.data).hexdigest()


def file_name(chosen: Chosen) -> str:
    """``results-2025-2026.pdf``; the cover belongs to no year."""
    return "-".join(filter(None, [chosen.kind, chosen.school_year])) + ".pdf"


def build_package(session: Session, documents: Sequence[Chosen], attached_ids: Sequence[str] = ()) -> Package:
    """Pack the documents of one pupil.

    Args:
        attached_ids: records of other schools to go along; what was detached meanwhile is left out.

    Raises:
        HocbaError: RECORD_NOT_VALID, STORED_FILE_DAMAGED, NOT_FOUND.
    """
    certificates: dict[str, bytes] = {}
    others = packed(session, attached_ids)
    described = [_described(session, chosen, certificates) for chosen in documents]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for chosen in documents:
            _add(archive, file_name(chosen), handed_out_file(session, chosen.version_id))
        for other in others:
            _add(archive, other.name, other.data)
        for name, pem in sorted(certificates.items()):
            _add(archive, f"certificates/{name}", pem)
        _add(archive, "signers.json", json.dumps(described, ensure_ascii=False, indent=1).encode())
        if others:
            _add(
                archive,
                "other-schools.json",
                json.dumps([other.described for other in others], ensure_ascii=False, indent=1).encode(),
            )
        _add(archive, "HUONG-DAN.txt", _GUIDE.encode())
    code = documents[0].snapshot["student"]["code"]
    return Package(
        f"hoc-ba-{file_word(code)}.zip",
        out.getvalue(),
        tuple(chosen.version_id for chosen in documents),
        tuple(other.id for other in others),
    )


def _described(session: Session, chosen: Chosen, certificates: dict[str, bytes]) -> dict[str, Any]:
    """One document and its signers; their certificates are added to ``certificates``."""
    signers = []
    for slot, row in signers_with_evidence(session, chosen.version_id):
        evidence = Evidence.loads(row.content)
        name = f"{hashlib.sha256(evidence.chain[0]).hexdigest()[:16]}.pem"
        certificates[name] = b"".join(_pem(item) for item in evidence.chain)
        signers.append(
            {
                "field": slot.field,
                "stage": slot.stage,
                "signer": _common_name(evidence.chain[0]),
                "certificate": f"certificates/{name}",
                "signed_at": slot.signed_at.isoformat() if slot.signed_at else None,
                "certificate_checked_at": evidence.checked_at.isoformat(),
                "certificate_check": evidence.result,
            }
        )
    return {"file": file_name(chosen), "title": chosen.title, "code": chosen.code, "signers": signers}


def _pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + encodebytes(der) + b"-----END CERTIFICATE-----\n"


def _common_name(der: bytes) -> str:
    names = x509.load_der_x509_certificate(der).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _FIXED_TIME)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, data)
