"""Blobs in a bucket."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterator, Sequence
from datetime import timedelta

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from hub.storage.blobs import Missing, StorageError, StorageFull, key_of, verified

_FULL_WORDS = ("507 Insufficient", "StorageFull", "QuotaExceeded")  # MinIO, Ceph
_AT_ONCE = 16  # requests to a bucket


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
            await obstore.put_async(self._store, key_of(digest), content)
        return digest

    async def put_all(self, contents: Sequence[bytes]) -> list[str]:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def put(content: bytes) -> str:
            async with slots:
                return await self.put(content)

        return list(await asyncio.gather(*map(put, contents)))

    async def get(self, digest: str) -> bytes:
        with self._translated(digest):
            answer = await obstore.get_async(self._store, key_of(digest))
            content = bytes(await answer.bytes_async())
        return verified(content, digest)

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
            await obstore.delete_async(self._store, key_of(digest))

    async def size(self, digest: str) -> int:
        with self._translated(digest):
            return (await obstore.head_async(self._store, key_of(digest)))["size"]

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


def _cause(problem: Exception) -> str:
    """The first line: obstore appends pages of internals."""
    return str(problem).partition("\n")[0][:300]
