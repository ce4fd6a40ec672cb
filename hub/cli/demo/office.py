"""The desk of the sample company: two teams, what they promise, what they often say, and what is left to do."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.branding import brands
from hub.branding.brands import Wanted
from hub.cli.demo.company import ANA, GEORGI
from hub.conversations import canned, macros, policies, tasks, views
from hub.conversations.canned import Wording
from hub.conversations.macros import Steps
from hub.conversations.policies import Policy
from hub.conversations.tasks import NewTask
from hub.conversations.views import Conditions
from hub.customers import directory, suggesting
from hub.joining import forms
from hub.models.vocabulary import AddressKind, ConversationState
from hub.staff import teams

_CANNED = (
    Wording("invoice", "The invoice is put right", "Dear {{ customer.first_name }},\n\nthe invoice is put right and on "
            "its way to you. We are sorry for the trouble.\n\n{{ staff.first_name }}, {{ company }}"),
    Wording("delivery", "Where we deliver", "We deliver everywhere in Europe within five working days, to islands "
            "within eight.\n\n{{ staff.first_name }}"),
    Wording("dostawa", "Kiedy przyjedzie", "Dzień dobry,\n\npaczka wyjechała dziś rano i będzie u Państwa jutro między "
            "10 a 14.\n\n{{ staff.name }}"),
    Wording("доставка", "Кога пристига", "Здравейте,\n\nпратката тръгна тази сутрин и ще бъде при Вас утре между 10 "
            "и 14 часа.\n\n{{ staff.name }}"),
)  # fmt: skip


# The same gardener twice: with the name that she gave in the shop, and as she wrote by mail.
_TWICE: tuple[directory.NewCustomer, ...] = (
    directory.NewCustomer(
        name="Katarzyna Mazur", given_name="Katarzyna", language="pl", timezone="Europe/Warsaw", country="PL",
        birthday=(1979, 3, 21), phones=("+48605550141",), attributes={"kod pocztowy": "30-063", "miasto": "Kraków"},
    ),
    directory.NewCustomer(
        name="Mazur Katarzyna", language="pl", country="PL", birthday=(1979, 3, 21),
        emails=("k.mazur@customers.example",), attributes={"kod pocztowy": "30-063", "miasto": "Kraków"},
    ),
)  # fmt: skip


async def load(session: AsyncSession, *, agent: int, colleague: int, lead: int, now: datetime) -> None:
    """Of the people and customers that are there already."""
    support = await _team(session, "Support", {agent, colleague, lead}, ("mail", "sms", "voice"), lead, now)
    await _team(session, "Garden advice", {colleague}, (), lead, now)
    promises = Policy("Everybody", 2, first=60, next=120, resolution=2 * 24 * 60, warn=15, escalate_to_team=support)
    vip = Policy("VIP", 1, vip_only=True, first=15, next=30, resolution=8 * 60, warn=5, escalate_to=lead)
    for policy in (vip, promises):
        await policies.save(session, policy, now=now, by=lead)
    kept = {one.shortcut: await canned.create(session, one, by=lead, now=now) for one in _CANNED}
    for macro in _macros(kept["invoice"].id):
        await macros.create(session, macro, by=lead, assigns=True, now=now)
    waiting = Conditions(assignee=views.ME, unread=True)
    await views.create(session, "Mine, unread", waiting, owner=lead, shared=True, now=now)
    await _work(session, agent, colleague, now)
    await _outside(session, lead, now)
    for new in _TWICE:
        await suggesting.look(session, (await directory.create(session, new, now=now)).id, now=now)


async def _outside(session: AsyncSession, lead: int, now: datetime) -> None:
    """What customers see without signing in: the company's colour, and a form by which they sign up."""
    closing = {
        "en": "Meadow & Sons Ltd., 4 Garden Street, Warsaw",
        "pl": "Meadow & Sons sp. z o.o., ul. Ogrodowa 4, Warszawa",
        "bg": "„Медоу и синове“ ООД, ул. „Градинска“ 4, Варшава",
        "ru": "Meadow & Sons, ул. Огродова, 4, Варшава",
    }
    wanted = Wanted("#1d6f42", closing, "https://meadow.example/privacy")
    await brands.change(session, wanted, by=lead, ip="", now=now)
    asked = forms.Wanted("Newsletter", ["email", "sms"], ["marketing", "greetings"])
    await forms.add(session, "newsletter", asked, now=now)


def _macros(invoice: int) -> tuple[macros.Wording, ...]:
    """What the desk does again and again, everybody's."""
    right = Steps(answer=invoice, add=("invoice",), assign=macros.ME, state=ConversationState.RESOLVED)
    broken = Steps(
        note="Asked for a picture of the damage. If the crack comes from the rim, send a new one.",
        add=("complaint",),
        assign=macros.ME,
        task="Has {{ customer.name }} sent the picture?",
        task_days=2,
        state=ConversationState.PENDING,
    )
    return macros.Wording("Invoice is put right", right), macros.Wording("Something arrived broken", broken)


async def _team(
    session: AsyncSession, name: str, people: set[int], channels: tuple[str, ...], by: int, now: datetime
) -> int:
    team = await teams.create(session, name, now=now, by=by)
    assert team.id is not None
    await teams.set_members(session, team.id, people, now=now, by=by)
    await teams.set_channels(session, team.id, channels, now=now, by=by)
    return team.id


async def _work(session: AsyncSession, agent: int, colleague: int, now: datetime) -> None:
    ana = await directory.find(session, AddressKind.PHONE, ANA.phones[0])
    georgi = await directory.find(session, AddressKind.PHONE, GEORGI.phones[0])
    day = timedelta(days=1)
    for title, who, due, whose in (
        ("Call Ana back about the terrace", ana, now + day / 6, agent),
        ("Send Georgi the offer for twelve apple trees", georgi, now + day, agent),
        ("Ask the carrier about the damaged pallet", None, now + 3 * day, agent),
        ("Order new catalogues", None, now + 7 * day, colleague),
    ):
        new = NewTask(title, who.id if who else None, due_at=due, assignee_id=whose, created_by=whose)
        await tasks.add(session, new, now=now)
