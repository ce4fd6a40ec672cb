"""Search: customers, conversations and messages by words and operators, as far as one's role goes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from hub.search import everything, query
from hub.search.everything import Found, Group
from hub.search.query import QueryProblem
from hub.staff import audit
from hub.staff.roles import Action
from hub.web.access import Anyone, Visit
from hub.web.pages import opened, page
from hub.web.problems import Page
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_FEW, _MANY = 5, 20
_ONE_SEARCH = timedelta(minutes=10)

_After = Annotated[str, Query(max_length=2000)]


@router.get("/search")
async def search(visit: Anyone, q: str = "", group: Group | None = None, after: _After = "") -> Response:
    """All groups with their first lines; with `group` that one alone, from behind `after`."""
    wanted = q.replace("\0", "")[: query.LONGEST]
    found: list[Found] = []
    trouble = ""
    try:
        limits = {
            one: _MANY if one in (group, Group.MESSAGES) else _FEW for one in groups(visit) if group in (None, one)
        }
        found += await look(visit, wanted, limits, after=after if group else "")
    except QueryProblem as e:
        trouble = worded(e)
    await note(visit, wanted)
    data: dict[str, Any] = {
        "found": [one for one in found if one.lines],
        "q": wanted,
        "trouble": trouble,
        "group": group,
    }
    return page(visit, "search.html", block="lines" if after else "", **data)


def groups(visit: Visit) -> set[Group]:
    """What this person's role lets them find."""
    customers = {Group.CUSTOMERS} if visit.may(Action.READ_CUSTOMERS) else set()
    return customers | ({Group.CONVERSATIONS, Group.MESSAGES} if visit.may(Action.READ_INBOX) else set())


async def look(
    visit: Visit, words: str, limits: Mapping[Group, int], *, after: str = "", beginning: bool = False
) -> list[Found]:
    """Raises QueryProblem."""
    asked = query.understood(
        words, now=visit.now, zone=visit.zone, channels=tuple(visit.hub.channels), beginning=beginning
    )
    return await everything.search(
        visit.hub.database, asked, limits, staff_id=visit.staff_id, after=after, now=visit.now
    )


async def note(visit: Visit, wanted: str) -> None:
    """That somebody searched, not for what: the words may be a customer's. A search that goes on while somebody types
    is one.
    """
    if not wanted.strip():
        return
    async with visit.hub.database.unit() as session:
        since = visit.now - _ONE_SEARCH
        if opened(visit) or not await audit.lately(session, "search", staff_id=visit.staff_id, since=since):
            await visit.note(session, "search")
