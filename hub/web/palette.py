"""Everything by a few letters (Ctrl+K): rooms and views, what can be done here, customers, conversations, words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from hub.conversations import inbox, views
from hub.customers import listing
from hub.interactions import search
from hub.staff.roles import Action
from hub.web import words
from hub.web.access import Anyone, Visit
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)

router = APIRouter(route_class=Page)
_EACH = 6
_LETTERS = 2  # from so many on customers and conversations are looked for


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: a place, or a key of the page that lies beneath."""

    icon: str
    word: str
    about: str = ""
    href: str = ""
    press: str = ""


_ROOMS: tuple[tuple[str, str, str, Action | None], ...] = (
    ("/customers", "users", N_("Customers"), Action.READ_CUSTOMERS),
    ("/customers/new", "user-plus", N_("New customer"), Action.WRITE_CUSTOMERS),
    ("/tasks", "square-check", N_("Tasks"), Action.READ_INBOX),
    ("/campaigns", "speakerphone", N_("Campaigns"), Action.READ_CAMPAIGNS),
    ("/occasions", "cake", N_("Occasions"), Action.READ_CUSTOMERS),
    ("/canned", "message-2", N_("Canned answers"), Action.ANSWER),
    ("/views", "filter", N_("Saved views"), Action.READ_INBOX),
    ("/uncertain", "help-circle", N_("Uncertain"), None),
    ("/teams", "users", N_("Teams"), Action.TEAMS),
    ("/settings", "settings", N_("Settings"), Action.SETTINGS),
    ("/account", "user-circle", N_("Your account"), None),
)
_HERE = (
    ("r", "message", N_("Reply")),
    ("n", "note", N_("Private note")),
    ("e", "circle-check", N_("Resolve")),
    ("s", "zzz", N_("Snooze")),
    ("a", "user-check", N_("Assign")),
)


@router.get("/palette")
async def palette(visit: Anyone, q: str = "", here: str = "") -> Response:
    """`here`: a conversation is open beneath, so its keys are offered too."""
    wanted = q.replace("\0", "").strip()[:200]
    found = [one for one in [*_places(visit, bool(here))] if wanted.casefold() in one.word.casefold()]
    async with visit.hub.database.unit() as session:
        found += [one async for one in _saved(session, visit, wanted)]
        if len(wanted) >= _LETTERS:
            found += await _people(session, visit, wanted) + await _talks(session, visit, wanted)
    return page(visit, "palette.html", block="choices", found=found, q=q)


def _places(visit: Visit, here: bool) -> Iterator[Choice]:
    if here and visit.may(Action.ANSWER):
        yield from (Choice(icon, _(word), _("in this conversation"), press=key) for key, icon, word in _HERE)
    if visit.may(Action.READ_INBOX):
        for name, entry in words.VIEWS.items():
            yield Choice(entry.icon, _(entry.word), _("Inbox"), f"/inbox/{name}")
    for href, icon, word, action in _ROOMS:
        if action is None or visit.may(action):
            yield Choice(icon, _(word), href=href)


async def _saved(session: Any, visit: Visit, wanted: str) -> AsyncIterator[Choice]:
    if visit.may(Action.READ_INBOX):
        for view in await views.listing(session, visit.staff_id):
            if wanted.casefold() in view.name.casefold():
                yield Choice("filter", view.name, _("Inbox"), f"/inbox/{inbox.SAVED}{view.id}")


async def _people(session: Any, visit: Visit, wanted: str) -> list[Choice]:
    if not visit.may(Action.READ_CUSTOMERS):
        return []
    found = await listing.listing(session, query=wanted, limit=_EACH)
    return [
        Choice("user", one.name, ", ".join((*one.emails, *one.phones)[:2]), f"/customers/{one.id}") for one in found
    ]


async def _talks(session: Any, visit: Visit, wanted: str) -> list[Choice]:
    """Conversations by name and subject, then what was said in others."""
    if not visit.may(Action.READ_INBOX):
        return []
    lines = await inbox.lines(session, "all", staff_id=visit.staff_id, query=wanted, limit=_EACH)
    found = {
        one.id: Choice("messages", one.customer_name, one.subject or one.preview, f"/inbox/all/{one.id}")
        for one in lines
    }
    for said in await search.search(session, wanted, limit=_EACH):
        if said.conversation_id is not None and said.conversation_id not in found:
            about = (said.subject or said.text)[:100]
            href = f"/inbox/all/{said.conversation_id}#m-{said.id}"
            found[said.conversation_id] = Choice("search", said.customer_name, about, href)
    return list(found.values())
