"""Tokens and DER on the fast way: the right ones are read, hostile bytes never raise anything but "not shown"."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.sealed_record import World
from hocba_app.pki import strict_der
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.tsa_client import token_time
from hocba_app.pki.tsp_validation import is_well_formed, read_token

IMPRINT = hashlib.sha256(b"x").digest()


@pytest.fixture(scope="module", params=["ec", "rsa"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("authority"), timestamp_key=request.param)
    yield made
    made.close()


def test_an_honest_token(world: World) -> None:
    token = world.token_over(IMPRINT)
    read = read_token(token, IMPRINT)
    assert read.stamped == token_time(token) and read.certificate == world.authority.tsa.der
    assert set(read.certificates) == set(world.certificates)


def test_a_token_without_its_certificate(world: World) -> None:
    token = world.token_over(IMPRINT, certificate_required=False)
    assert read_token(token, IMPRINT, world.certificates).certificate == world.authority.tsa.der
    with pytest.raises(NotShown):
        read_token(token, IMPRINT)


def test_of_something_else(world: World) -> None:
    with pytest.raises(NotShown):
        read_token(world.token_over(IMPRINT), hashlib.sha256(b"y").digest())


def test_every_byte_of_a_token_counts(world: World) -> None:
    """With the authority's certificates known from elsewhere, as a file's evidence has them."""
    token, known = world.token_over(IMPRINT), (*world.certificates, world.root)
    for at in range(0, len(token), 3):
        hostile = token[:at] + bytes((token[at] ^ 0x01,)) + token[at + 1 :]
        if is_well_formed(hostile, known):
            with pytest.raises(NotShown):
                read_token(hostile, IMPRINT, known)


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=300))
def test_noise_is_refused_in_order(data: bytes) -> None:
    assert not is_well_formed(data)
    with pytest.raises(NotShown):
        read_token(data, IMPRINT)


@settings(max_examples=400, deadline=None)
@given(data=st.binary(max_size=60))
def test_der_is_filled_exactly_or_refused(data: bytes) -> None:
    try:
        found = strict_der.elements(data)
    except ValueError:
        return
    assert b"".join(found) == data


@pytest.mark.parametrize(
    "data",
    [
        "3080",
        "308100",
        "30820001",
        "3003020101ff",
        "3002",
        "30",
        "",
        "1f0100",
        "3085000000000100",
        "30810102",
    ],
)
def test_der_of_other_forms(data: str) -> None:
    with pytest.raises(ValueError):
        strict_der.children(bytes.fromhex(data))


def test_a_signer_named_in_other_case(world: World) -> None:
    """pyHanko finds the signer all the same; the bytes are not what the unit wrote."""
    token, known = world.token_over(IMPRINT), (*world.certificates, world.root)
    at = token.rfind(b"MySign-CA")
    assert is_well_formed(token, known) and not is_well_formed(token[:at] + b"mySign-CA" + token[at + 9 :], known)
