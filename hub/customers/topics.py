"""The topics of marketing, and what a customer wants of them.

A statement about a topic is one row of the ledger like any other. It is narrower than one about marketing as a whole: a
no to the whole that came later than the yes to a topic counts, and a yes to the whole turns no narrower no round.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.customers import consent
from hub.customers.consent import Statement, standing
from hub.models import Consent, Topic
from hub.models.vocabulary import Kind, Purpose
from hub.sentences import LONG_TITLE, Sentence, too_long

LONGEST_KEY, LONGEST_TITLE = 40, 100
_KEY = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_KEY - 1}}}")


class NoSuchTopic(LookupError):
    """There is no such topic."""


class TopicProblem(ValueError):
    """A topic that cannot be kept. Says why, and what to do. `field`: the one that is wrong, key or titles."""

    def __init__(self, field: str, problem: Sentence) -> None:
        super().__init__(problem)
        self.field = field


async def listing(session: AsyncSession, *, inactive: bool = False) -> list[Topic]:
    """In the order they were made."""
    rows = select(Topic).order_by(col(Topic.id))
    return list(await session.exec(rows if inactive else rows.where(col(Topic.active))))


def is_key(word: str) -> bool:
    """Could a topic be called so? Pure."""
    return _KEY.fullmatch(word) is not None


async def known(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of them that there are, offered or not."""
    return set(await session.exec(select(Topic.key).where(col(Topic.key).in_(keys))))


async def get(session: AsyncSession, topic_id: int) -> Topic:
    """Raises NoSuchTopic."""
    topic = await session.get(Topic, topic_id) if 0 < topic_id < 2**31 else None
    if topic is None:
        raise NoSuchTopic(f"There is no topic {topic_id}")
    return topic


async def is_known(session: AsyncSession, key: str) -> bool:
    return (await session.exec(select(Topic.id).where(col(Topic.key) == key))).first() is not None


async def add(session: AsyncSession, key: str, titles: Mapping[str, str]) -> Topic:
    """Raises TopicProblem."""
    if not is_key(key):
        wrong = Sentence("“%(key)s” is no short name. Use small Latin letters, digits and dashes", {"key": key[:80]})
        raise TopicProblem("key", wrong)
    if await is_known(session, key):
        taken = Sentence("There is a topic “%(key)s” already. Choose another name", {"key": key})
        raise TopicProblem("key", taken)
    topic = Topic(key=key, titles=_titled(titles))
    session.add(topic)
    await session.flush()
    return topic


async def change(session: AsyncSession, topic_id: int, titles: Mapping[str, str], *, active: bool) -> Topic:
    """Raises TopicProblem, NoSuchTopic."""
    topic = await get(session, topic_id)
    topic.titles, topic.active = _titled(titles), active
    session.add(topic)
    return topic


def title(topic: Topic, language: str) -> str:
    """In this language, else in the first that it has one in."""
    return topic.titles.get(language) or next(iter(topic.titles.values()), topic.key)


def wants(ledger: Sequence[Consent], key: str, kinds: Sequence[Kind]) -> bool:
    """Does everything about this topic come by the channels by which marketing may come? Pure."""
    rows = [standing(ledger, Purpose.MARKETING, kind, key) for kind in kinds]
    return all(row is not None and row.granted for row in rows)


async def choose(
    session: AsyncSession, customer_id: UUID, key: str, said: Statement, kinds: Sequence[Kind], *, now: datetime
) -> bool:
    """Write down a yes for the channels by which marketing may come, or a no for all. False when it was so already.

    `said` is for all channels; a yes to a topic opens no channel that was closed to marketing.
    """
    ledger = await consent.ledger(session, customer_id)
    if wants(ledger, key, kinds) == said.granted:
        return False
    for kind in kinds if said.granted else (None,):
        row = Statement(
            customer_id,
            Purpose.MARKETING,
            kind,
            said.granted,
            said.source,
            said.wording,
            said.wording_version,
            said.evidence,
            said.staff_id,
            key,
        )
        await consent.record(session, row, now=now)
    return True


def _titled(titles: Mapping[str, str]) -> dict[str, str]:
    kept = {code: " ".join(words.split()) for code, words in titles.items() if words.strip()}
    if not kept:
        none = Sentence("A topic needs a title in one language at least. Write what customers read")
        raise TopicProblem("titles", none)
    for words in kept.values():
        if long := too_long(LONG_TITLE, words, LONGEST_TITLE):
            raise TopicProblem("titles", long)
    return kept
