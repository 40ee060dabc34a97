"""A state machine as a table: from which state to which, who causes it, and what happens then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from hocba_app.domain.errors import ErrorCode, HocbaError

S = TypeVar("S", bound=StrEnum)


class Cause(StrEnum):
    """Who may cause a transition."""

    OFFICE = "office"  # admin or management: a lock
    SIGNER = "signer"  # the person whose slot it is, by a confirmation of his
    SEAL_OPERATOR = "seal_operator"
    LEADER = "leader"  # principal or deputy: an approved unlock
    WORKER = "worker"  # the job that works on the batch
    SERVICE = "service"  # the signing service's webhook


@dataclass(frozen=True, slots=True)
class Step:
    """One row of a table."""

    source: StrEnum
    target: StrEnum
    by: frozenset[Cause]
    what: str


class InvalidTransition(HocbaError):
    """A change of state that no table allows: a defect of ours, or a race that was lost."""

    def __init__(self, source: str, target: str, by: Cause) -> None:
        self.source, self.target, self.by = str(source), str(target), by
        super().__init__(ErrorCode.STATE_CHANGED, source=self.source, target=self.target, by=by.value)


class Machine(Generic[S]):
    """The only way from one state to another.

    Args:
        states: the enum of all states.
        steps: per source the targets, each with who may cause it and what happens.
    """

    def __init__(self, states: type[S], steps: Mapping[S, Mapping[S, tuple[Iterable[Cause], str]]]) -> None:
        self.states = states
        self.steps = {
            (source, target): Step(source, target, frozenset(by), what)
            for source, targets in steps.items()
            for target, (by, what) in targets.items()
        }

    def move(self, state: str, to: S, by: Cause) -> S:
        """The next state.

        Raises:
            InvalidTransition: the table has no such step, or not by this cause.
        """
        step = self.steps.get((self.states(state), to))
        if step is None or by not in step.by:
            raise InvalidTransition(state, to, by)
        return to

    def final(self) -> frozenset[S]:
        """States that nothing leaves."""
        return frozenset(self.states) - {source for source, _ in self.steps}

    def as_markdown(self) -> str:
        """The table as `docs/workflow.md` shows it."""
        rows = [
            f"| `{step.source}` | `{step.target}` | {', '.join(sorted(step.by))} | {step.what} |"
            for step in self.steps.values()
        ]
        return "\n".join(["| from | to | who | what happens |", "|---|---|---|---|", *rows])
