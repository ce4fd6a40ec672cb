"""/e/{token}: whether a guest comes to an event, without signing in and without a script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TypeAlias

from fastapi import Request

from hub import clock
from hub.api.access import hub_of, ip_of
from hub.api.public import answering
from hub.api.public.answering import Question
from hub.api.public.guest_words import WORDS, Words
from hub.api.public.outside import Form
from hub.bootstrap import Hub
from hub.conversations.icalendar import Entry
from hub.customers import directory
from hub.gatherings import links, plans, seats
from hub.models import Gathering, Guest
from hub.models.vocabulary import GuestState
from hub.staff import audit

_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor(answering.Visitor):
    """`free`: seats, None where there is no end of them."""

    guest: Guest
    gathering: Gathering
    free: int | None


Shown: TypeAlias = "answering.Shown[Visitor, Words]"


async def _read(hub: Hub, token: str) -> Visitor | None:
    number = links.read(hub.signer, token, now=clock.now())
    if number is None:
        return None
    async with hub.database.unit() as session:
        try:
            guest = await seats.guest(session, number)
            customer = await directory.get(session, guest.customer_id)
        except (seats.NoSuchGuest, directory.NotFound):
            return None
        event = await plans.listed(session, await plans.get(session, guest.gathering_id))
    one = event.gathering
    return Visitor(
        customer=customer,
        name=f"guest-{number}",
        at=one.starts_at,
        timezone=one.timezone,
        place_zone=one.timezone,
        about=one.title,
        called_off=one.cancelled_at is not None,
        guest=guest,
        gathering=one,
        free=event.free,
    )


async def _keep(request: Request, visitor: Visitor, typed: Form, said: Words) -> None:
    """A yes when all seats are taken waits."""
    hub, now = hub_of(request), clock.now()
    async with hub.database.unit() as session:
        kept = await seats.answer(session, visitor.guest.id or 0, coming=_ANSWERS[typed["do"]], gate=hub.gate, now=now)
        subject, detail = f"customer:{kept.customer_id}", f"event:{kept.gathering_id} {kept.state.value}"
        await audit.write(
            session, "event.answer", staff_id=None, subject=subject, detail=detail, ip=ip_of(request), now=now
        )


def _entry(hub: Hub, visitor: Visitor) -> Entry:
    one = visitor.gathering
    return Entry(
        uid=answering.uid(hub, f"event-{one.id}"),
        title=one.title,
        at=one.starts_at,
        changed_at=one.created_at,
        url=links.address(hub.gate, visitor.guest.id or 0),
        about=one.about,
        place=one.place,
        until=one.ends_at,
    )


# ---- the page -------------------------------------------------------------------------------


def _body(shown: Shown) -> str:
    said, one = shown.said, shown.visitor.gathering
    return f"""<h1>{escape(one.title)}</h1>
{shown.alert}
<p><strong>{escape(shown.when)}</strong>{_facts(said, one)}</p>
{"".join(f"<p>{escape(line)}</p>" for line in one.about.splitlines() if line.strip())}
<p role="status">{escape(said.states[shown.visitor.guest.state])}</p>
{_choices(shown)}
{shown.calendar}"""


def _facts(said: Words, one: Gathering) -> str:
    known = [(name, value) for name, value in ((said.place, one.place), (said.host, one.host)) if value]
    return "".join(f"<br>{escape(name)}: {escape(value)}" for name, value in known)


def _choices(shown: Shown) -> str:
    """Only what would change something."""
    said, state = shown.said, shown.visitor.guest.state
    listed = state in (GuestState.COMING, GuestState.WAITING)
    yes = "" if listed else f'<button name="do" value="yes">{escape(said.yes)}</button>'
    no = f'<button class="plain" name="do" value="no">{escape(said.no)}</button>'
    warning = f"<p>{escape(said.full)}</p>" if not listed and shown.visitor.free == 0 else ""
    choices = yes if state is GuestState.NOT_COMING else f"{yes} {no}"
    return f'{warning}<form method="post">{shown.seen}<p>{choices}</p></form>'


router = answering.router("/e", Question(WORDS, _ANSWERS, _read, _keep, _body, _entry))
