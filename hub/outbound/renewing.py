"""A new link to the preference centre, for somebody who has an old one: through the gate, to an address on record."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models.vocabulary import Kind, Origin, Purpose
from hub.outbound import preference_links, request
from hub.outbound.asking import Gate, Request, Words
from hub.staff import throttle

A_DAY = 1  # whoever asks, and however often


async def send(session: AsyncSession, customer_id: UUID, subject: str, text: str, *, gate: Gate, now: datetime) -> bool:
    """`subject` and `text` have gaps for {company} and {link}. False when one was sent within a day."""
    if not await throttle.ration(session, f"renew:{customer_id}", A_DAY, now=now):
        return False
    link = preference_links.address(gate, customer_id, now=now)
    words = Words(text.format(company=gate.company, link=link), subject=subject.format(company=gate.company))
    kinds = (Kind.EMAIL, Kind.SMS)
    asked = Request(customer_id, Purpose.SERVICE, Origin.AUTOMATION, words, kinds=kinds, occasion="new-link")
    await request.send(session, asked, gate=gate, now=now)
    return True
