"""Revocation answers: only judged ones count, the next source is asked, and only judged ones are kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError
from hocba_app.pki import revocation_sources
from hocba_app.pki.revocation_sources import fetch_evidence
from tests.unit.pki.world import DAY, NOW, Authority, Net, answer, authority, responder, revocation_list, signer

FIRST, SECOND, LIST, OTHER_LIST = (
    "http://ocsp.test/1",
    "http://ocsp.test/2",
    "http://crl.test/1.crl",
    "http://crl.test/2.crl",
)
ROOT = authority("Root")
CERTIFICATE = signer(ROOT, ocsp_urls=[FIRST, SECOND], crl_urls=["ldap://crl.test/x", LIST, OTHER_LIST])
ANOTHER = signer(ROOT)
PATH = (CERTIFICATE, ROOT.der)
GOOD = answer(CERTIFICATE, ROOT)


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    revocation_sources.forget()


def evidence(answers: dict[str, bytes | None], at=NOW) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return fetch_evidence(PATH, at, Net(answers).client)


def refusal(answers: dict[str, bytes | None]) -> ErrorCode:
    with pytest.raises(HocbaError) as refused:
        evidence(answers)
    return refused.value.code


SHOWS_NOTHING: dict[str, Callable[[], bytes | None]] = {
    "away": lambda: None,
    "garbage": lambda: b"<html>maintenance</html>",
    "stale": lambda: answer(CERTIFICATE, ROOT, at=NOW - 9 * DAY),
    "stale, without a next update": lambda: answer(CERTIFICATE, ROOT, at=NOW - DAY, lasts=None),
    "of tomorrow": lambda: answer(CERTIFICATE, ROOT, at=NOW + DAY),
    "unknown": lambda: answer(CERTIFICATE, ROOT, says="unknown"),
    "about another certificate": lambda: answer(ANOTHER, ROOT),
    "by a namesake": lambda: answer(CERTIFICATE, authority("Root")),
    "by somebody the authority did not certify": lambda: answer(CERTIFICATE, ROOT, responder(authority("Root"))),
    "by a certificate for something else": lambda: answer(CERTIFICATE, ROOT, responder(ROOT, for_ocsp=False)),
    "by a responder that has expired": lambda: answer(CERTIFICATE, ROOT, responder(ROOT, days=-1)),
    "by a responder whose own standing nobody can tell": lambda: answer(
        CERTIFICATE, ROOT, responder(ROOT, no_check=False)
    ),
    "larger than any answer": lambda: GOOD + bytes(100_000),
    "revoked, but by nobody entitled": lambda: answer(CERTIFICATE, authority("Root"), says="revoked"),
}


@pytest.mark.parametrize("kind", SHOWS_NOTHING)
def test_what_shows_nothing_makes_way_for_the_next_source(kind: str) -> None:
    bad = SHOWS_NOTHING[kind]()
    if kind != "by a responder whose own standing nobody can tell":
        assert evidence({FIRST: bad, SECOND: GOOD}) == ((GOOD,), ())
        revocation_sources.forget()
        listed = revocation_list(ROOT)
        assert evidence({FIRST: bad, SECOND: bad, OTHER_LIST: listed}) == ((), (listed,))
        revocation_sources.forget()
    assert refusal({FIRST: bad, SECOND: bad}) is ErrorCode.REVOCATION_UNKNOWN, "a passing fault"
    net = Net({FIRST: GOOD})
    assert fetch_evidence(PATH, NOW, net.client) == ((GOOD,), ()) and net.asked == [FIRST], (
        "what shows nothing was not kept"
    )


@pytest.mark.parametrize(
    "listed",
    [
        revocation_list(ROOT, at=NOW - 9 * DAY),
        revocation_list(authority("Root")),
        revocation_list(authority("Other")),
        b"?",
    ],
    ids=["stale", "of a namesake", "of another authority", "garbage"],
)
def test_a_list_that_shows_nothing(listed: bytes) -> None:
    assert refusal({LIST: listed}) is ErrorCode.REVOCATION_UNKNOWN
    good = revocation_list(ROOT, ANOTHER)
    assert evidence({LIST: listed, OTHER_LIST: good}) == ((), (good,))


@pytest.mark.parametrize(
    "answers",
    [
        {FIRST: answer(CERTIFICATE, ROOT, says="revoked"), SECOND: GOOD},
        {FIRST: answer(CERTIFICATE, ROOT, responder(ROOT), says="revoked", at=NOW - 9 * DAY), SECOND: GOOD},
        {LIST: revocation_list(ROOT, CERTIFICATE), OTHER_LIST: revocation_list(ROOT)},
    ],
    ids=["OCSP", "OCSP, long since", "list"],
)
def test_revoked_is_final(answers: dict[str, bytes | None]) -> None:
    assert refusal(answers) is ErrorCode.CERTIFICATE_REVOKED


def test_a_delegated_responder_is_checked() -> None:
    """One that does not say that nobody needs to ask about it is asked about, and what was answered is kept with it."""
    of_responders = "http://crl.test/responders.crl"
    delegate = responder(ROOT, no_check=False, crl_urls=[of_responders])
    by_delegate = answer(CERTIFICATE, ROOT, delegate)
    listed = revocation_list(ROOT)
    assert evidence({FIRST: by_delegate, of_responders: listed}) == ((by_delegate,), (listed,))
    revocation_sources.forget()
    assert (
        refusal({FIRST: by_delegate, of_responders: revocation_list(ROOT, delegate.der)})
        is ErrorCode.REVOCATION_UNKNOWN
    )


def test_judged_answers_are_used_again_for_a_while() -> None:
    net = Net({FIRST: GOOD})
    for _ in range(3):
        assert fetch_evidence(PATH, NOW, net.client) == ((GOOD,), ())
    assert net.asked == [FIRST]
    fetch_evidence(PATH, NOW + timedelta(minutes=11), net.client)
    assert net.asked == [FIRST, FIRST]


def test_every_certificate_of_the_path_is_asked_about() -> None:
    issuing: Authority = authority("Issuing", ROOT)
    own = signer(issuing, ocsp_urls=[FIRST])
    with pytest.raises(HocbaError) as refused:
        fetch_evidence((own, issuing.der, ROOT.der), NOW, Net({FIRST: answer(own, issuing)}).client)
    assert refused.value.code is ErrorCode.REVOCATION_UNKNOWN
