"""Sending an owner to the provider and knowing them when they come back (RFC 6749 4.1, 10.12; RFC 7636; RFC 9700 2.1).

The state is signed, belongs to one session of one member of staff, ends after some minutes and is good for one return.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import MailboxQuestion
from hub.sealing import Sealer
from hub.signing import Signer

LASTS = timedelta(minutes=15)
FOR_COMMAND_LINE = "cli-"  # how the state of a question begins that `hub mailboxes connect` asked
_PURPOSE = "mailbox question"


@dataclass(frozen=True, slots=True)
class Proof:
    """PKCE: the challenge goes out with the question, the verifier proves that the code came back to who asked."""

    verifier: str = field(repr=False)

    @property
    def challenge(self) -> str:
        """S256 (RFC 7636 4.2)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: one session (known by the token of its forms) of one member of staff."""

    staff_id: int
    csrf: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody came back for this channel."""

    channel: str
    proof: Proof


def proof() -> Proof:
    return Proof(secrets.token_urlsafe(48))


async def ask(
    session: AsyncSession, signer: Signer, sealer: Sealer, channel: str, asker: Asker, *, now: datetime
) -> tuple[str, Proof]:
    """The state to send along, and the proof whose challenge goes with it."""
    await session.exec(delete(MailboxQuestion).where(col(MailboxQuestion.expires_at) <= now))
    state, made = signer.sign(_PURPOSE, secrets.token_urlsafe(24), expires=now + LASTS), proof()
    row = MailboxQuestion(
        state_hash=_hash(state),
        channel=channel,
        staff_id=asker.staff_id,
        session_hash=_hash(asker.csrf),
        sealed=sealer.seal(_subject(state), made.verifier),
        expires_at=now + LASTS,
    )
    session.add(row)
    return state, made


async def returned(
    session: AsyncSession, signer: Signer, sealer: Sealer, state: str, asker: Asker, *, now: datetime
) -> Returned | None:
    """Whose question this state belongs to, once. None when it is forged, old, used, or another session's."""
    if signer.read(_PURPOSE, state, now=now) is None:
        return None
    mine = (
        col(MailboxQuestion.state_hash) == _hash(state),
        col(MailboxQuestion.staff_id) == asker.staff_id,
        col(MailboxQuestion.session_hash) == _hash(asker.csrf),
        col(MailboxQuestion.expires_at) > now,
    )
    rows = await session.execute(
        delete(MailboxQuestion).where(*mine).returning(col(MailboxQuestion.channel), col(MailboxQuestion.sealed))
    )
    found = rows.first()
    verifier = sealer.open(_subject(state), found[1]) if found else None
    return Returned(found[0], Proof(verifier)) if found and verifier else None


def _subject(state: str) -> str:
    return f"mailbox_question:{_hash(state)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
