"""Whose turn it is: bounded, shared, and nothing for who has left."""

from __future__ import annotations

import threading

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.foreign import admission
from hocba_app.foreign.admission import (
    PLACES,
    SHARE_OF_ADDRESS,
    SHARE_OF_PERSON,
    STRANGERS_PLACES,
    STRANGERS_TURNS,
    TURNS,
    TURNS_OF_ONE,
    Abandoned,
    Admission,
    Ticket,
)


def busy(line: Admission, key: str) -> bool:
    try:
        line.enter(key)
    except HocbaError as error:
        assert error.code is ErrorCode.BUSY
        return True
    return False


def test_turns_go_by_arrival_within_the_shares() -> None:
    line = Admission()
    first = [line.enter("address:1") for _ in range(4)]
    turns = [line.line_up(ticket) for ticket in first]
    assert [turn.done() for turn in turns] == [True, True, False, False], "one address has its share of turns"
    other = line.enter("address:2")
    waiting = line.line_up(other)
    assert not waiting.done(), "strangers never have all turns"
    member = line.line_up(line.enter("person:a"))
    assert member.done() and line.counts() == (6, 3, TURNS)
    line.leave(first[0])
    assert turns[2].done() and not waiting.done(), "who came first"
    line.leave(first[1])
    assert turns[3].done() and not waiting.done()
    line.leave(first[2])
    assert waiting.done()


def test_one_address_and_one_person_have_a_share_of_the_places() -> None:
    line = Admission()
    assert [busy(line, "address:1") for _ in range(SHARE_OF_ADDRESS + 1)] == [False] * SHARE_OF_ADDRESS + [True]
    assert [busy(line, "person:a") for _ in range(SHARE_OF_PERSON + 1)] == [False] * SHARE_OF_PERSON + [True]


def test_places_are_bounded_and_who_holds_most_makes_room() -> None:
    line = Admission()
    told: list[str] = []
    for number in range(STRANGERS_PLACES):
        key = f"address:{number % 2}"
        line.enter(key, lambda key=key: told.append(key))  # type: ignore[misc]
    assert not busy(line, "address:new") and len(told) == 1, "the oldest idle place of the largest holder"
    assert line.counts()[0] == STRANGERS_PLACES
    for number in range(PLACES):
        line.enter(f"person:{number}")
    assert line.counts()[0] == PLACES and len(told) == STRANGERS_PLACES, "staff come before strangers"
    assert busy(line, "person:late") and busy(line, "address:late")


def test_many_addresses_with_a_place_each_are_not_driven_out_by_one_more() -> None:
    line = Admission()
    for number in range(STRANGERS_PLACES):
        line.enter(f"address:{number}")
    assert busy(line, "address:late")


def test_who_left_has_no_turn_and_its_child_is_stopped() -> None:
    line, stopped = Admission(), []
    tickets = [line.enter("address:1") for _ in range(TURNS_OF_ONE + 2)]
    turns = [line.line_up(ticket) for ticket in tickets]
    line.drop(tickets[2])
    with pytest.raises(Abandoned):
        turns[2].result(0)
    line.works_by(tickets[0], lambda: stopped.append(0))
    line.drop(tickets[0])
    line.drop(tickets[0])
    assert stopped == [0]
    with pytest.raises(Abandoned):
        line.works_by(tickets[0], lambda: None)
    line.leave(tickets[2])
    assert not turns[3].done(), "a turn comes back when its holder leaves, not when he is told to"
    line.leave(tickets[0])
    assert turns[3].done() and line.counts() == (2, 0, STRANGERS_TURNS)


def test_a_thread_without_a_ticket_takes_one_and_gives_it_back(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Admission()
    monkeypatch.setattr(admission, "ADMISSION", line)
    seen: list[Ticket] = []
    with admission.on_behalf_of("a"), admission.turn() as ticket:
        seen.append(ticket)
        assert ticket.key == "person:a" and line.counts() == (1, 0, 1)
    with admission.one_turn(), admission.turn(), admission.turn():
        assert line.counts() == (1, 0, 1), "work inside work waits for nobody"
    assert line.counts() == (0, 0, 0)


def test_a_thread_that_waits_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    line = Admission()
    monkeypatch.setattr(admission, "ADMISSION", line)
    monkeypatch.setattr(admission, "ADMISSION_TIMEOUT_SECONDS", 0.05)
    for _ in range(TURNS_OF_ONE):
        line.line_up(line.enter("process"))
    with pytest.raises(HocbaError) as refused, admission.turn():
        pass
    assert refused.value.code is ErrorCode.BUSY and line.counts() == (TURNS_OF_ONE, 0, TURNS_OF_ONE)


def test_threads_at_once_never_exceed_the_turns() -> None:
    line, most, now, lock = Admission(), 0, 0, threading.Lock()

    def work(key: str) -> None:
        nonlocal most, now
        ticket = line.enter(key)
        line.line_up(ticket).result(30)
        with lock:
            now += 1
            most = max(most, now)
        with lock:
            now -= 1
        line.leave(ticket)

    threads = [threading.Thread(target=work, args=(f"person:{number % 5}",)) for number in range(25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 <= most <= TURNS and line.counts() == (0, 0, 0)
