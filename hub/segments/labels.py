"""Segments that ask for a label: they follow when it is renamed, and keep it from being deleted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import String, cast, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Campaign, SavedSegment
from hub.models.vocabulary import CampaignState
from hub.segments import tree
from hub.segments.conditions import Condition
from hub.segments.tree import Raw, Tree

_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED)


async def rename(session: AsyncSession, old: str, new: str) -> None:
    """Those of campaigns that are not over, and the saved ones."""
    for campaign in await _campaigns(session):
        campaign.segment = _renamed(campaign.segment, old, new)
        campaign.meant = campaign.meant and _renamed(campaign.meant, old, new)
        session.add(campaign)
    for saved in await _saved(session):
        saved.tree = _renamed(saved.tree, old, new)
        session.add(saved)
    await session.flush()


async def users(session: AsyncSession, label: str) -> list[str]:
    """What the campaigns and the saved segments are called that ask for it."""
    asking = [one.name for one in await _campaigns(session) if label in _asked(one.segment)]
    return [*asking, *(one.name for one in await _saved(session) if label in _asked(one.tree))]


async def _campaigns(session: AsyncSession) -> list[Campaign]:
    asks = or_(_asks(Campaign.segment), _asks(Campaign.meant))
    query = select(Campaign).where(col(Campaign.state).not_in(_OVER), asks).order_by(col(Campaign.id))
    return list(await session.exec(query.with_for_update()))


async def _saved(session: AsyncSession) -> list[SavedSegment]:
    query = select(SavedSegment).where(_asks(SavedSegment.tree)).order_by(col(SavedSegment.id))
    return list(await session.exec(query.with_for_update()))


def _asks(column: Any) -> Any:
    return cast(column, String).contains('"label"')


def _asked(segment: Raw) -> set[str]:
    return {word for one in tree.leaves(tree.read(segment)) for word in _words(one)}


def _words(condition: Condition) -> Iterator[str]:
    if condition.name == "label" and not isinstance(condition.value, bool):
        yield from condition.value if isinstance(condition.value, tuple) else (condition.value,)


def _renamed(segment: Raw, old: str, new: str) -> Raw:
    def instead(one: Condition) -> Tree:
        if old not in _words(one):
            return one
        several = isinstance(one.value, tuple)
        return replace(one, value=tuple(new if v == old else v for v in one.value) if several else new)

    whole = tree.plain(tree.replaced(tree.read(segment), instead))
    return whole["all"] if isinstance(segment, list) else whole
