"""Blobs in a folder and in a bucket: whole or not at all, and never anything but what their digest says."""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from hub.storage import Damaged, Missing, Storage, StorageError, StorageFull, open_storage

ROOT = Path(__file__).parents[2]
WORDS = b"Dear customer, \x00\xff"
DIGEST = hashlib.sha256(WORDS).hexdigest()


@pytest.fixture(scope="module")
def carrier() -> Iterator[str]:
    """An S3 server on loopback; its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def bucket(carrier: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket `hub`, found the way every AWS program finds it: by the environment."""
    for name, value in {
        "AWS_ENDPOINT_URL": carrier,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.resource("s3")
    s3.create_bucket(Bucket="hub")
    s3.Bucket("hub").objects.delete()
    return "hub"


@pytest.fixture(params=["folder", "s3"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    if request.param == "s3":
        yield open_storage(f"s3://{request.getfixturevalue('bucket')}/blobs")
    else:
        yield open_storage(tmp_path / "blobs")


def files(folder: Path) -> list[Path]:
    return sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file())


async def test_what_was_put_is_got_again_by_its_sha256(storage: Storage) -> None:
    assert await storage.put(WORDS) == DIGEST
    assert await storage.get(DIGEST) == WORDS
    assert await storage.size(DIGEST) == len(WORDS)


async def test_an_empty_blob_is_a_blob(storage: Storage) -> None:
    assert await storage.get(await storage.put(b"")) == b""


async def test_large_blobs_survive(storage: Storage) -> None:
    large = os.urandom(11_000_000)  # more than two parts of a multipart upload
    assert await storage.get(await storage.put(large)) == large


async def test_putting_twice_at_once_is_putting_once(storage: Storage) -> None:
    assert set(await asyncio.gather(*(storage.put(WORDS) for _ in range(8)))) == {DIGEST}
    assert await storage.get(DIGEST) == WORDS


async def test_a_deleted_blob_is_missing_and_deleting_again_is_no_error(storage: Storage) -> None:
    await storage.put(WORDS)
    await storage.delete(DIGEST)
    await storage.delete(DIGEST)
    with pytest.raises(Missing, match=DIGEST):
        await storage.get(DIGEST)
    with pytest.raises(Missing):
        await storage.size(DIGEST)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "", DIGEST.upper(), DIGEST + "\n", "é" * 64])
async def test_what_is_not_a_digest_never_becomes_a_path(storage: Storage, name: str) -> None:
    with pytest.raises(Missing):
        await storage.get(name)
    with pytest.raises(Missing):
        await storage.size(name)
    await storage.delete(name)


async def test_a_damaged_file_is_not_handed_out(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    await storage.put(WORDS)
    (tmp_path / DIGEST[:2] / DIGEST).write_bytes(WORDS[::-1])
    with pytest.raises(Damaged, match=DIGEST):
        await storage.get(DIGEST)


async def test_a_damaged_object_is_not_handed_out(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key=f"{DIGEST[:2]}/{DIGEST}", Body=b"other words")
    with pytest.raises(Damaged, match=DIGEST):
        await open_storage(f"s3://{bucket}").get(DIGEST)


async def test_a_file_cut_short_is_mended_by_putting_again(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    await storage.put(WORDS)
    (tmp_path / DIGEST[:2] / DIGEST).write_bytes(WORDS[:3])
    await storage.put(WORDS)
    assert await storage.get(DIGEST) == WORDS


async def test_objects_lie_below_the_prefix(bucket: str) -> None:
    await open_storage(f"s3://{bucket}/company/blobs").put(WORDS)
    keys = [thing.key for thing in boto3.resource("s3").Bucket(bucket).objects.all()]
    assert keys == [f"company/blobs/{DIGEST[:2]}/{DIGEST}"]


async def test_blobs_are_readable_by_us_alone(tmp_path: Path) -> None:
    await open_storage(tmp_path / "blobs").put(WORDS)
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "blobs").rglob("*")}
    assert modes == {0}


@pytest.mark.parametrize("folder", ["incoming", "incoming/its-own"])
def test_what_a_killed_process_left_is_swept_away_when_it_is_old(tmp_path: Path, folder: str) -> None:
    open_storage(tmp_path)
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, age in (("old", 2 * 86_400), ("fresh", 60)):
        (tmp_path / folder / name).write_bytes(b"half")
        os.utime(tmp_path / folder / name, (time.time() - age,) * 2)
    open_storage(tmp_path)
    assert files(tmp_path) == [Path(folder) / "fresh"]


async def test_a_process_goes_on_when_the_folder_it_writes_in_was_swept_away(tmp_path: Path) -> None:
    storage = open_storage(tmp_path)
    await storage.put(WORDS)
    (folder,) = (tmp_path / "incoming").iterdir()
    os.utime(folder, (time.time() - 2 * 86_400,) * 2)
    open_storage(tmp_path)
    assert not folder.exists()
    digest = await storage.put(b"more words")
    assert await storage.get(digest) == b"more words"


async def test_a_missing_bucket_is_named(bucket: str) -> None:
    storage = open_storage("s3://nowhere/blobs")
    with pytest.raises(StorageError, match=r"s3://nowhere/blobs: the bucket does not exist"):
        await storage.put(WORDS)


async def test_a_server_that_does_not_answer_is_an_error_that_names_the_store(
    bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(StorageError, match=f"s3://{bucket} cannot be used"):
        await open_storage(f"s3://{bucket}").put(WORDS)


@pytest.mark.parametrize("where", ["ftp://host/blobs", "s3://"])
def test_a_place_that_cannot_be_a_store_is_refused(where: str) -> None:
    with pytest.raises(StorageError):
        open_storage(where)


def test_a_folder_that_cannot_be_made_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_bytes(b"a file")
    with pytest.raises(StorageError, match=f"{tmp_path}/blobs cannot be used"):
        open_storage(tmp_path / "blobs")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root on Linux can mount a small disk")
    mount = tmp_path / "disk"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this machine does not let root mount a small disk")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


async def test_f8_a_full_disk_is_said_and_leaves_no_half_file(small_disk: Path) -> None:
    storage = open_storage(small_disk)
    kept = await storage.put(WORDS)
    with pytest.raises(StorageFull, match=f"No room left in {small_disk}"):
        await storage.put(bytes(1_000_000))
    assert [file.name for file in files(small_disk)] == [kept]
    assert await storage.get(await storage.put(b"room for a little")) == b"room for a little"


SMALL_FILES_ONLY = """
import asyncio, resource, sys
from hub.storage import StorageFull, open_storage
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
storage = open_storage(sys.argv[1])
asyncio.run(storage.put(b"small"))
try:
    asyncio.run(storage.put(bytes(1_000_000)))
except StorageFull as full:
    print(full)
"""


def test_f8_a_file_size_limit_is_said_and_leaves_no_half_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SMALL_FILES_ONLY, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"No room left in {tmp_path}")
    assert [file.name for file in files(tmp_path)] == [hashlib.sha256(b"small").hexdigest()]


async def test_many_are_put_as_one_by_one_each_with_its_own_digest(storage: Storage) -> None:
    blobs = [b"one", b"two", b"one", b""]
    digests = await storage.put_all(blobs)
    assert [await storage.get(digest) for digest in digests] == blobs
    assert await storage.get_all(digests) == blobs
    assert digests == [await storage.put(blob) for blob in blobs]


async def test_of_many_blobs_the_one_that_is_gone_does_not_hide_the_others(storage: Storage) -> None:
    await storage.put(WORDS)
    found, gone = await storage.get_all([DIGEST, "0" * 64])
    assert found == WORDS
    assert isinstance(gone, Missing)
