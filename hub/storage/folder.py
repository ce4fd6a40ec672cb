"""Blobs in a folder."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from hub.storage import disk
from hub.storage.blobs import Missing, StorageError, StorageFull, key_of, verified

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ABANDONED_SECONDS = 86_400


class Folder:
    """Blobs as files `ab/<digest>`; a file with a digest's name is always whole and on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._incoming = self._root / "incoming"
        self._aside = self._incoming / secrets.token_hex(8)  # this process's
        with self._translated():
            self._incoming.mkdir(mode=0o700, parents=True, exist_ok=True)
            disk.spread(self._incoming)
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
            await asyncio.to_thread((self._root / key_of(digest)).unlink)

    async def size(self, digest: str) -> int:
        with self._translated(digest):
            return (await asyncio.to_thread((self._root / key_of(digest)).stat)).st_size

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
                disk.write_file(asides[digest], content)
            disk.sync(self._root, asides.values())
            folders = {place.rpartition("/")[0] for place in places.values()}
            made = [above for folder in folders for above in disk.make_folders(folder, str(self._root))]
            for digest, aside in asides.items():
                os.replace(aside, places[digest])
                left.discard(aside)
            disk.sync(self._root, {*made, *folders})
        finally:
            for aside in left:
                Path(aside).unlink(missing_ok=True)

    def _place(self, digest: str) -> str:
        """A path as text: `Path` costs more than the file system."""
        return f"{self._root}/{key_of(digest)}"

    def _is_whole(self, digest: str, length: int) -> bool:
        try:
            return os.stat(self._place(digest)).st_size == length
        except FileNotFoundError:
            return False

    def _read(self, digest: str) -> bytes:
        with self._translated(digest):
            content = disk.read_file(self._place(digest))
        return verified(content, digest)

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
                    disk.remove(path)

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
