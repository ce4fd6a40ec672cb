"""The inbox: views, the list, one conversation beside its customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query, Response

from hub.conversations import assignment, inbox, keeping, labels, macros, mentions, threads, undoing, views
from hub.conversations.inbox import Line
from hub.conversations.labels import Label
from hub.models.vocabulary import ConversationState
from hub.reports import overview, uncertain
from hub.reports.uncertain import Whose
from hub.staff import accounts, teams
from hub.staff.roles import Action
from hub.staff.teams import Group
from hub.web import moments, waits, words
from hub.web.access import Answerer, InboxReader, Visit
from hub.web.messages import cards, composing
from hub.web.messages.threads import Told, prompt, told
from hub.web.pages import go, opened, page
from hub.web.problems import Page
from hub.web.translations import gettext as _
from hub.web.translations import worded

router = APIRouter(route_class=Page)
PAGE = 50


@router.get("/inbox")
async def start(visit: InboxReader) -> Response:
    """To the first view that has something in it."""
    async with visit.hub.database.unit() as session:
        counts = (await inbox.tally(session, staff_id=visit.staff_id)).views
    first = next((view for view in ("mine", "unassigned", "all") if counts.get(view)), "all")
    return go(visit, f"/inbox/{first}")


@router.get("/inbox/{view}")
async def listing(
    visit: InboxReader,
    view: str,
    before: str | None = None,
    q: str = "",
    shown: Annotated[list[str], Query()] = [],  # noqa: B006
) -> Response:
    """One view. `before` gives the next rows; with `shown`, only how many lines are not among these."""
    _known(view)
    if shown:
        return await _news(visit, view, set(shown), q)
    async with visit.hub.database.unit() as session:
        data = await _list(session, visit, view, q, before)
    if before:
        return page(visit, "inbox.html", block="rows_only", **data, **_NOTHING_OPEN)
    return page(visit, "inbox.html", **data, **_NOTHING_OPEN)


@router.get("/inbox/{view}/{conversation_id}")
async def conversation(
    visit: InboxReader, view: str, conversation_id: UUID, q: str = "", canned: int | None = None
) -> Response:
    """One conversation, open in its view. One that was merged leads to what it became part of.

    `canned`: with this answer in the composer.
    """
    data = await whole(visit, _known(view), conversation_id, q)
    if data["open"].id != conversation_id:
        return go(visit, f"/inbox/{view}/{data['open'].id}")
    if canned is not None and visit.may(Action.ANSWER):
        data["composer"] = await composing.with_canned(visit, data["composer"], data["open"].customer_id, canned)
    return page(visit, "inbox.html", **data)


@router.get("/inbox/{view}/{conversation_id}/line")
async def line(visit: InboxReader, view: str, conversation_id: UUID) -> Response:
    """One line of the list again, where it stands."""
    _known(view)
    async with visit.hub.database.unit() as session:
        found = await inbox.conversation(session, conversation_id, staff_id=visit.staff_id)
        here = await inbox.holds(session, view, conversation_id, staff_id=visit.staff_id)
        colours = {one.name: one.colour for one in await labels.known(session)}
    data: dict[str, Any] = {"line": found, "here": here, "view": view, "q": "", "colours": colours}
    return page(visit, "inbox_line.html", **data)


@router.post("/inbox/{view}/{conversation_id}/assign")
async def assign(
    visit: Answerer, view: str, conversation_id: UUID, assignee: Annotated[str, Form(max_length=18)] = ""
) -> Response:
    wanted = int(assignee) if assignee.isdecimal() else None
    if wanted not in (None, visit.staff_id):
        visit.demand(Action.ASSIGN)
    back = f"/inbox/{_known(view)}/{conversation_id}"
    try:
        async with visit.hub.database.unit() as session:
            await assignment.assign(session, conversation_id, wanted)
            await _note(session, visit, "conversation.assign", conversation_id, f"staff:{wanted or 'nobody'}")
    except assignment.CannotAssign as e:
        return go(visit, back, worded(e))
    return go(visit, back)


@router.post("/inbox/{view}/{conversation_id}/resolve")
async def resolve(visit: Answerer, view: str, conversation_id: UUID) -> Response:
    async with visit.hub.database.unit() as session:
        await assignment.resolve(session, conversation_id, now=visit.now)
        await _note(session, visit, "conversation.state", conversation_id, ConversationState.RESOLVED.value)
    return go(visit, f"/inbox/{_known(view)}/{conversation_id}", _("Resolved."))


@router.post("/inbox/{view}/{conversation_id}/reopen")
async def reopen(visit: Answerer, view: str, conversation_id: UUID) -> Response:
    async with visit.hub.database.unit() as session:
        await assignment.reopen(session, conversation_id)
        await _note(session, visit, "conversation.state", conversation_id, ConversationState.OPEN.value)
    return go(visit, f"/inbox/{_known(view)}/{conversation_id}")


@router.post("/inbox/{view}/{conversation_id}/pending")
async def pending(visit: Answerer, view: str, conversation_id: UUID) -> Response:
    async with visit.hub.database.unit() as session:
        await assignment.await_customer(session, conversation_id)
        await _note(session, visit, "conversation.state", conversation_id, ConversationState.PENDING.value)
    return go(visit, f"/inbox/{_known(view)}/{conversation_id}", _("Waits for the customer."))


@router.post("/inbox/{view}/{conversation_id}/snooze")
async def snooze(
    visit: Answerer,
    view: str,
    conversation_id: UUID,
    until: Annotated[str, Form()],
    at: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """`until` is a word of the menu; with "at" the field beside it counts."""
    moment = waits.moment(visit, until, at)
    async with visit.hub.database.unit() as session:
        await assignment.snooze(session, conversation_id, moment)
        await _note(session, visit, "conversation.state", conversation_id, ConversationState.SNOOZED.value)
    said = _("Snoozed until %(moment)s.") % {"moment": moments.plain(moment, visit.zone)}
    return go(visit, f"/inbox/{_known(view)}/{conversation_id}", said)


@router.post("/inbox/{view}/{conversation_id}/read")
async def read(visit: InboxReader, view: str, conversation_id: UUID) -> Response:
    """An open page says that the conversation is being looked at."""
    async with visit.hub.database.unit() as session:
        await assignment.mark_read(session, conversation_id)
    return Response(status_code=204)


async def whole(visit: Visit, view: str, conversation_id: UUID, q: str = "") -> dict[str, Any]:
    """Everything the page of an open conversation needs; of one that was merged, the page of what it became."""
    async with visit.hub.database.unit() as session:
        found = await inbox.conversation(session, conversation_id, staff_id=visit.staff_id)
        if found.merged_into_id is not None:
            standing = await threads.standing(session, conversation_id)
            found = await inbox.conversation(session, standing, staff_id=visit.staff_id)
        return await _list(session, visit, view, q, None) | await _opened(session, visit, found)


async def _opened(session: Any, visit: Visit, found: Line) -> dict[str, Any]:
    """Everything the thread and the customer's card need."""
    colleagues = [one for one in await accounts.listing(session, inactive=False) if accounts.answers(one)]
    card = await cards.card(session, found.customer_id, visit)
    entries = await told(session, found.id)
    seen = str(entries[-1].id) if entries else ""
    data: dict[str, Any] = {
        "open": found,
        "entries": entries,
        "prompt": await prompt(session, found.id),
        "colleagues": [one for one in colleagues if visit.may(Action.ASSIGN) or one.id == visit.staff_id],
        "card": card,
        "composer": await composing.composer(session, visit, card, found, seen=seen),
        "snoozes": waits.offered(visit),
        "change": await undoing.undoable(session, found.id),
        "pointed": await _pointed(session, entries),
        "macros": await macros.listing(session, visit.staff_id) if visit.may(Action.ANSWER) else (),
        "promises": await keeping.open_promises(session, found.id),
    }
    if opened(visit) and found.mentioned:
        await mentions.read(session, found.id, staff_id=visit.staff_id, now=visit.now)
    await cards.read(session, visit, found.customer_id, anew=opened(visit))
    return data


async def _note(session: Any, visit: Visit, action: str, conversation_id: UUID, detail: str) -> None:
    """In the words of the API; about what stands in the place of one that was merged."""
    await visit.note(
        session, action, subject=f"conversation:{await threads.standing(session, conversation_id)}", detail=detail
    )


async def _pointed(session: Any, entries: list[Told]) -> dict[UUID, Line]:
    """The other conversations that words of this one speak of."""
    ids = {told.entry.points_to_id for told in entries} - {None}
    lines = [await inbox.conversation(session, one) for one in ids if one is not None]
    return {line.id: line for line in lines}


_NOTHING_OPEN: dict[str, Any] = {
    "open": None,
    "entries": (),
    "colleagues": (),
    "card": None,
    "composer": None,
    "snoozes": (),
    "change": None,
    "pointed": {},
    "promises": (),
    "macros": (),
}


async def _list(session: Any, visit: Visit, view: str, q: str, before: str | None) -> dict[str, Any]:
    lines = await inbox.lines(session, view, staff_id=visit.staff_id, before=before, limit=PAGE + 1, query=q)
    more = lines[PAGE - 1].cursor if len(lines) > PAGE else ""
    every = await labels.known(session)
    shown: dict[str, Any] = {"lines": lines[:PAGE], "more": more, "view": view, "q": q, "offered_labels": every}
    shown["colours"] = {one.name: one.colour for one in every}
    return shown | await _beside(session, visit, view, every)


async def _beside(session: Any, visit: Visit, view: str, every: Sequence[Label]) -> dict[str, Any]:
    """The views, each with what it holds."""
    tally = await inbox.tally(session, staff_id=visit.staff_id)
    troubles = await overview.troubles(session)
    whose = Whose(visit.may(Action.CAMPAIGNS), visit.may(Action.ANSWER))
    return {
        "counts": {name: _up_to(number, name) for name, number in tally.views.items()},
        "nothing_yet": not any(tally.views.values()),
        "by_team": _by_team(await teams.listing(session), tally, visit, view),
        "by_channel": _by_channel(tally, visit),
        "by_label": _by_label(every, tally.labels, view),
        "saved": await views.listing(session, visit.staff_id),
        "troubles": [one for one in troubles if visit.may(_mended_by(one))],
        "unsure": await uncertain.number(session, whose=whose),
    }


def _up_to(number: int, view: str) -> str:
    """Nothing for none; what is resolved is counted up to a thousand."""
    return f"{inbox.MANY - 1}+" if view == "resolved" and number >= inbox.MANY else str(number or "")


def _by_label(every: Sequence[Label], counts: Mapping[str, int], view: str) -> list[tuple[str, Label, int]]:
    """(view, label, count) of those that an open conversation has, and of the one that is open."""
    found = [(f"{inbox.LABEL}{one.id}", one, counts.get(one.name, 0)) for one in every]
    return [(name, one, number) for name, one, number in found if number or name == view]


def _mended_by(trouble: overview.Trouble) -> Action:
    return Action.SETTINGS if trouble.campaign_id is None else Action.CAMPAIGNS


def _by_team(groups: Sequence[Group], tally: inbox.Tally, visit: Visit, view: str) -> list[tuple[str, str, int]]:
    """(view, name, count): one's own teams, all of them for who assigns others' work, and the one that is open."""
    return [
        (f"{inbox.TEAM}{team.id}", team.name, sum(tally.channels.get(name, 0) for name in team.channels))
        for team in groups
        if visit.staff_id in team.members or visit.may(Action.ASSIGN) or inbox.team_of(view) == team.id
    ]


def _by_channel(tally: inbox.Tally, visit: Visit) -> list[tuple[str, Any, int]]:
    """(view, channel, count), where there are two or more to choose from."""
    channels = list(visit.hub.channels.values())
    if len(channels) < 2:
        return []
    return [(f"{inbox.CHANNEL}{one.name}", one, tally.channels.get(one.name, 0)) for one in channels]


async def _news(visit: Visit, view: str, shown: set[str], q: str) -> Response:
    async with visit.hub.database.unit() as session:
        lines = await inbox.lines(session, view, staff_id=visit.staff_id, limit=PAGE, query=q)
    fresh = sum(str(one.id) not in shown for one in _above(lines, shown))
    return page(visit, "inbox_news.html", fresh=fresh, view=view, q=q)


def _above(lines: list[inbox.Line], shown: set[str]) -> list[inbox.Line]:
    """The lines down to the last one that is on the screen: what lies below it is old, not news."""
    last = max((place for place, one in enumerate(lines) if str(one.id) in shown), default=len(lines))
    return lines[:last]


def _known(view: str) -> str:
    if not is_view(view):
        raise HTTPException(404)
    return view


def is_view(view: str) -> bool:
    """One of the fixed views, a team's, a channel's, a label's or a saved one; whether that is there the list tells."""
    numbered = any(of(view) is not None for of in (inbox.team_of, inbox.saved_of, inbox.label_of))
    return view in words.VIEWS or numbered or bool(inbox.channel_of(view))
