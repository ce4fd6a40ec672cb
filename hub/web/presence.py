"""Who else is here: open pages say so, and are told in words."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from hub.conversations import presence
from hub.conversations.presence import Doing
from hub.staff import accounts
from hub.web.access import InboxReader
from hub.web.pages import page
from hub.web.problems import Page

router = APIRouter(route_class=Page)
_MOST = 20


@router.post("/conversations/{conversation_id}/presence")
async def say(
    visit: InboxReader, conversation_id: UUID, doing: Annotated[Doing, Form()], new: Annotated[str, Form()] = ""
) -> Response:
    """An open page says what its reader does."""
    async with visit.hub.database.unit() as session:
        await presence.tell(session, conversation_id, visit.staff_id, doing, new=bool(new))
    return Response(status_code=204)


@router.get("/conversations/{conversation_id}/presence")
async def show(
    visit: InboxReader,
    conversation_id: UUID,
    look: Annotated[list[int], Query()] = [],  # noqa: B006
    type: Annotated[list[int], Query()] = [],  # noqa: A002, B006
) -> Response:
    """The faces and the words for those whom a page has heard of."""
    async with visit.hub.database.unit() as session:
        names = {one.id or 0: one.name for one in await accounts.listing(session, inactive=False)}
    here = [names[one] for one in dict.fromkeys((*type, *look)[:_MOST]) if one in names and one != visit.staff_id]
    typing = [names[one] for one in dict.fromkeys(type[:_MOST]) if one in names and one != visit.staff_id]
    return page(visit, "presence.html", block="faces", here=here, typing=typing)
