"""/api/v1/interactions: the log, entry by entry."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query

from channels.message import Kind
from hub.api.access import InboxReader
from hub.api.problems import Endpoint, Problem
from hub.api.shapes import Limit, Page
from hub.api.v1.message_shapes import InteractionOut
from hub.interactions import history, listing
from hub.interactions.history import Entry
from hub.interactions.listing import Filter
from hub.models.vocabulary import Direction, State
from hub.outbound import rendering

router = APIRouter(prefix="/interactions", tags=["Interactions"], route_class=Endpoint)


@router.get("")
async def list_interactions(
    caller: InboxReader,
    customer_id: UUID | None = None,
    state: State | None = None,
    kind: Kind | None = None,
    direction: Direction | None = None,
    before: Annotated[UUID | None, Query(description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> Page[InteractionOut]:
    """The log, newest first. A campaign's text is told by /interactions/{id}."""
    wanted = Filter(customer_id, state, kind, direction)
    async with caller.hub.database.unit() as session:
        ids = await listing.ids(session, wanted, before=before, limit=limit)
        entries = await history.entries(session, ids)
        subject = f"customer:{customer_id}" if customer_id else ""
        await caller.note(session, "interactions.list", subject=subject)
    following = str(ids[-1]) if len(ids) == limit else None
    return Page(items=[InteractionOut.of(entry) for entry in entries], next=following)


@router.get("/{interaction_id}")
async def read_interaction(caller: InboxReader, interaction_id: UUID) -> InteractionOut:
    """One word in or out: its text, its state, and why."""
    async with caller.hub.database.unit() as session:
        shape = await _told(session, await _entry(session, interaction_id))
        subject = f"customer:{shape.customer_id}"
        await caller.note(session, "interaction.read", subject=subject, detail=f"interaction:{interaction_id}")
    return shape


async def _entry(session: Any, interaction_id: UUID) -> Entry:
    try:
        return await history.entry(session, interaction_id)
    except history.NoSuchEntry as e:
        raise Problem(404, "Interaction", str(e), remedy="Look it up in the customer's timeline") from e


async def _told(session: Any, entry: Entry) -> InteractionOut:
    """What was sent from a template is rendered again from the values that were kept."""
    shape = InteractionOut.of(entry)
    if shape.text or entry.template_version_id is None:
        return shape
    try:
        said = await rendering.text_of(session, entry)
    except rendering.TemplateProblem:
        return shape
    return shape.model_copy(update={"text": said.text, "subject": said.subject or shape.subject})
