"""What is known of tickets that are looked at together before they leave: their rows, and all that bears on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import AttachmentRow, Campaign, Interaction, Letter, MailCopy, TemplateVersion
from hub.models.vocabulary import CampaignState, Origin
from hub.outbound import colleagues, copying, links, templates
from hub.outbound.facts import facts
from hub.outbound.outbox import Ticket
from hub.outbound.question import Facts


@dataclass(frozen=True, slots=True)
class Batch:
    """What was read for all tickets together."""

    rows: Mapping[UUID, Interaction]
    facts: Mapping[UUID, Facts]
    versions: Mapping[int, TemplateVersion]
    campaigns: Mapping[int, CampaignState]
    topics: Mapping[int, str]  # of campaigns about one
    tracked: frozenset[int]  # campaigns whose links are followed
    files: Mapping[UUID, list[AttachmentRow]]
    letters: Mapping[UUID, Letter]  # to colleagues who may read them
    copies: Mapping[UUID, list[MailCopy]]


async def read(session: AsyncSession, tickets: Sequence[Ticket], now: datetime) -> Batch:
    """Their rows are locked."""
    ids = [ticket.interaction_id for ticket in tickets]
    found = await session.exec(select(Interaction).where(col(Interaction.id).in_(ids)).with_for_update())
    rows = {row.id: row for row in found}
    letters = await colleagues.letters(session, [row.id for row in rows.values() if row.origin is Origin.REPORT])
    return Batch(
        rows=rows,
        facts=await facts(session, {row.customer_id for row in rows.values()}, now=now, elsewhere=_elsewhere(rows)),
        versions=await templates.versions(
            session, {r.template_version_id for r in rows.values() if r.template_version_id}
        ),
        campaigns=await _campaigns(session, {r.campaign_id for r in rows.values() if r.campaign_id}),
        topics=await _topics(session, {r.campaign_id for r in rows.values() if r.campaign_id}),
        tracked=await links.campaigns(session, {r.campaign_id for r in rows.values() if r.campaign_id}),
        files=await _files(session, ids) | {one: colleagues.enclosed(letter) for one, letter in letters.items()},
        letters=letters,
        copies=await copying.known(session, rows.values()),
    )


def _elsewhere(rows: Mapping[UUID, Interaction]) -> set[tuple[UUID, str]]:
    return {(row.customer_id, row.reply_to) for row in rows.values() if row.reply_to}


async def _campaigns(session: AsyncSession, ids: set[int]) -> dict[int, CampaignState]:
    if not ids:
        return {}
    rows = await session.exec(select(Campaign.id, Campaign.state).where(col(Campaign.id).in_(ids)))
    return {number: CampaignState(state) for number, state in rows if number is not None}


async def _topics(session: AsyncSession, ids: set[int]) -> dict[int, str]:
    if not ids:
        return {}
    about = select(Campaign.id, Campaign.topic).where(col(Campaign.id).in_(ids), col(Campaign.topic) != "")
    return {number: topic for number, topic in await session.exec(about) if number is not None}


async def _files(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, list[AttachmentRow]]:
    rows = await session.exec(select(AttachmentRow).where(col(AttachmentRow.interaction_id).in_(ids)))
    found: dict[UUID, list[AttachmentRow]] = {}
    for row in rows:
        found.setdefault(row.interaction_id, []).append(row)
    return found
