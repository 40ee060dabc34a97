"""The path builder: every issuer of a name is tried, in whatever order roots and certificates come."""

from __future__ import annotations

import itertools

import pytest

from hocba_app.pki import chain_validation
from hocba_app.pki.not_shown import NotShown
from hocba_app.pki.trusted_path import trusted_paths
from tests.unit.pki.world import NOW, Authority, authority, comparable, same_name_otherwise_written, signer


def paths(certificate: bytes, others: list[bytes], roots: list[bytes]) -> list[tuple[bytes, ...]]:
    found = [path for path in trusted_paths(certificate, others, roots, NOW, purpose="signer")]
    try:
        assert chain_validation.path_of(certificate, tuple(others), tuple(roots), at=NOW) in found, (
            "the verdict takes one of the same paths"
        )
    except NotShown:
        assert found == []
    return found


@pytest.mark.parametrize("key_ids", [True, False])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_roots_of_one_name_work_in_any_order(key_ids: bool, first: int) -> None:
    """Our own advice is never to remove an old root: the wrong one of a name used to refuse every signer, by its place."""
    roots = [authority("Vietnam National Root CA", key_ids=key_ids) for _ in range(3)]
    certificates = [root.der for root in roots]
    ordered = certificates[first:] + certificates[:first]
    for root in roots:
        issuing = authority("MySign-CA", root, key_ids=key_ids)
        own = signer(issuing, key_ids=key_ids)
        assert paths(own, [issuing.der], ordered) == [(own, issuing.der, root.der)]


def test_issuing_authorities_of_one_name_are_all_tried() -> None:
    root = authority("Root")
    old, new = authority("MySign-CA", root, key_ids=False), authority("MySign-CA", root, key_ids=False)
    own = signer(new, key_ids=False)
    for others in itertools.permutations([old.der, new.der]):
        assert paths(own, list(others), [root.der]) == [(own, new.der, root.der)]


def test_the_key_the_certificate_names_comes_first() -> None:
    """Two certificates of one authority's key: the one under the root that is trusted, after a detour to one that is not."""
    key = authority("CA").key
    trusted, other = authority("Root A"), authority("Root B")
    below_other, below_trusted = authority("CA", other, key=key), authority("CA", trusted, key=key)
    own = signer(below_trusted)
    assert paths(own, [below_other.der, below_trusted.der], [trusted.der]) == [(own, below_trusted.der, trusted.der)]
    both = paths(own, [below_other.der, below_trusted.der], [trusted.der, other.der])
    assert set(both) == {(own, below_trusted.der, trusted.der), (own, below_other.der, other.der)}
    wrong_key = authority("CA", trusted)
    assert chain_validation._issuers(own, (wrong_key.der, below_trusted.der), (trusted.der,)) == [
        below_trusted.der,
        wrong_key.der,
    ]


def test_two_authorities_that_certified_each_other_keep_nobody_busy() -> None:
    root = authority("Root")
    first, second = authority("First"), authority("Second")
    crossed = [authority("First", second, key=first.key), authority("Second", first, key=second.key)]
    anchored = authority("Second", root, key=second.key)
    own = signer(first)
    pool = [item.der for item in (*crossed, anchored)]
    assert paths(own, pool, [root.der]) == [(own, crossed[0].der, anchored.der, root.der)]
    assert paths(own, [item.der for item in crossed], [root.der]) == []
    thicket: list[Authority] = [first]
    thicket += [
        authority("First", other, key=first.key) for other in (authority("First", key=first.key) for _ in range(20))
    ]
    assert paths(own, [item.der for item in thicket], [root.der]) == []


def test_names_are_compared_as_rfc_5280_does() -> None:
    """Another kind of string, capitals and blanks make no other name."""
    root = authority("Root")
    issuing = authority("MySign-CA SHA-256", root)
    written = same_name_otherwise_written(issuing.certificate.subject)
    assert written != issuing.certificate.subject and comparable(written) == comparable(issuing.certificate.subject)
    own = signer(issuing, issuer_name=written)
    assert paths(own, [issuing.der], [root.der]) == [(own, issuing.der, root.der)]


def test_an_expired_way_does_not_hide_a_valid_one() -> None:
    key = authority("CA").key
    root = authority("Root")
    expired, valid = authority("CA", root, key=key, days=-10), authority("CA", root, key=key)
    own = signer(valid)
    assert paths(own, [expired.der, valid.der], [root.der]) == [(own, valid.der, root.der)]


def test_a_name_without_the_key_is_no_issuer() -> None:
    root, stranger = authority("Root"), authority("Root")
    own = signer(stranger, key_ids=False)
    assert paths(own, [], [root.der]) == []
