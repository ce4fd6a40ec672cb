"""Files written for good: what is told to be on the disk is there after a power cut. Nothing here knows of blobs."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import platform
import re
import sys
from collections.abc import Collection
from pathlib import Path

_GET_FLAGS, _SET_FLAGS, _TOP_OF_FOLDERS = 0x80086601, 0x40086602, 0x00020000  # ioctl_iflags(2), chattr(1) +T
_MANY = 8  # files from which on the whole disk is synced rather than each of them


def write_file(file: str, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        done = os.write(descriptor, content)
        while done < len(content):
            done += os.write(descriptor, memoryview(content)[done:])
    finally:
        os.close(descriptor)


def read_file(file: str) -> bytes:
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


def remove(path: Path) -> None:
    """A file, or a folder if nothing is in it."""
    if not path.is_dir():
        path.unlink()
        return
    with contextlib.suppress(OSError):
        path.rmdir()


def spread(folder: Path) -> None:
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


def make_folders(folder: str, root: str) -> list[str]:
    """Like mkdir -p; the folders that got a new name in them."""
    if folder == root or os.path.isdir(folder):
        return []
    parent = os.path.dirname(folder)
    above = make_folders(parent, root)
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    return [*above, parent]


def sync(root: Path, paths: Collection[str]) -> None:
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
