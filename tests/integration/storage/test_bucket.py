"""The store in a bucket, on a real S3 server behind a proxy that fails."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from hocba_app.domain.errors import ErrorCode, HocbaError, StoreUnavailable
from hocba_app.services.storage import bucket_store
from hocba_app.services.storage.bucket_store import BucketStore
from hocba_app.settings import Settings
from tests.s3 import FaultyS3

DATA = b"a record " * 1000
NAME = "ab/cd/abcd"


@pytest.fixture
def store(s3: FaultyS3, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    monkeypatch.setattr(bucket_store, "WRITE_PAUSE", 0.01)
    return BucketStore(s3.settings(hashlib.sha256(request.node.name.encode()).hexdigest()[:12]))


def refused(store: BucketStore) -> ErrorCode:
    with pytest.raises(StoreUnavailable) as error:
        store.read(NAME)
    return error.value.refusal.code


def test_what_is_written_is_read_listed_and_removed(store: BucketStore) -> None:
    for name in ("ab/cd/abcd", "ab/ce/abce", "audit-anchors/s/000000000001.json", ".packets/.p.pdf"):
        store.write(name, name.encode())
    assert store.read(NAME) == NAME.encode() and store.about(NAME).size == len(NAME)
    assert sorted(each.name for each in store.list()) == [
        ".packets/.p.pdf",
        "ab/cd/abcd",
        "ab/ce/abce",
        "audit-anchors/s/000000000001.json",
    ]
    assert [each.name for each in store.list("audit-anchors/s/")] == ["audit-anchors/s/000000000001.json"]
    assert list(store.list("none")) == []
    store.remove(".packets/.p.pdf")
    store.remove(".packets/.p.pdf")
    assert not store.exists(".packets/.p.pdf")
    with pytest.raises(FileNotFoundError):
        store.read("ab/cd/none")


def test_what_has_the_name_stays(store: BucketStore) -> None:
    store.write(NAME, b"first")
    store.write(NAME, b"second")
    assert store.read(NAME) == b"first"
    store.write(NAME, b"third", replace=True)
    assert store.read(NAME) == b"third"


def test_of_two_writers_the_first_has_the_name(store: BucketStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.write(NAME, b"%d" % number), range(16)))
    kept = store.read(NAME)
    store.write(NAME, b"late")
    assert store.read(NAME) == kept


def test_writes_are_conditional_checked_and_encrypted(s3: FaultyS3) -> None:
    BucketStore(s3.settings("encrypted", s3_encryption="aws:kms", s3_kms_key="arn:aws:kms:x")).write(NAME, DATA)
    method, path, headers = s3.seen[-1]
    assert (method, path) == ("PUT", f"/records/encrypted/{NAME}")
    assert headers["if-none-match"] == "*"
    assert "x-amz-checksum-sha256" in headers
    assert headers["x-amz-server-side-encryption"] == "aws:kms"
    assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "arn:aws:kms:x"
    assert "secret" not in str(s3.seen)


def test_large_things_are_written_in_parts(store: BucketStore, s3: FaultyS3) -> None:
    large = bytes(range(256)) * (bucket_store.PART // 128)
    s3.faults = ["ok", "ok", "503"]
    store.write("large", large)
    assert store.read("large") == large
    assert sum("partNumber" in path for _, path, _ in s3.seen) >= 2


@pytest.mark.parametrize("fault", ["500", "503", "slow", "cut", "deaf"])
@pytest.mark.parametrize("act", ["write", "read", "list", "head"])
def test_a_fault_that_passes_is_not_noticed(store: BucketStore, s3: FaultyS3, fault: str, act: str) -> None:
    """``deaf``: the first try is done and its answer lost; the second finds its own work."""
    if act != "write":
        store.write(NAME, DATA)
    s3.faults = [fault, fault]
    if act == "write":
        store.write(NAME, DATA)
    elif act == "list":
        assert [each.name for each in store.list()] == [NAME]
    elif act == "head":
        assert store.exists(NAME)
    assert store.read(NAME) == DATA


@pytest.mark.parametrize("fault", ["500", "cut"])
def test_a_fault_that_stays_is_a_passing_one_of_the_store_not_of_the_file(
    store: BucketStore, s3: FaultyS3, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_store, "RETRIES", 1)
    quick = BucketStore(
        Settings(_env_file=None, documents_url=f"{store.place}/x", s3_endpoint=s3.url, s3_key_id="k", s3_secret="s")
    )
    s3.always = fault
    assert refused(quick) is ErrorCode.STORE_UNREACHABLE
    for ask in (lambda: quick.write(NAME, DATA), lambda: quick.exists(NAME), lambda: list(quick.list())):
        with pytest.raises(StoreUnavailable):
            ask()
    s3.always = ""
    with pytest.raises(FileNotFoundError):
        quick.read(NAME)


@pytest.mark.parametrize(("fault", "code"), [("507", ErrorCode.STORE_FULL), ("403", ErrorCode.STORE_REFUSED)])
def test_a_bucket_that_is_full_or_denies_says_so(
    store: BucketStore, s3: FaultyS3, fault: str, code: ErrorCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_store, "RETRIES", 1)
    quick = BucketStore(s3.settings(store.place.rpartition("/")[2]))
    s3.always = fault
    for data in (DATA, b"x" * (bucket_store.PART + 1)):
        with pytest.raises(StoreUnavailable) as refused:
            quick.write(NAME, data)
        assert refused.value.refusal.code is code and quick.place in refused.value.sentence
    s3.always = ""
    quick.write(NAME, DATA)
    assert quick.read(NAME) == DATA, "there is room again"


def test_a_bucket_that_is_not_there_is_not_a_lost_file(s3: FaultyS3) -> None:
    store = BucketStore(s3.settings().model_copy(update={"documents_url": "s3://nobody"}))
    assert refused(store) is ErrorCode.STORE_REFUSED
    with pytest.raises(StoreUnavailable):
        store.write(NAME, DATA)


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"documents_url": "s3://"}, "DOCUMENTS_URL"),
        ({"documents_url": "s3://Bucket/x"}, "DOCUMENTS_URL"),
        ({"documents_url": "s3://bucket/a//b"}, "DOCUMENTS_URL"),
        ({"documents_url": "s3://user:pw@bucket"}, "DOCUMENTS_URL"),
        ({"documents_url": "s3a://bucket"}, "DOCUMENTS_URL"),
        ({"s3_secret": ""}, "S3_SECRET"),
        ({"s3_key_id": ""}, "S3_KEY_ID"),
        ({"s3_encryption": "rot13"}, "S3_ENCRYPTION"),
        ({"s3_encryption": "AES256", "s3_kms_key": "k"}, "S3_ENCRYPTION"),
        ({"s3_endpoint": "minio.example:9000"}, "S3_ENDPOINT"),
    ],
)
def test_settings_that_would_be_taken_otherwise_are_refused(given: dict[str, str], variable: str) -> None:
    whole = {"documents_url": "s3://bucket/x", "s3_key_id": "k", "s3_secret": "s", "s3_endpoint": "https://s3.example"}
    Settings(_env_file=None, **whole).require_understood()
    with pytest.raises(HocbaError) as error:
        Settings(_env_file=None, **(whole | given)).require_understood()
    assert error.value.params["variable"] == f"HOCBA_{variable}"
