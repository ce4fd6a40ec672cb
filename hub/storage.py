"""Raw mails and attachments: blobs named by the SHA-256 of what they hold. A folder, or a bucket that speaks S3.

Nothing here knows what a blob means or who may read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import fcntl
import hashlib
import os
import platform
import re
import secrets
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = ("507 Insufficient", "StorageFull", "QuotaExceeded")  # MinIO, Ceph
_ABANDONED_SECONDS = 86_400
_AT_ONCE = 16  # requests to a bucket
_DIGEST = re.compile(r"[0-9a-f]{64}")
_GET_FLAGS, _SET_FLAGS, _TOP_OF_FOLDERS = 0x80086601, 0x40086602, 0x00020000  # ioctl_iflags(2), chattr(1) +T
_MANY = 8  # files from which on the whole disk is synced rather than each of them


class StorageError(Exception):
    """The store could not do what was asked; the message names the place and the cause."""


class Missing(StorageError):
    """No blob has this digest."""


class Damaged(StorageError):
    """The blob is there, but it is not what its digest says."""


class StorageFull(StorageError):
    """No room left; nothing of the blob was kept, so it must not be acknowledged."""


class Storage(Protocol):
    """Where blobs live. A digest is 64 lower-case hexadecimal digits; any other text is simply Missing."""

    async def put(self, content: bytes) -> str:
        """Keep it for good and return its digest. Putting it again changes nothing. Raises StorageFull."""
        ...

    async def put_all(self, contents: Sequence[bytes]) -> list[str]:
        """Keep many, which costs less than one by one. Raises StorageFull; then some of them may be kept."""
        ...

    async def get(self, digest: str) -> bytes:
        """The blob, its hash verified. Raises Missing or Damaged."""
        ...

    async def get_all(self, digests: Sequence[str]) -> list[bytes | StorageError]:
        """Many, which costs less than one by one: each the blob, or why it cannot be had."""
        ...

    async def delete(self, digest: str) -> None:
        """Forget it; a blob that is not there is no error."""
        ...

    async def size(self, digest: str) -> int:
        """Bytes, without reading it. Raises Missing."""
        ...


def open_storage(where: str | Path) -> Storage:
    """A folder's path (made if need be), or `s3://bucket/prefix`.

    S3 takes keys, region and endpoint from the standard AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and
    AWS_ENDPOINT_URL. Raises StorageError when the place cannot be used.
    """
    scheme, separator, _ = str(where).partition("://")
    if not separator:
        return Folder(Path(where))
    if scheme == "s3":
        return Bucket(str(where))
    raise StorageError(f"No store speaks {scheme}://. Give a folder, or s3://bucket/prefix")


class Folder:
    """Blobs as files `ab/<digest>`; a file with a digest's name is always whole and on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._incoming = self._root / "incoming"
        self._aside = self._incoming / secrets.token_hex(8)  # this process's
        with self._translated():
            self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            _spread(self._incoming)
            self._sweep()

    async def put(self, content: bytes) -> str:
        return (await self.put_all([content]))[0]

    async def put_all(self, contents: Sequence[bytes]) -> list[str]:
        return await asyncio.to_thread(self._put_all, contents) if contents else []

    async def get(self, digest: str) -> bytes:
        return await asyncio.to_thread(self._read, digest)

    async def get_all(self, digests: Sequence[str]) -> list[bytes | StorageError]:
        return await asyncio.to_thread(self._read_all, digests) if digests else []

    async def delete(self, digest: str) -> None:
        with contextlib.suppress(Missing), self._translated(digest):
            await asyncio.to_thread((self._root / _key(digest)).unlink)

    async def size(self, digest: str) -> int:
        with self._translated(digest):
            return (await asyncio.to_thread((self._root / _key(digest)).stat)).st_size

    def _put_all(self, contents: Sequence[bytes]) -> list[str]:
        digests = [hashlib.sha256(content).hexdigest() for content in contents]
        with self._translated():
            wanted = dict(zip(digests, contents, strict=True))
            self._write({one: content for one, content in wanted.items() if not self._is_whole(one, len(content))})
        return digests

    def _write(self, wanted: Mapping[str, bytes]) -> None:
        """Whole or not at all: written aside, on the disk, then given their names, and the names on the disk too.

        Many are written before the first one is waited for: the disk then takes them in one go.
        """
        ours = secrets.token_hex(8)
        asides = {digest: f"{self._aside}/{digest}.{ours}" for digest in wanted}
        places = {digest: self._place(digest) for digest in wanted}
        left = set(asides.values())
        self._aside.mkdir(mode=0o700, exist_ok=True)
        try:
            for digest, content in wanted.items():
                _write_file(asides[digest], content)
            _sync(self._root, asides.values())
            folders = {place.rpartition("/")[0] for place in places.values()}
            made = [above for folder in folders for above in _make_folders(folder, str(self._root))]
            for digest, aside in asides.items():
                os.replace(aside, places[digest])
                left.discard(aside)
            _sync(self._root, {*made, *folders})
        finally:
            for aside in left:
                Path(aside).unlink(missing_ok=True)

    def _place(self, digest: str) -> str:
        """A path as text: `Path` costs more than the file system."""
        return f"{self._root}/{_key(digest)}"

    def _is_whole(self, digest: str, length: int) -> bool:
        try:
            return os.stat(self._place(digest)).st_size == length
        except FileNotFoundError:
            return False

    def _read(self, digest: str) -> bytes:
        with self._translated(digest):
            content = _read_file(self._place(digest))
        return _verified(content, digest)

    def _read_all(self, digests: Sequence[str]) -> list[bytes | StorageError]:
        return [self._read_or_not(digest) for digest in digests]

    def _read_or_not(self, digest: str) -> bytes | StorageError:
        try:
            return self._read(digest)
        except StorageError as e:
            return e

    def _sweep(self) -> None:
        """What a killed process left half written long ago."""
        for path in (*self._incoming.glob("*/*"), *self._incoming.iterdir()):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                    _remove(path)

    @contextlib.contextmanager
    def _translated(self, digest: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            if digest and isinstance(problem, FileNotFoundError):
                raise Missing(f"No blob {digest} in {self._root}") from problem
            if problem.errno in _FULL:
                raise StorageFull(f"No room left in {self._root} ({problem.strerror}). Free some space") from problem
            raise StorageError(f"{self._root} cannot be used: {problem.strerror}") from problem


class Bucket:
    """Blobs as objects `prefix/ab/<digest>` in anything that speaks S3."""

    def __init__(self, url: str) -> None:
        self._url = url
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        try:
            self._store = S3Store.from_url(
                url,
                client_options={
                    "allow_http": endpoint.startswith("http://"),
                    "connect_timeout": timedelta(seconds=10),
                    "timeout": timedelta(seconds=120),
                },
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
            )
        except (BaseError, ValueError) as problem:
            raise StorageError(f"{url} cannot be used: {_cause(problem)}") from problem

    async def put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        with contextlib.suppress(Missing):
            if await self.size(digest) == len(content):
                return digest
        with self._translated(digest, putting=True):
            await obstore.put_async(self._store, _key(digest), content)
        return digest

    async def put_all(self, contents: Sequence[bytes]) -> list[str]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def put(content: bytes) -> str:
            async with slots:
                return await self.put(content)

        return list(await asyncio.gather(*map(put, contents)))

    async def get(self, digest: str) -> bytes:
        with self._translated(digest):
            answer = await obstore.get_async(self._store, _key(digest))
            content = bytes(await answer.bytes_async())
        return _verified(content, digest)

    async def get_all(self, digests: Sequence[str]) -> list[bytes | StorageError]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def get(digest: str) -> bytes | StorageError:
            async with slots:
                try:
                    return await self.get(digest)
                except StorageError as e:
                    return e

        return list(await asyncio.gather(*map(get, digests)))

    async def delete(self, digest: str) -> None:
        with contextlib.suppress(Missing), self._translated(digest):
            await obstore.delete_async(self._store, _key(digest))

    async def size(self, digest: str) -> int:
        with self._translated(digest):
            return (await obstore.head_async(self._store, _key(digest)))["size"]

    @contextlib.contextmanager
    def _translated(self, digest: str, *, putting: bool = False) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as problem:
            if putting or "NoSuchBucket" in str(problem):
                raise StorageError(f"{self._url}: the bucket does not exist") from problem
            raise Missing(f"No blob {digest} in {self._url}") from problem
        except (BaseError, OSError) as problem:
            if any(word in str(problem) for word in _FULL_WORDS):
                raise StorageFull(f"No room left in {self._url}: {_cause(problem)}") from problem
            raise StorageError(f"{self._url} cannot be used: {_cause(problem)}") from problem


def _key(digest: str) -> str:
    """Where a blob lies below the root. Digests come from links and rows: nothing else ever becomes a path.

    256 folders: with more of them nearly every one of the first 100,000 blobs would cost a folder of its own.
    """
    if not _DIGEST.fullmatch(digest):
        raise Missing(f"{digest[:80]!r} is not the digest of a blob")
    return f"{digest[:2]}/{digest}"


def _verified(content: bytes, digest: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != digest:
        raise Damaged(f"Blob {digest} has changed on its disk: restore it from a backup")
    return content


def _write_file(file: str, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        done = os.write(descriptor, content)
        while done < len(content):
            done += os.write(descriptor, memoryview(content)[done:])
    finally:
        os.close(descriptor)


def _read_file(file: str) -> bytes:
    """As open() does, in a third of the steps."""
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        left = os.fstat(descriptor).st_size
        pieces = []
        while left > 0 and (piece := os.read(descriptor, left)):
            pieces.append(piece)
            left -= len(piece)
    finally:
        os.close(descriptor)
    return b"".join(pieces)


def _remove(path: Path) -> None:
    """A file, or a folder if nothing is in it."""
    if not path.is_dir():
        path.unlink()
        return
    with contextlib.suppress(OSError):
        path.rmdir()


def _spread(folder: Path) -> None:
    """Ask ext4 to put the folders in this one each into a place of its own on the disk; other systems need not know.

    A new file gets the first free inode near its folder, and those that were freed within the last minutes are looked
    at, one by one, and passed over: where many files come and go that takes thirty times as long as all the rest.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            flags = int.from_bytes(fcntl.ioctl(descriptor, _GET_FLAGS, bytes(8)), sys.byteorder)
            fcntl.ioctl(descriptor, _SET_FLAGS, (flags | _TOP_OF_FOLDERS).to_bytes(8, sys.byteorder))
        finally:
            os.close(descriptor)


def _make_folders(folder: str, root: str) -> list[str]:
    """Like mkdir -p; the folders that got a new name in them."""
    if folder == root or os.path.isdir(folder):
        return []
    parent = os.path.dirname(folder)
    above = _make_folders(parent, root)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    return [*above, parent]


def _sync(root: Path, paths: Collection[str]) -> None:
    """The contents of these files and the names in these folders are on the disk. Many are waited for at once."""
    if len(paths) >= _MANY and _sync_everything(root):
        return
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # works through any descriptor of the file
        finally:
            os.close(descriptor)


def _sync_everything(root: Path) -> bool:
    """syncfs(2), a third of the cost of fifty fsyncs. False where it does not tell its errors: before Linux 5.8."""
    if not _TELLS_ERRORS:
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = os.open(root, os.O_RDONLY)
    try:
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
    return True


def _linux() -> tuple[int, ...]:
    """The kernel's version, or (0,) where it is another one."""
    found = re.match(r"(\d+)\.(\d+)", platform.release()) if sys.platform == "linux" else None
    return tuple(int(number) for number in found.groups()) if found else (0,)


_TELLS_ERRORS = _linux() >= (5, 8)


def _cause(problem: Exception) -> str:
    """The first line: obstore appends pages of internals."""
    return str(problem).partition("\n")[0][:300]
