"""Tables and sessions. Importing this package registers every table on ``SQLModel.metadata``."""

from hocba_app.models.accounts import Account, LoginName, LoginSession, LoginThrottle
from hocba_app.models.attached import AttachedRecord
from hocba_app.models.audit import AuditEvent, AuditHead
from hocba_app.models.base import tables_complete
from hocba_app.models.batches import Batch, BatchItem, Evidence, LateAnswer, Lease
from hocba_app.models.classes import Enrolment, SchoolClass, Subject, TeachingAssignment
from hocba_app.models.database import Database, database
from hocba_app.models.documents import Document, DocumentVersion, PublicCode, Revision, Slot, UnlockRequest
from hocba_app.models.handouts import HandOut, HandOutLink
from hocba_app.models.installation import Installation
from hocba_app.models.jobs import Job
from hocba_app.models.objections import RecordObjection
from hocba_app.models.people import LeadershipProposal, Staff, Student
from hocba_app.models.reminders import Reminder
from hocba_app.models.results import HistoryEntry, StudentResult
from hocba_app.models.school import ChangeCounter, School
from hocba_app.models.school_changes import SchoolChange
from hocba_app.models.signers import (
    SEAL,
    Delegation,
    SignatureImage,
    SigningAssignment,
    SigningKey,
    SigningSettings,
)
from hocba_app.models.sync import SyncCursor, SyncRow
from hocba_app.models.workbooks import WorkbookHead, WorkbookImport
from hocba_app.models.workers import WorkerSeen
from hocba_app.models.years import YearClosing

tables_complete()

__all__ = [
    "SEAL",
    "Account",
    "AttachedRecord",
    "AuditEvent",
    "AuditHead",
    "Batch",
    "BatchItem",
    "ChangeCounter",
    "Database",
    "Delegation",
    "Document",
    "DocumentVersion",
    "Enrolment",
    "Evidence",
    "HandOut",
    "HandOutLink",
    "HistoryEntry",
    "Installation",
    "Job",
    "LateAnswer",
    "LeadershipProposal",
    "Lease",
    "LoginName",
    "LoginSession",
    "LoginThrottle",
    "PublicCode",
    "RecordObjection",
    "Reminder",
    "Revision",
    "School",
    "SchoolChange",
    "SchoolClass",
    "SignatureImage",
    "SigningAssignment",
    "SigningKey",
    "SigningSettings",
    "Slot",
    "Staff",
    "Student",
    "StudentResult",
    "Subject",
    "SyncCursor",
    "SyncRow",
    "TeachingAssignment",
    "UnlockRequest",
    "WorkbookHead",
    "WorkbookImport",
    "WorkerSeen",
    "YearClosing",
    "database",
]
