"""Who gets a copy of a mail: the gate is asked about every address, when it is placed and again when it leaves.

An agent's answer needs nobody's consent, but an address that is dead, suppressed or erased, or whose owner complained,
is left out; the mail goes to the others. Campaigns have no copies, and pay for nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from channels.message import Address, Reason
from hub.customers import consent
from hub.models import Identity, Interaction, MailCopy, Suppression
from hub.models.vocabulary import AddressKind, CopyFate, IdentityState, Kind, Origin, Purpose, Withheld
from hub.outbound.asking import Copy, Gate
from hub.outbound.facts import facts
from hub.outbound.permission import decide
from hub.outbound.planning import Plan
from hub.outbound.question import Facts, Question

_REMEMBERED = timedelta(days=30)  # that a stranger's address did not exist: nobody else keeps it in mind


def of(plan: Plan) -> Sequence[Copy]:
    """Its copies, each address once, without the recipient's own; of one given twice the open one."""
    request, row = plan.request, plan.interaction
    if not request.copies or row.kind is not Kind.EMAIL:
        return ()
    once = {one.address: one for one in sorted(request.copies, key=lambda one: one.blind, reverse=True)}
    order = dict.fromkeys(one.address for one in request.copies if one.address != row.recipient)
    return [once[address] for address in order]


async def judge(session: AsyncSession, plans: Sequence[Plan], *, gate: Gate, now: datetime) -> dict[str, Withheld]:
    """Those of their addresses that get no copy, and why not."""
    wanted = {one.address for plan in plans for one in of(plan)}
    return await refused(session, wanted, gate=gate, now=now) if wanted else {}


async def write(
    session: AsyncSession, plans: Sequence[Plan], left_out: Mapping[str, Withheld], *, now: datetime
) -> None:
    """Beside the messages' own rows."""
    rows = [row for plan in plans for row in _rows(plan, left_out, now)]
    session.add_all(rows)
    if rows:
        await session.flush()


def may_have(row: Interaction) -> bool:
    """Of all others nobody needs to ask."""
    return row.kind is Kind.EMAIL and row.campaign_id is None and row.purpose is Purpose.SERVICE


async def known(session: AsyncSession, rows: Iterable[Interaction]) -> dict[UUID, list[MailCopy]]:
    """Those of these mails that nobody has left out yet, as they were given."""
    ids = [row.id for row in rows if may_have(row)]
    if not ids:
        return {}
    wanted = (col(MailCopy.interaction_id).in_(ids), col(MailCopy.fate) != CopyFate.LEFT_OUT)
    found: dict[UUID, list[MailCopy]] = {}
    for one in await session.exec(select(MailCopy).where(*wanted).order_by(col(MailCopy.place))):
        found.setdefault(one.interaction_id, []).append(one)
    return found


async def last_look(
    session: AsyncSession, waiting: Sequence[MailCopy], *, gate: Gate, now: datetime
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Cc and Bcc of a mail that leaves now. Who may not have it any more is written down as left out."""
    if not waiting:
        return (), ()
    no = await refused(session, {one.address for one in waiting}, gate=gate, now=now)
    for one in waiting:
        if one.address in no:
            one.fate, one.reason, one.at = CopyFate.LEFT_OUT, no[one.address].value, now
            session.add(one)
    await session.flush()
    going = [one for one in waiting if one.address not in no]
    cc, bcc = ([Address(Kind.EMAIL, one.address) for one in going if one.blind is blind] for blind in (False, True))
    return tuple(cc), tuple(bcc)


# ---- the gate -------------------------------------------------------------------------------


async def refused(
    session: AsyncSession, addresses: Collection[str], *, gate: Gate, now: datetime
) -> dict[str, Withheld]:
    """Those of these addresses that may not have a copy now, and why not."""
    owners = await _owners(session, addresses)
    known = await facts(session, {one.customer_id for one in owners.values()}, now=now) if owners else {}
    listed = await consent.suppressions(session, [(Kind.EMAIL, one) for one in addresses])
    found: dict[str, Withheld] = dict.fromkeys(await _gone(session, addresses, now), Withheld.ADDRESS_DEAD)
    found |= dict.fromkeys(await _erased(session, addresses), Withheld.SUPPRESSED)
    found |= {one.value: Withheld.SUPPRESSED for one in listed if one.purpose in (None, Purpose.SERVICE)}
    for address, one in owners.items():
        if (reason := _decided(known[one.customer_id], one, gate, now)) is not None:
            found[address] = reason
    return found | {one.value: Withheld.COMPLAINED for one in listed if _complained(one)}


def _decided(about: Facts, identity: Identity, gate: Gate, now: datetime) -> Withheld | None:
    """As for a first word of an agent's; and who reported our mail as unwanted gets nothing they did not ask for."""
    if identity.state is IdentityState.COMPLAINED:
        return Withheld.COMPLAINED
    email = frozenset((Kind.EMAIL,))
    question = Question(Purpose.SERVICE, Origin.AGENT, email, email, kinds=(Kind.EMAIL,), recipient=identity.value)
    return decide(about, question, gate.rules, now).reason


def _complained(row: Suppression) -> bool:
    return row.reason == Reason.COMPLAINED


async def _owners(session: AsyncSession, addresses: Collection[str]) -> dict[str, Identity]:
    rows = select(Identity).where(col(Identity.kind) == AddressKind.EMAIL, col(Identity.value).in_(addresses))
    return {one.value: one for one in await session.exec(rows)}


async def _gone(session: AsyncSession, addresses: Collection[str], now: datetime) -> set[str]:
    """Nobody's addresses that did not exist when a copy went there lately."""
    values = {"addresses": list(addresses), "since": now - _REMEMBERED, "reason": Reason.BAD_ADDRESS.value}
    return set((await session.execute(_GONE, values)).scalars())


async def _erased(session: AsyncSession, addresses: Collection[str]) -> set[str]:
    return set((await session.execute(_ERASED, {"addresses": list(addresses)})).scalars())


_GONE = text("""
select distinct m.address from mail_copy m
where m.address = any(cast(:addresses as text[])) and m.fate in ('refused', 'failed') and m.reason = :reason
  and m.at > :since and not exists (select from identity i where i.kind = 'email' and i.value = m.address)
""")
_ERASED = text("""
select a from unnest(cast(:addresses as text[])) as t(a)
where exists (select from erased_address) and exists (
  select from erased_address e where e.kind = 'email' and e.hash = address_hash(a))
""")


def _rows(plan: Plan, left_out: Mapping[str, Withheld], now: datetime) -> list[MailCopy]:
    return [
        MailCopy(
            interaction_id=plan.interaction.id,
            address=one.address,
            place=place,
            blind=one.blind,
            fate=CopyFate.LEFT_OUT if one.address in left_out else CopyFate.ALONG,
            reason=left_out[one.address].value if one.address in left_out else "",
            at=now,
        )
        for place, one in enumerate(of(plan))
    ]
