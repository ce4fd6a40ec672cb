"""A new link to the preference centre, for somebody who has an old one: through the gate, to an address on record."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.branding import brands
from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import letterhead, preference_links, request
from hub.outbound.asking import Gate, Request, Words
from hub.outbound.letterhead import Letter
from hub.staff import throttle

A_DAY = 1  # whoever asks, and however often


@dataclass(frozen=True, slots=True)
class Said:
    """`subject` and `text` have gaps for {company} and {link}; `button` is the link's words in HTML."""

    language: str
    subject: str
    text: str
    button: str


async def send(session: AsyncSession, customer_id: UUID, said: Said, *, gate: Gate, now: datetime) -> bool:
    """False when one was sent within a day."""
    if not await throttle.ration(session, f"renew:{customer_id}", A_DAY, now=now):
        return False
    link = preference_links.address(gate, customer_id, now=now)
    text, brand = said.text.format(company=gate.company, link=link), await brands.read(session)
    html = letterhead.html(Letter(text, link, said.button, said.language), brand, gate)
    closing = letterhead.closing(said.language, brand, gate)
    words = Words(text, said.subject.format(company=gate.company), html, closing)
    kinds = (Kind.EMAIL, Kind.SMS)
    asked = Request(customer_id, Purpose.SERVICE, Origin.AUTOMATION, words, kinds=kinds, occasion="new-link")
    await request.send(session, asked, gate=gate, now=now)
    return True
