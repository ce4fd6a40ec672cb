"""/api/v1/topics: what offers may be about, for customers to choose from."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from hub.api.access import Caller, Campaigner, CampaignReader
from hub.api.problems import telling, wrong
from hub.api.repeating import Once, again, once
from hub.api.shapes import Body, Out, Page
from hub.customers import topics
from hub.customers.topics import LONGEST_KEY, LONGEST_TITLE, NoSuchTopic, TopicProblem

_TOLD = telling(
    (NoSuchTopic, 404, "Topic", "Look its id up with GET /api/v1/topics"),
)
router = APIRouter(prefix="/topics", tags=["Topics"], route_class=_TOLD)
_Title = Annotated[str, Field(max_length=LONGEST_TITLE)]
_MOST = 20  # languages


class TitlesIn(Body):
    titles: dict[Annotated[str, Field(pattern="^[a-z]{2}$")], _Title] = Field(
        min_length=1,
        max_length=_MOST,
        examples=[{"en": "News", "pl": "Nowości"}],
        description="What customers read, by language",
    )


class TopicIn(TitlesIn):
    key: Annotated[str, Field(min_length=1, max_length=LONGEST_KEY, examples=["news"])] = Field(
        description="Its short name in the ledger and in campaigns, of small Latin letters, digits, dashes. It stays"
    )


class TopicChangeIn(TitlesIn):
    active: bool = Field(default=True, description="false: offered to nobody any more; what was said of it stays")


class TopicOut(Out):
    id: int
    key: str
    titles: dict[str, str]
    active: bool


@router.get("")
async def list_topics(caller: CampaignReader, *, inactive: bool = False) -> Page[TopicOut]:
    """In the order they were made; `inactive`: also those that are offered no more."""
    async with caller.hub.database.unit() as session:
        return Page(items=[TopicOut.of(one) for one in await topics.listing(session, inactive=inactive)])


@router.post("", status_code=201, responses=again(TopicOut))
async def create_topic(caller: Campaigner, body: TopicIn, asked: Once) -> TopicOut:
    """Customers who allow news find it in the preference centre from now on."""

    async def create(session: Any) -> TopicOut:
        made = await topics.add(session, body.key, body.titles)
        await _note(session, caller, "add", made.key)
        return TopicOut.of(made)

    try:
        return await once(caller, asked, TopicOut, create)
    except TopicProblem as e:
        raise wrong("Topic", f"body.{e.field}", str(e)) from e


@router.get("/{topic_id}")
async def read_topic(caller: CampaignReader, topic_id: int) -> TopicOut:
    """One of them."""
    async with caller.hub.database.unit() as session:
        return TopicOut.of(await topics.get(session, topic_id))


@router.put("/{topic_id}")
async def change_topic(caller: Campaigner, topic_id: int, body: TopicChangeIn) -> TopicOut:
    """All titles at once, and whether it is offered."""
    try:
        async with caller.hub.database.unit() as session:
            changed = await topics.change(session, topic_id, body.titles, active=body.active)
            await _note(session, caller, "change", changed.key)
            return TopicOut.of(changed)
    except TopicProblem as e:
        raise wrong("Topic", f"body.{e.field}", str(e)) from e


async def _note(session: Any, caller: Caller, act: str, key: str) -> None:
    await caller.note(session, f"topic.{act}", detail=key)
