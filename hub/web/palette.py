"""Everything by a few letters (Ctrl+K): rooms and views, what can be done here, customers, conversations, words."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Response

from hub.conversations import inbox, macros, views
from hub.search import everything
from hub.search.conversations import Talk
from hub.search.excerpts import Piece
from hub.search.messages import Said
from hub.search.query import QueryProblem
from hub.staff.roles import Action
from hub.web import searching, words
from hub.web.access import Anyone, Visit
from hub.web.pages import page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.translations import worded

router = APIRouter(route_class=Page)
_EACH = 6
_LETTERS = 2  # from so many on customers and conversations are looked for


@dataclass(frozen=True, slots=True)
class Choice:
    """One line: a place, a key of the page that lies beneath, or what is done with its conversation."""

    icon: str
    word: str
    about: str = ""
    href: str = ""
    press: str = ""
    post: str = ""


_ROOMS: tuple[tuple[str, str, str, Action | None], ...] = (
    ("/search", "search", N_("Search"), Action.READ_CUSTOMERS),
    ("/customers", "users", N_("Customers"), Action.READ_CUSTOMERS),
    ("/customers/new", "user-plus", N_("New customer"), Action.WRITE_CUSTOMERS),
    ("/customers/same", "git-merge", N_("Perhaps the same person"), Action.READ_CUSTOMERS),
    ("/imports/customers", "file-import", N_("Import customers"), Action.IMPORT),
    ("/imports/purchases", "file-import", N_("Import purchases"), Action.IMPORT),
    ("/calls/now", "phone", N_("Calls"), Action.CALL),
    ("/calls/missed", "phone-off", N_("Missed calls"), Action.CALL),
    ("/calls/voicemail", "record-mail", N_("Voicemail"), Action.CALL),
    ("/call-lists", "list", N_("Call lists"), None),
    ("/call-lists/new", "plus", N_("New call list"), Action.CAMPAIGNS),
    ("/tasks", "square-check", N_("Tasks"), Action.READ_INBOX),
    ("/tasks/calendar", "calendar", N_("Calendar"), Action.READ_INBOX),
    ("/appointments", "calendar-event", N_("Appointments"), Action.APPOINTMENTS),
    ("/appointments/calendars", "calendar", N_("Calendars elsewhere"), Action.APPOINTMENTS),
    ("/events", "building", N_("Events"), Action.READ_CUSTOMERS),
    ("/campaigns", "speakerphone", N_("Campaigns"), Action.READ_CAMPAIGNS),
    ("/segments", "filter", N_("Segments"), Action.READ_CAMPAIGNS),
    ("/templates", "template", N_("Templates"), Action.TEMPLATES),
    ("/templates/new", "plus", N_("New template"), Action.TEMPLATES),
    ("/occasions", "cake", N_("Occasions"), Action.OCCASIONS),
    ("/reports", "chart-bar", N_("Reports"), Action.REPORTS),
    ("/reports/mail", "mail-forward", N_("Reports by mail"), Action.REPORTS),
    ("/canned", "message-2", N_("Canned answers"), Action.ANSWER),
    ("/macros", "bolt", N_("Macros"), Action.ANSWER),
    ("/labels", "tags", N_("Labels"), Action.TEAMS),
    ("/views", "filter", N_("Saved views"), Action.READ_INBOX),
    ("/uncertain", "help-circle", N_("Uncertain"), None),
    ("/teams", "users", N_("Teams"), Action.TEAMS),
    ("/hours", "clock", N_("Business hours"), Action.TEAMS),
    ("/service-levels", "hourglass", N_("Service levels"), Action.TEAMS),
    ("/satisfaction", "mood-smile", N_("Satisfaction"), Action.TEAMS),
    ("/outcomes", "phone-call", N_("Outcomes of calls"), Action.TEAMS),
    ("/hand-over", "arrow-right", N_("Hand over"), Action.TEAMS),
    ("/audit", "shield-check", N_("Audit trail"), Action.READ_AUDIT),
    ("/settings", "settings", N_("Settings"), Action.SETTINGS),
    ("/settings/roles", "shield", N_("Roles"), Action.SETTINGS),
    ("/settings/brand", "photo", N_("Brand"), Action.SETTINGS),
    ("/settings/mailboxes", "mail", N_("Mailboxes"), Action.SETTINGS),
    ("/settings/erasures", "trash", N_("Erased people"), Action.ERASE),
    ("/settings/webhooks", "bolt", N_("Webhooks"), Action.SETTINGS),
    ("/account", "user-circle", N_("Your account"), None),
)
_HERE = (
    ("r", "message", N_("Reply")),
    ("n", "note", N_("Private note")),
    ("e", "circle-check", N_("Resolve")),
    ("s", "zzz", N_("Snooze")),
    ("a", "user-check", N_("Assign")),
    ("l", "tag", N_("Label")),
    ("m", "bolt", N_("Run a macro")),
)


@router.get("/palette")
async def palette(visit: Anyone, q: str = "", here: str = "", only: str = "") -> Response:
    """`here`: the conversation that is open beneath, so its keys and macros are offered too; `only` "macros": these."""
    wanted = q.replace("\0", "").strip()[:200]
    if only == "macros":
        async with visit.hub.database.unit() as session:
            found = await _macros(session, visit, here, wanted)
        return page(visit, "palette.html", block="choices", found=found, q=q, only=only)
    found = [one for one in [*_places(visit, bool(here))] if wanted.casefold() in one.word.casefold()]
    async with visit.hub.database.unit() as session:
        found += await _macros(session, visit, here, wanted) if wanted else []
        found += [one async for one in _saved(session, visit, wanted)]
    if len(wanted) >= _LETTERS:
        found += await _sought(visit, wanted)
    return page(visit, "palette.html", block="choices", found=found, q=q, only="")


def _places(visit: Visit, here: bool) -> Iterator[Choice]:
    if here and visit.may(Action.ANSWER):
        yield from (Choice(icon, _(word), _("in this conversation"), press=key) for key, icon, word in _HERE)
    if visit.may(Action.READ_INBOX):
        for name, entry in words.VIEWS.items():
            yield Choice(entry.icon, _(entry.word), _("Inbox"), f"/inbox/{name}")
    for href, icon, word, action in _ROOMS:
        if action is None or visit.may(action):
            yield Choice(icon, _(word), href=href)


async def _macros(session: Any, visit: Visit, here: str, wanted: str) -> list[Choice]:
    talk = _uuid(here)
    if talk is None or not visit.may(Action.ANSWER):
        return []
    return [
        Choice("bolt", one.name, _("Macro"), post=f"/conversations/{talk}/macros/{one.id}")
        for one in await macros.listing(session, visit.staff_id)
        if wanted.casefold() in one.name.casefold()
    ]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


async def _saved(session: Any, visit: Visit, wanted: str) -> AsyncIterator[Choice]:
    if visit.may(Action.READ_INBOX):
        for view in await views.listing(session, visit.staff_id):
            if wanted.casefold() in view.name.casefold():
                yield Choice("filter", view.name, _("Inbox"), f"/inbox/{inbox.SAVED}{view.id}")


async def _sought(visit: Visit, wanted: str) -> list[Choice]:
    """The first few of each group, and the way to all of them; an operator that is not understood is told there."""
    allowed = searching.groups(visit)
    onward = Choice("search", _("Search everywhere"), wanted, f"/search?q={quote(wanted)}")
    try:
        found = await searching.look(visit, wanted, dict.fromkeys(allowed, _EACH), beginning=True)
    except QueryProblem as e:
        return [replace(onward, about=worded(e))]
    await searching.note(visit, wanted)
    choices: dict[object, Choice] = {}
    for line in (line for one in found for line in one.lines):
        place, choice = _choice(line)
        choices.setdefault(place, choice)
    return [*choices.values(), onward] if choices else []


def _choice(line: everything.Line) -> tuple[object, Choice]:
    """One line, and what it is a place of: a conversation is offered once, however many of its words are found."""
    if isinstance(line, Talk):
        about = _text(line.subject) or line.preview
        return line.id, Choice("messages", line.customer_name, about, f"/inbox/all/{line.id}")
    if isinstance(line, Said):
        about = _text(line.subject) or _text(line.text)
        if line.conversation_id is None:
            return line.id, Choice("search", line.customer_name, about, f"/customers/{line.customer_id}")
        href = f"/inbox/all/{line.conversation_id}#m-{line.id}"
        return line.conversation_id, Choice("search", line.customer_name, about, href)
    return line.id, Choice("user", line.name, ", ".join((*line.emails, *line.phones)[:2]), f"/customers/{line.id}")


def _text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)[:100]
