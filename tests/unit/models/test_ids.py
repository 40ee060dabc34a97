"""Ids: unique everywhere, and in one process in the order in which they were made."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hocba_app.models.base import new_id


def test_ids_of_one_millisecond_keep_their_order() -> None:
    """Three files given at once were listed in any order, now and then."""
    ids = [new_id() for _ in range(20_000)]
    assert ids == sorted(set(ids)) and {len(each) for each in ids} == {26}


def test_threads_never_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        made = [each for ids in pool.map(lambda _: [new_id() for _ in range(2_000)], range(8)) for each in ids]
    assert len(set(made)) == len(made)
