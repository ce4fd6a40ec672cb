"""What an agent may choose about a mail before it is written: to whom, from where, and what will stand below it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Kind
from hub.conversations import copying, mailboxes, replies, signatures
from hub.conversations.answering import address_for
from hub.models import Identity, Interaction
from hub.models.vocabulary import AddressKind, IdentityState
from hub.outbound.request import Gate
from hub.staff import teams
from hub.staff.teams import Group


@dataclass(frozen=True, slots=True)
class Offer:
    """The usual choice comes first. `trouble` says why a signature cannot be filled in; then there is none."""

    recipients: tuple[str, ...]
    reply_to: str  # one of `recipients` that the answered mail asked for, though it came from elsewhere
    copied: tuple[str, ...]  # other people of the answered mail
    everybody: tuple[str, ...]  # those of them to whom an answer to all goes
    signatures: Mapping[str, str]  # mailbox, a channel's name → what closes a mail that leaves by it
    quotes: bool  # there is a mail to quote
    trouble: str = ""

    @property
    def mailboxes(self) -> tuple[str, ...]:
        return tuple(self.signatures)


async def offer(
    session: AsyncSession, known: Iterable[Identity], conversation_id: UUID | None, *, staff_id: int, gate: Gate
) -> Offer:
    """For a conversation, or for a first word to a customer. `known`: the customer's addresses."""
    last = await replies.answered(session, conversation_id, Kind.EMAIL) if conversation_id else None
    wanted = [address_for(last), last.sender] if last is not None else []
    usable = [one for one in known if one.state is not IdentityState.DEAD]
    own = [one.value for one in usable if one.kind is AddressKind.EMAIL]
    groups = await teams.listing(session)
    names = mailboxes.among(groups, staff_id, last.channel if last else "", gate=gate)
    closings, trouble = await _closings(session, names, groups, staff_id, gate)
    copied = tuple(last.copied or ()) if last is not None else ()
    return Offer(
        recipients=tuple(dict.fromkeys(address for address in (*wanted, *own) if address)),
        reply_to=_reply_to(last),
        copied=copied,
        everybody=copying.everybody(copied, wanted, own=gate.own),
        signatures=closings,
        quotes=last is not None,
        trouble=trouble,
    )


def _reply_to(last: Interaction | None) -> str:
    return last.reply_to if last is not None and last.reply_to != last.sender else ""


async def _closings(
    session: AsyncSession, names: tuple[str, ...], groups: Sequence[Group], staff_id: int, gate: Gate
) -> tuple[dict[str, str], str]:
    try:
        return await signatures.closings(session, staff_id, names, groups, gate=gate), ""
    except signatures.SignatureProblem as problem:
        return dict.fromkeys(names, ""), str(problem)
