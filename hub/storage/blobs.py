"""What a store promises, whichever it is, and how a blob is named."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Protocol

_DIGEST = re.compile(r"[0-9a-f]{64}")


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


def key_of(digest: str) -> str:
    """Where a blob lies below the root. Digests come from links and rows: nothing else ever becomes a path.

    256 folders: with more of them nearly every one of the first 100,000 blobs would cost a folder of its own.
    """
    if not _DIGEST.fullmatch(digest):
        raise Missing(f"{digest[:80]!r} is not the digest of a blob")
    return f"{digest[:2]}/{digest}"


def verified(content: bytes, digest: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != digest:
        raise Damaged(f"Blob {digest} has changed on its disk: restore it from a backup")
    return content
