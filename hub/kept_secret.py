"""The secret that a hub makes for itself when nobody configured one."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from hub.settings import ConfigurationError

_LEAST = 16  # bytes


def kept_secret(file: Path) -> bytes:
    """What `file` holds; made (mode 0600) by whoever asks first. Raises ConfigurationError.

    Several processes may ask at once, and any of them may be killed: the file has its name only when it is whole.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        secret = file.read_bytes().strip()
    except OSError as e:
        raise ConfigurationError(f"[hub] data_dir: cannot use {file}: {e.strerror}") from e
    if len(secret) < _LEAST:
        raise ConfigurationError(f"{file} holds no usable secret. Delete it to have a new one made")
    return secret


def _make(file: Path) -> None:
    aside = file.with_name(f"{file.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as f:
            f.write(secrets.token_urlsafe(32))
            f.flush()
            os.fsync(f.fileno())
        with suppress(FileExistsError):  # somebody was quicker: theirs it is
            os.link(aside, file)
    finally:
        aside.unlink(missing_ok=True)
