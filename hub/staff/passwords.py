"""Passwords: what is asked of them, and argon2id (RFC 9106) away from the event loop."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar, TypeVarTuple, Unpack

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.sentences import Sentence

SHORTEST, LONGEST = 10, 1000

R = TypeVar("R")
A = TypeVarTuple("A")

_HASHER = PasswordHasher()  # RFC 9106's second choice: 64 MiB, 3 passes, 4 lanes
_WORKERS = ThreadPoolExecutor(2, "argon2")  # at most two at once: a flood of sign-ins must not take all memory


class WeakPassword(ValueError):
    """The password cannot be used; the message says why, for the person who chose it."""


def check(password: str, email: str) -> None:
    """Raise WeakPassword unless `password` will do for the account of `email`."""
    if len(password) < SHORTEST:
        raise WeakPassword(
            Sentence("The password is too short: use at least %(least)s characters", {"least": SHORTEST})
        )
    if len(password) > LONGEST:
        raise WeakPassword(Sentence("The password is too long: use at most %(most)s characters", {"most": LONGEST}))
    if password.strip().lower() in (email.lower(), email.lower().partition("@")[0]):
        raise WeakPassword(Sentence("The password is the account's own address: choose one that nobody can guess"))
    if len(set(password)) < 3:
        raise WeakPassword(Sentence("The password repeats one or two characters: choose one that nobody can guess"))


async def hashed(password: str) -> str:
    """The argon2id hash to store, with its parameters and salt in it."""
    return await _elsewhere(_HASHER.hash, _octets(password))


async def holds(stored: str | None, password: str) -> bool:
    """Is this the password of that hash? Costs the same for `None`, an account that does not exist."""
    answer = await _elsewhere(_verify, stored or _nobodys(), _octets(password[: LONGEST + 1]))
    return answer and stored is not None


def is_outdated(stored: str) -> bool:
    """Was this hash made with weaker parameters than today's?"""
    return _HASHER.check_needs_rehash(stored)


def _verify(stored: str, password: bytes) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_bytes(16))


def _octets(password: str) -> bytes:
    """One spelling of a password for every keyboard (NIST SP 800-63B 5.1.1.2); lone surrogates cannot crash us."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")


async def _elsewhere(function: Callable[[Unpack[A]], R], *args: *A) -> R:
    return await asyncio.get_running_loop().run_in_executor(_WORKERS, function, *args)
