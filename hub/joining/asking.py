"""Somebody has filled in a form: whoever has the address is asked whether it was they. Nobody is a customer by it.

Whether anything is sent is told to nobody: neither who is known nor who wants nothing can be found out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.branding import brands
from hub.branding.brands import Brand
from hub.customers import consent, directory, identities
from hub.interactions import receipts
from hub.joining import forms
from hub.joining.words import WORDS
from hub.languages import in_language
from hub.models import Customer, Interaction, SignUp, SignUpDay, SignUpForm
from hub.models.vocabulary import (
    AddressKind,
    IdentityState,
    Kind,
    Origin,
    Purpose,
)
from hub.outbound import confirmations, costs, letterhead, outbox, ungated
from hub.outbound.asking import PRIORITY, Gate
from hub.outbound.letterhead import Letter
from hub.outbound.rendering import Rendered
from hub.outbound.ungated import Route
from hub.staff import throttle

HOLDS = timedelta(days=3)  # the link
FORGOTTEN = timedelta(days=14)  # what nobody has confirmed
IGNORED = 3  # unconfirmed ones of one address: then it is left in peace until they are forgotten
A_DAY = 1  # message to one address, whichever form asks
FROM_A_NETWORK = 50  # a day
_LEAVES_WITHIN = timedelta(hours=1)
_WHY = "somebody signed up with this address and is asked whether it was they"
_CARD = "hub:sign-ups"  # the external id of the card that these messages stand on


@dataclass(frozen=True, slots=True)
class Asked:
    """A form as somebody sent it. `items`: what they ticked → the words beside it; `address` in canonical spelling.

    `shown`: the language of these words, where it is another one than the `language` they want to be written in.
    """

    kind: Kind
    address: str
    items: Mapping[str, str]
    language: str
    network: str
    ip: str
    name: str = ""
    shown: str = ""

    @property
    def read(self) -> str:
        """The language of what its asker has read."""
        return self.shown or self.language


async def ask(session: AsyncSession, form: SignUpForm, asked: Asked, *, gate: Gate, now: datetime) -> bool:
    """Queue the question and keep what was asked; False when nothing is sent. The asker hears the same either way."""
    channel = next(iter(gate.senders.get(asked.kind, ())), "")
    if not channel or not await _is_open(session, asked) or not await _rationed(session, form, asked, now):
        return False
    said = _said(asked, await brands.read(session), gate)
    route = Route(asked.kind, channel, asked.address)
    whose = (await card(session, now=now)).id
    row = ungated.row(said, route, whose, Origin.AUTOMATION, _WHY, now=now, occasion=confirmations.OCCASION)
    session.add(row)
    session.add(_sign_up(row.id, form, asked, now))
    await session.flush()
    await outbox.put(session, [_ticket(row, asked, said, gate, now)], now=now)
    await receipts.announce(session, row)
    await count(session, form.id or 0, gate, "asked", now=now)
    return True


async def count(session: AsyncSession, form_id: int, gate: Gate, what: str, *, now: datetime) -> None:
    """One more on this day, by the company's clock."""
    day = now.astimezone(ZoneInfo(gate.rules.company_zone)).date()
    row = {"form_id": form_id, "day": day, "asked": 0, "confirmed": 0, what: 1}
    key = [col(SignUpDay.form_id), col(SignUpDay.day)]
    column = getattr(SignUpDay, what)
    more = insert(SignUpDay).values(**row).on_conflict_do_update(index_elements=key, set_={what: col(column) + 1})
    await session.exec(more)


async def card(session: AsyncSession, *, now: datetime) -> Customer:
    """Every message belongs to somebody in the log: these stand on a card of nobody's, until they are confirmed."""
    return await ungated.card(session, _CARD, "Sign-ups to be confirmed", now=now)


async def _is_open(session: AsyncSession, asked: Asked) -> bool:
    """Not to an address that nobody may write to, that is dead or complained, nor to who died or wants no contact."""
    rows = await consent.suppressions(session, [(asked.kind, asked.address)])
    if any(row.purpose in (None, Purpose.SERVICE) for row in rows):
        return False
    kind = AddressKind.of(asked.kind)
    owner = await directory.find(session, kind, asked.address)
    if owner is not None:
        mine = [one for one in await identities.of(session, owner.id) if (one.kind, one.value) == (kind, asked.address)]
        if owner.deceased or owner.do_not_contact or mine[0].state in (IdentityState.DEAD, IdentityState.COMPLAINED):
            return False
    return await _ignored(session, asked) < IGNORED


async def _ignored(session: AsyncSession, asked: Asked) -> int:
    mine = select(func.count()).where(col(SignUp.kind) == asked.kind, col(SignUp.address) == asked.address)
    return int((await session.exec(mine)).one())


async def _rationed(session: AsyncSession, form: SignUpForm, asked: Asked, now: datetime) -> bool:
    """Exact over all processes, whoever asks at once. The address stands there as its digest."""
    digest = hashlib.sha256(f"{asked.kind.value} {asked.address}".encode()).hexdigest()
    rations = (
        (f"join:network:{asked.network}", FROM_A_NETWORK),
        (f"join:address:{digest}", A_DAY),
        (f"join:form:{form.id}", form.most_a_day),
    )
    for key, most in rations:
        if not await throttle.ration(session, key, most, now=now):
            return False
    return True


def _sign_up(message: UUID, form: SignUpForm, asked: Asked, now: datetime) -> SignUp:
    return SignUp(
        id=message,
        form_id=form.id or 0,
        asked_at=now,
        kind=asked.kind,
        address=asked.address,
        name=asked.name,
        language=asked.language,
        items={item: f"{label} · {forms.consent(form, asked.read)}" for item, label in asked.items.items()},
        version=forms.version(form, asked.read),
        ip=asked.ip,
    )


def _said(asked: Asked, brand: Brand, gate: Gate) -> Rendered:
    own = in_language(WORDS, asked.language, gate.default_language)
    text = own.message(asked.kind, gate.company, asked.items.values(), confirmations.PLACE, HOLDS.days)
    if asked.kind is not Kind.EMAIL:
        return Rendered("", text, "", own.language)
    letter = Letter(text, confirmations.PLACE, own.button, own.language)
    subject, closing = own.subject.format(company=gate.company), letterhead.closing(own.language, brand, gate)
    return Rendered(subject, text, letterhead.html(letter, brand, gate), own.language, closing)


def _ticket(row: Interaction, asked: Asked, said: Rendered, gate: Gate, now: datetime) -> outbox.NewTicket:
    text = confirmations.written(said, asked.kind, row.id, gate).text
    priority, cost = PRIORITY[Origin.AUTOMATION], costs.cost(asked.kind, text)
    return outbox.NewTicket(row.id, row.channel, asked.kind, priority, now, now + _LEAVES_WITHIN, cost)
