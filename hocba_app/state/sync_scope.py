"""What a sync run is to bring: the whole school, or chosen data sets and classes."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import reflex as rx

from hocba_app.domain.search_text import matches
from hocba_app.domain.wording import RESOURCE
from hocba_app.models import database
from hocba_app.services.accounts.authority import Right
from hocba_app.services.accounts.identity import Identity
from hocba_app.services.records.record_list import classes_for
from hocba_app.services.sync.school_years import default_year, sync_years
from hocba_app.state.shared.guard import requires

CHOSEN_RESOURCES = {key: name for key, name in RESOURCE.items() if key not in ("school", "photos")}
"""Photos come with the pupils, the school's own row with every run of the whole school."""


@dataclasses.dataclass
class ClassChip:
    """One class to choose or not."""

    id: str
    name: str
    chosen: bool


@dataclasses.dataclass
class GradeChips:
    """The classes of one grade that the search leaves."""

    grade: int
    all_chosen: bool
    classes: list[ClassChip]


@dataclasses.dataclass
class ResourceChip:
    """One data set to choose or not."""

    key: str
    name: str
    chosen: bool


class SyncScopeState(rx.State):
    """The choice above the button "Đồng bộ"."""

    part: bool = False
    years: list[str] = []
    """The newest first."""
    year: str = ""
    search: str = ""
    resources: list[ResourceChip] = []
    grades: list[GradeChips] = []
    class_count: int = 0
    chosen_classes: int = 0
    explanation: str = ""
    nothing: bool = True
    """Neither a data set nor a class is chosen yet."""
    _classes: list[tuple[str, str, int]] = []
    _class_ids: list[str] = []
    _keys: list[str] = []

    @rx.event
    @requires(Right.SYNC)
    async def choose_part(self, part: str) -> None:
        self.part = str(part) == "part"
        self._show()

    @rx.event
    @requires(Right.SYNC)
    async def search_classes(self, text: str) -> None:
        self.search = str(text)[:40]
        self._show()

    @rx.event
    @requires(Right.SYNC)
    async def toggle_resource(self, key: str) -> None:
        if key in CHOSEN_RESOURCES:
            self._keys = [each for each in CHOSEN_RESOURCES if (each in self._keys) != (each == key)]
        self._show()

    @rx.event
    @requires(Right.SYNC)
    async def toggle_class(self, class_id: str) -> None:
        self._class_ids = [each for each, _, _ in self._classes if (each in self._class_ids) != (each == class_id)]
        self._show()

    @rx.event
    @requires(Right.SYNC)
    async def toggle_grade(self, grade: int) -> None:
        """All classes of the grade that are shown, or none of them."""
        shown = [chip for row in self.grades if row.grade == grade for chip in row.classes]
        wanted = not all(chip.chosen for chip in shown)
        ids = {chip.id for chip in shown}
        self._class_ids = [each for each, _, _ in self._classes if (wanted if each in ids else each in self._class_ids)]
        self._show()

    @rx.event
    @requires(Right.SYNC)
    async def clear(self) -> None:
        self._class_ids, self._keys, self.search = [], [], ""
        self._show()

    async def _read(self, who: Identity) -> None:
        """The classes there are now; a choice of one that is gone is dropped."""
        self.years = await asyncio.to_thread(sync_years, database(), who)
        if self.year not in self.years:
            self.year = await asyncio.to_thread(default_year, database(), who)
        found = await asyncio.to_thread(classes_for, database(), who, self.year)
        self._classes = [(row.id, row.name, row.grade) for row in found]
        self._class_ids = [id for id, _, _ in self._classes if id in self._class_ids]
        self._show()

    def _chosen(self) -> dict[str, Any]:
        """Year, data sets and classes for the service; None for all."""
        keys, class_ids = (self._keys, self._class_ids) if self.part else ([], [])
        return {"school_year": self.year or None, "resources": keys or None, "class_ids": class_ids or None}

    def _show(self) -> None:
        chosen = set(self._class_ids)
        rows: dict[int, list[ClassChip]] = {}
        for id, name, grade in self._classes:
            if matches(self.search, name):
                rows.setdefault(grade, []).append(ClassChip(id, name, id in chosen))
        self.grades = [
            GradeChips(grade, all(chip.chosen for chip in chips), chips) for grade, chips in sorted(rows.items())
        ]
        self.resources = [ResourceChip(key, name, key in self._keys) for key, name in CHOSEN_RESOURCES.items()]
        self.class_count, self.chosen_classes = len(self._classes), len(chosen)
        self.nothing = not self._keys and not chosen
        self.explanation = explanation(self._keys, [name for id, name, _ in self._classes if id in chosen])


def explanation(keys: list[str], classes: list[str]) -> str:
    """What a run with this choice does and does not do, in the school's words."""
    if not keys and not classes:
        return "Chưa chọn gì. Chọn ít nhất một loại dữ liệu hoặc một lớp."
    sets = ", ".join(CHOSEN_RESOURCES[key] for key in keys).lower() if keys else "mọi loại dữ liệu"
    words = f"Chỉ lấy {sets}" + (f" của {scope_of_classes(classes)}" if classes else " của cả trường") + "."
    if classes:
        words += " Dữ liệu của các lớp khác không thay đổi và vẫn chờ lần đồng bộ cả trường."
        if not keys or {"staff", "subjects"} & set(keys):
            words += " Cán bộ, giáo viên và môn học không thuộc lớp nào nên được lấy đủ."
    if keys and {"results", "history", "enrolments", "teaching_assignments"} & set(keys):
        words += " Dòng nào thuộc về học sinh, lớp hay giáo viên chưa có ở đây thì chưa ghi, được nêu trong báo cáo và tự vào ở lần sau."
    return words


def scope_of_classes(names: list[str]) -> str:
    """ "lớp 6A1, 6A2 và 12 lớp khác"."""
    if len(names) <= 6:
        return f"lớp {', '.join(names)}"
    return f"lớp {', '.join(names[:5])} và {len(names) - 5} lớp khác"
