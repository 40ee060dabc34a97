"""Why a verdict is what it is: stable codes for machines, and what each does to a verdict."""

from __future__ import annotations

from enum import StrEnum


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
    PAGES_DISAGREE = (
        "pages_disagree"  # pages, title or QR code show another school, pupil, kind or code than the manifest names
    )
    MANIFEST_UNSOUND = "manifest_unsound"  # a manifest that asks for less, or for other things, than a record must have
    CHAIN_INCOMPLETE = "chain_incomplete"  # no path to a root could be built with the certificates at hand
    CERTIFICATE_UNSUITABLE = "certificate_unsuitable"  # not issued for signing documents
    SEAL_NAME_UNCONFIRMED = "seal_name_unconfirmed"  # the list of issuers knows the seal's tax code under another name
    ISSUER_DOUBTFUL = "issuer_doubtful"  # without a list: the seal's certificate is not in the school's name
    ARCHIVE_REFUSED = "archive_refused"  # a ZIP that cannot be opened, or holds more than may be judged at once
    RESAVED_COPY = "resaved_copy"  # a record of ours written anew by another program, printed to PDF or scanned
    DAMAGED_COPY = "damaged_copy"  # a record of ours whose end is missing
    NOT_JUDGED = "not_judged"  # other readers open the file, our analysis cannot: nothing is said of it
    SIGNATURE_NOT_JUDGED = "signature_not_judged"  # the same of one signature
    UPDATE_UNCLEAR = "update_unclear"  # something follows a signature in a form that readers may take differently
    TIMESTAMP_UNTRUSTED = "timestamp_untrusted"  # a time stamp that holds, by a unit that is not trusted
    EXPIRED_WITHOUT_PROOF = "expired_without_proof"  # expired by now, and nothing proves that it was signed before
    SIGNER_NOT_JUDGED = "signer_not_judged"  # the signature holds over the content, its certificate could not be judged
    WEAK_ALGORITHM = "weak_algorithm"  # made with a hash that is no longer relied on
    SHOWN_NAME = "shown_name"  # a signature of a record shows another name than its signer's
    PERMITTED_CHANGES = "permitted_changes"  # fields filled in or notes added after signing, as the signature allows
    CONTENT_COVERED = "content_covered"  # a later signature's picture lies over what was signed before
    LOCKED = "locked"  # opens with a password only


ALTERS = frozenset(
    {
        Reason.SIGNATURE_ALTERED,
        Reason.CHANGED_AFTER_SIGNING,
        Reason.NOT_WHOLE_FILE,
        Reason.MANIFEST_BROKEN,
    }
)
"""Reasons that mean the file is not what was signed."""
INVALIDATES = ALTERS | frozenset(
    {
        Reason.CERTIFICATE_EXPIRED,
        Reason.CERTIFICATE_REVOKED,
        Reason.TIMESTAMP_INVALID,
        Reason.TIMESTAMP_UNTRUSTED,
        Reason.SIGNER_NOT_JUDGED,
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
        Reason.DAMAGED_COPY,
        Reason.SIGNATURE_NOT_JUDGED,
        Reason.SIGNATURE_BROKEN,
        Reason.SIGNATURE_KIND,
        Reason.FIELDS_BROKEN,
        Reason.EVIDENCE_BROKEN,
        Reason.PAGES_DISAGREE,
        Reason.MANIFEST_UNSOUND,
        Reason.CHAIN_INCOMPLETE,
        Reason.CERTIFICATE_UNSUITABLE,
    }
)
"""Reasons that make a record of ours invalid. A foreign file is invalid only by :data:`ALTERS`, a broken signature or a revoked signer."""
UNCLEAR = frozenset(
    {
        Reason.SIGNATURE_BROKEN,
        Reason.SIGNATURE_KIND,
        Reason.FIELDS_BROKEN,
        Reason.SIGNATURE_NOT_JUDGED,
        Reason.UPDATE_UNCLEAR,
        Reason.PERMITTED_CHANGES,
        Reason.CONTENT_COVERED,
    }
)
"""Reasons for which a file cannot be called intact, though nothing shows that it was altered."""
ABOUT_ISSUER = frozenset(
    {Reason.ISSUER_SELF_DECLARED, Reason.ISSUER_DOUBTFUL, Reason.SEAL_NAME, Reason.SEAL_NAME_UNCONFIRMED}
)
"""Reasons that only say how well the seal's holder is known to be the school."""
