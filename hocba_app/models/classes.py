"""Classes of a school year, who is in them, what is taught and by whom."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, UniqueConstraint
from sqlmodel import Field

from hocba_app.models.base import Json, SchoolRow, belongs_to


class SchoolClass(SchoolRow, table=True):
    __tablename__ = "school_class"
    __table_args__ = (
        UniqueConstraint("school_id", "source_id"),
        belongs_to("homeroom_staff_id", "staff"),
        Index("ix_school_class_year", "school_id", "school_year"),
    )
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(max_length=40)
    name: str = Field(max_length=60)
    grade: int
    regime: str = Field(max_length=8)
    school_year: str = Field(max_length=9)
    homeroom_staff_id: str | None = Field(default=None, max_length=26)
    active: bool = Field(default=True)


class Enrolment(SchoolRow, table=True):
    __table_args__ = (
        UniqueConstraint("school_id", "source_id"),
        belongs_to("student_id", "student"),
        belongs_to("class_id", "school_class"),
        Index("ix_enrolment_class", "school_id", "class_id"),
        Index("ix_enrolment_year", "school_id", "school_year"),
    )
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    student_id: str = Field(max_length=26, index=True)
    class_id: str = Field(max_length=26)
    school_year: str = Field(max_length=9)
    status: str = Field(default="studying", max_length=12)  # studying | moved_in | moved_out | left
    from_date: str | None = Field(default=None, max_length=10)
    to_date: str | None = Field(default=None, max_length=10)
    note: str | None = Field(default=None, max_length=500)
    circumstances: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)
    """By which exceptions of the law he is here this year (`domain.circumstances`), subjects by code; None for none."""
    active: bool = Field(default=True)


class Subject(SchoolRow, table=True):
    __table_args__ = (UniqueConstraint("school_id", "source_id"),)
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    code: str = Field(max_length=40)
    name: str = Field(max_length=120)
    kind: str = Field(max_length=10)  # marked | comment
    position: int = Field(default=0)
    active: bool = Field(default=True)


class TeachingAssignment(SchoolRow, table=True):
    """As SMAS has it. What the product may change is the *signing* assignment (`models.signers`)."""

    __tablename__ = "teaching_assignment"
    __table_args__ = (
        UniqueConstraint("school_id", "source_id"),
        belongs_to("class_id", "school_class"),
        belongs_to("subject_id", "subject"),
        belongs_to("staff_id", "staff"),
    )
    source_id: str = Field(max_length=64)
    source_version: int = Field(default=0, sa_type=BigInteger)
    class_id: str = Field(max_length=26, index=True)
    subject_id: str = Field(max_length=26)
    staff_id: str = Field(max_length=26, index=True)
    term: str = Field(default="year", max_length=6)  # I | II | year
    position: int = Field(default=1)
    active: bool = Field(default=True)
