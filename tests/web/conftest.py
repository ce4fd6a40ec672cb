"""A small company on a real database: its staff, its customers and what was said, seen through the desk."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import itertools
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest
import uvicorn
from bs4 import BeautifulSoup
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy.engine import make_url

from channels.message import Address, Attachment, CallEvent, Direction, Inbound, Kind
from hub import clock
from hub.app import create_app
from hub.bootstrap import Hub, open_hub
from hub.call_lists import arranging
from hub.call_lists.audience import Whom
from hub.campaigns import feeding, lifecycle
from hub.conversations import appointments, assignment, inbox, notes, tasks
from hub.customers import consent, directory, identities, import_kinds, import_runs, imports, preferences, uploaded
from hub.customers.consent import Statement
from hub.customers.directory import NewCustomer
from hub.gatherings import inviting, seats
from hub.gatherings import plans as gatherings
from hub.inbound import receive
from hub.joining import forms
from hub.models import StaffSession
from hub.models.vocabulary import Brought, Purpose, Role
from hub.outbound import templates
from hub.segments import import_lists, lists, saved
from hub.segments.saved import Draft
from hub.settings import Settings
from hub.staff import accounts

_numbers = itertools.count(1)
PASSWORD = "correct horse battery staple"
XSS = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}"
HTML = (
    "<h1>Offer</h1><script>alert(1)</script><p onclick=alert(2)>Hello <a href='https://evil.example/x?y=1'>our bank</a>"
    "<a href='javascript:alert(3)'>here</a><img src='https://track.example/p.gif'><img src=x onerror=alert(4)>"
    "<style>body{display:none}</style><form action='https://evil.example'><input name=p></form></p>"
)

NEW = "Hello,\nthe amount on invoice 118 is twice what we agreed. Could you look?\n\nAna"


@dataclass
class World:
    """What there is, by name."""

    hub: Hub
    staff: dict[Role, int] = field(default_factory=dict)
    customers: dict[str, UUID] = field(default_factory=dict)
    conversations: dict[str, UUID] = field(default_factory=dict)
    campaigns: dict[str, int] = field(default_factory=dict)
    task: int = 0
    segment: int = 0
    list: int = 0
    form: int = 0
    call_list: int = 0
    event: int = 0
    purchases: dict[str, UUID] = field(default_factory=dict)  # files that were brought in
    people: dict[str, UUID] = field(default_factory=dict)  # such files of customers


def settings_for(data_dir: Path, port: int = 8000) -> Settings:
    twilio = {"provider": "twilio", "account_sid": "AC" + "a" * 32, "auth_token": "t" * 32, "rate": 10}
    mail = {"address": "support@meadow.example", "smtp": {"host": "127.0.0.1", "port": 9, "security": "none"}}
    return Settings.model_validate(
        {
            "hub": {
                "name": "Meadow & Sons",
                "public_url": f"http://127.0.0.1:{port}",
                "data_dir": data_dir,
                "timezone": "Europe/Warsaw",
            },
            "web": {"links": [{"name": "Sandbox", "url": "http://127.0.0.1:4010"}]},
            "channels": {
                "mail": {"kind": "email", "provider": "smtp", "rate": 20, **mail},
                "sms": {"kind": "sms", "number": "+48732230001", **twilio},
                "voice": {"kind": "voice", "number": "+48732230002", **twilio},
            },
        }
    )


@dataclass(frozen=True)
class Prepared:
    """A database with the whole company in it, to copy, and the files that belong to it."""

    name: str
    data_dir: Path
    world: World


@pytest.fixture(scope="session")
def prepared(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The company is founded once a run."""
    data_dir = tmp_path_factory.mktemp("company")
    return asyncio.run(_found(server_url, template, data_dir))


async def _found(server_url: str, template: str, data_dir: Path) -> Prepared:
    name = f"{template}_company"
    await _execute(server_url, f'drop database if exists "{name}" with (force)')
    await _execute(server_url, f'create database "{name}" template "{template}"')
    async with open_hub(settings_for(data_dir), _named(server_url, name)) as hub:
        world = World(hub)
        await hire(world)
        await populate(world)
    return Prepared(name, data_dir, world)


@pytest.fixture
async def database_url(server_url: str, template: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A fresh database: a copy of the company where a test asks for the world, else an empty one."""
    source = request.getfixturevalue("prepared").name if "world" in request.fixturenames else template
    name = f"hub_desk_{os.getpid()}_{next(_numbers)}"
    await _execute(server_url, f'create database "{name}" template "{source}"')
    yield _named(server_url, name)
    await _execute(server_url, f'drop database if exists "{name}" with (force)')


@pytest.fixture
async def hub(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Hub]:
    data_dir = tmp_path
    if "world" in request.fixturenames:
        data_dir = shutil.copytree(request.getfixturevalue("prepared").data_dir, tmp_path / "data")
    async with open_hub(settings_for(data_dir), database_url) as opened:
        yield opened


@pytest.fixture
async def empty(hub: Hub) -> World:
    """Staff of every role and nothing else."""
    world = World(hub)
    await hire(world)
    return world


@pytest.fixture
async def world(prepared: Prepared, hub: Hub) -> World:
    """Staff, customers, conversations, a campaign, an appointment and a task."""
    return dataclasses.replace(prepared.world, hub=hub)


def _named(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def hire(world: World) -> None:
    names = {
        Role.AGENT: "Olga Agent",
        Role.MARKETER: "Marek Market",
        Role.SUPERVISOR: "Sofia Lead",
        Role.ADMIN: "Ada Min",
    }
    async with world.hub.database.unit() as session:
        for role, name in names.items():
            staff = await accounts.create(
                session,
                email=f"{role}@meadow.example",
                name=name,
                role=role,
                password=PASSWORD,
                now=clock.now(),
                timezone="Europe/Warsaw",
                phone="+48601000001" if role is Role.AGENT else None,
            )
            world.staff[role] = staff.id or 0


async def populate(world: World) -> None:
    await _customers(world)
    await _words(world)
    await _plans(world)
    await _files(world)


async def _files(world: World) -> None:
    """Of each kind a file whose columns are known and that has not begun, and one that is done with a row not taken."""
    taken, nobodys = "A1,2026-03-01,12.50,georgi@petrov.example\n", "A2,2026-03-02,12.50,nobody@nowak.example\n"
    sold = f"Order,Date,Total,Email\n{taken}{nobodys}"
    people = "Name,Email,Shoe\nГеорги,georgi@petrov.example,42\nEva,eva#nowak.example,38\n"
    for kind, text, made in (
        (Brought.PURCHASES, sold, world.purchases),
        (Brought.CUSTOMERS, people, world.people),
    ):
        for key in ("waiting", "done"):
            made[key] = await brought(world, kind, text, begin=key == "done")


async def brought(world: World, kind: Brought, text: str, *, begin: bool) -> UUID:
    """A file that somebody uploaded; `begin`: and imported."""
    hub, now = world.hub, clock.now()
    kept = await uploaded.store(hub.storage, kind, f"{kind}.csv", text.encode())
    async with hub.database.unit() as session:
        made = await uploaded.add(session, kept, staff_id=world.staff[Role.MARKETER], now=now)
        if begin:
            await imports.begin(session, made.id, now=now)
    if begin:
        await import_runs.carry_out(
            hub.database,
            hub.storage,
            made.id,
            import_kinds.usual(hub.settings),
            put=import_lists.put,
            clock=clock.now,
        )
    return made.id


async def _customers(world: World) -> None:
    now = clock.now()
    soon = (now + timedelta(days=3)).date()
    people = {
        "ana": NewCustomer(
            "Ana Nowak",
            given_name="Ana",
            language="pl",
            timezone="Europe/Warsaw",
            birthday=(1984, soon.month, soon.day),
            emails=("ana@nowak.example",),
            phones=("+48601123456",),
            vip=True,
        ),
        "georgi": NewCustomer(
            "Георги Петров",
            given_name="Георги",
            language="bg",
            timezone="Europe/Sofia",
            birthday=(None, now.month, now.day),
            emails=("georgi@petrov.example",),
            phones=("+359888123456",),
        ),
        "evil": NewCustomer(XSS, given_name=XSS, language="en", emails=("evil@xss.example",), labels=(XSS,)),
    }
    async with world.hub.database.unit() as session:
        for key, new in people.items():
            world.customers[key] = (await directory.create(session, new, now=now)).id
        ana, georgi = world.customers["ana"], world.customers["georgi"]
        await preferences.rank(session, ana, Purpose.SERVICE, [Kind.SMS, Kind.EMAIL], now=now)
        for who, purpose in ((ana, Purpose.GREETINGS), (ana, Purpose.MARKETING), (georgi, Purpose.GREETINGS)):
            statement = Statement(who, purpose, None, granted=True, source="web form", wording="Yes, please")
            await consent.record(session, statement, now=now)
        no_mail = Statement(georgi, Purpose.MARKETING, Kind.EMAIL, granted=False, source="one-click")
        await consent.record(session, no_mail, now=now)
        await identities.bounced(
            session, Kind.EMAIL, "georgi@petrov.example", hard=False, reason="mailbox_full", detail="552", now=now
        )


async def _words(world: World) -> None:
    mail, sms, voice = (world.hub.channels[name] for name in ("mail", "sms", "voice"))
    ana = Address(Kind.EMAIL, "ana@nowak.example", "Ana Nowak")
    bill = Attachment("invoice 118.pdf", "application/pdf", b"%PDF-1.4 not really")
    await hear(
        world,
        mail.name,
        Inbound(
            kind=Kind.EMAIL,
            provider_id="<a1@nowak.example>",
            sender=ana,
            recipients=(mail.address,),
            subject="Invoice 118 is wrong",
            text=f"{NEW}\n\n> On Monday you wrote\n> 118",
            reply_text=NEW,
            html=HTML,
            message_id="<a1@nowak.example>",
            attachments=(bill,),
        ),
        "invoice",
    )
    await hear(world, sms.name, _sms("SM1", "+359888123456", "Кога е следващият ми час?"), "sms")
    await hear(world, sms.name, _sms("SM2", "+48601999888", "hi, are you open on saturday?"), "stranger")
    await hear(
        world,
        mail.name,
        Inbound(
            kind=Kind.EMAIL,
            provider_id="<x@xss.example>",
            sender=Address(Kind.EMAIL, "evil@xss.example", XSS),
            recipients=(mail.address,),
            subject=XSS,
            text=XSS,
            message_id="<x@xss.example>",
            attachments=(Attachment(XSS + ".html", "text/html", b"<script>alert(5)</script>"),),
        ),
        "xss",
    )
    call = CallEvent(
        "CA1", Direction.IN, Address(Kind.VOICE, "+48601123456"), voice.address, asks=True, step="incoming"
    )
    async with world.hub.database.unit() as session:
        await receive.answer(session, voice, call, world.hub.reception, now=clock.now())
    async with world.hub.database.unit() as session:
        now, invoice, agent = clock.now(), world.conversations["invoice"], world.staff[Role.AGENT]
        words = "Checked: she is right, 40 zł too much."
        await notes.add(session, world.customers["ana"], invoice, words, staff_id=agent, now=now)
        await assignment.assign(session, invoice, agent)


def _sms(sid: str, sender: str, text: str) -> Inbound:
    return Inbound(
        kind=Kind.SMS,
        provider_id=sid,
        sender=Address(Kind.SMS, sender),
        recipients=(Address(Kind.SMS, "+48732230001"),),
        text=text,
    )


async def hear(world: World, channel: str, event: Inbound, key: str) -> None:
    """Something comes in from outside, by the ordinary way."""
    await receive.store_files(world.hub.storage, event)
    async with world.hub.database.unit() as session:
        await receive.receive(session, world.hub.channels[channel], event, world.hub.reception, now=clock.now())
    async with world.hub.database.unit() as session:
        lines = await inbox.lines(session, "all", staff_id=0, limit=1)
    world.conversations[key] = lines[0].id
    world.customers.setdefault(key, lines[0].customer_id)


async def _plans(world: World) -> None:
    now, gate = clock.now(), world.hub.gate
    english = {"subject": "Spring", "body": "Dear {{ customer.given_name }}, {{ unsubscribe_url }}", "sms": "Spring"}
    async with world.hub.database.unit() as session:
        garden = gatherings.Plan("Open garden", now + timedelta(days=9), "Europe/Warsaw", place="Main St")
        world.event = (await gatherings.create(session, garden, staff_id=None, now=now)).id or 0
        await inviting.choose(session, world.event, [world.customers["ana"]], now=now)
        (seen,) = await inviting.guests(session, world.event)
        await seats.answer(session, seen.guest.id or 0, coming=True, gate=gate, now=now)
        version = await templates.save(session, "campaign-spring", {"en": english}, now=now)
        for key, name in (("draft", "Autumn offer"), ("running", "Spring offer")):
            plan = lifecycle.Plan(name, version.id)
            made = await lifecycle.create(session, plan, staff_id=world.staff[Role.MARKETER], now=now)
            world.campaigns[key] = made.id or 0
        poles = Draft("Poles", [{"field": "language", "op": "eq", "value": "pl"}])
        world.list = (await lists.create(session, "Guests", staff_id=world.staff[Role.MARKETER], now=now)).id or 0
        await lists.add(session, world.list, [world.customers["ana"]], staff_id=world.staff[Role.MARKETER], now=now)
        world.segment = (await saved.create(session, poles, staff_id=world.staff[Role.MARKETER], now=now)).id or 0
        wanted = forms.Wanted("Newsletter", ["email", "sms"], ["marketing"])
        world.form = (await forms.add(session, "newsletter", wanted, now=now)).id or 0
        await lifecycle.start(session, world.campaigns["running"], gate=gate, now=now)
        await feeding.feed(session, world.campaigns["running"], gate=gate, now=now)
        wishes, guests = (
            arranging.Plan("Wishes by telephone", "festival", Purpose.GREETINGS),
            Whom(segment_id=world.list),
        )
        made_list = await arranging.create(session, wishes, guests, gate=gate, staff_id=None, now=now)
        world.call_list = made_list.id or 0
        later, georgi = now + timedelta(days=2), world.customers["georgi"]
        await appointments.book(session, georgi, "Haircut", later, "Europe/Sofia", place="Main St", now=now)
        new = tasks.NewTask("Call back about the invoice", world.customers["ana"], assignee_id=world.staff[Role.AGENT])
        world.task = (await tasks.add(session, new, now=now)).id or 0


# ---- the desk as a browser without scripts sees it ----


class Desk:
    """One signed-in person's browser: keeps cookies and fills the token into forms."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.csrf = ""

    async def sign_in(self, hub: Hub, role: Role) -> None:
        """A session as signing in makes it, without the slow password."""
        cookie, self.csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), clock.now()
        async with hub.database.unit() as session:
            staff = await accounts.by_email(session, f"{role}@meadow.example")
            assert staff is not None
            row = StaffSession(
                token_hash=hashlib.sha256(cookie.encode()).hexdigest(),
                staff_id=staff.id or 0,
                csrf=self.csrf,
                created_at=now,
                seen_at=now,
                expires_at=now + timedelta(days=1),
            )
            session.add(row)
        self.client.cookies.set("hub_session", cookie)

    async def see(self, path: str, *, status: int = 200) -> BeautifulSoup:
        answer = await self.client.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[-1500:]}"
        return BeautifulSoup(answer.text, "html.parser")

    async def send(self, path: str, **fields: object) -> httpx.Response:
        data = {key: list(v) if isinstance(v, tuple) else str(v) for key, v in fields.items()}
        return await self.client.post(path, data={"csrf": self.csrf, **data})


def rows(*conditions: tuple[str, str, str], key: str = "1", how: str = "all") -> dict[str, object]:
    """One group of a segment's form."""
    columns = zip(("field", "op", "value"), zip(*conditions, strict=True), strict=True)
    return {"group": key, f"how.{key}": how} | {f"{name}.{key}": cells for name, cells in columns}


SignIn = Callable[[Role], Awaitable[Desk]]


@pytest.fixture
async def visitor(hub: Hub) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that is not signed in."""
    transport = httpx.ASGITransport(create_app(hub))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture
async def signed_in(hub: Hub) -> AsyncIterator[SignIn]:
    """`desk = await signed_in(Role.AGENT)`"""
    clients: list[httpx.AsyncClient] = []

    async def sign_in(role: Role) -> Desk:
        transport = httpx.ASGITransport(create_app(hub))
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000"))
        desk = Desk(clients[-1])
        await desk.sign_in(hub, role)
        return desk

    yield sign_in
    for client in clients:
        await client.aclose()


# ---- the desk in a real browser ----


@asynccontextmanager
async def serving(hub: Hub, listening: socket.socket) -> AsyncIterator[str]:
    """The whole application on a real socket, which takes connections from the start."""
    config = uvicorn.Config(create_app(hub), log_level="warning", lifespan="off", ws="none")
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def served(hub: Hub) -> AsyncIterator[str]:
    """The address of the desk on loopback."""
    async with serving(hub, listen()) as base:
        yield base


def listen(port: int = 0) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


PATIENCE = 60_000  # milliseconds, as Playwright counts, before a test that waits gives up: machines may be busy
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opening = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; a test that wants it is skipped on a machine that has none."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    async with async_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=_QUIET)
        yield opened
        await opened.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the browser wrote into its console: violations of the policy, errors of scripts, alerts."""
    return []


@pytest.fixture
async def opening(served: str, signed_in: SignIn, browser: Browser, complaints: list[str]) -> Opening:
    """`page = await opening("/inbox/all", Role.AGENT, width=390, dark=True)`"""

    async def opened(path: str, role: Role = Role.AGENT, *, width: int = 1440, dark: bool = False) -> Page:
        desk = await signed_in(role)
        look: Any = "dark" if dark else "light"
        context = await browser.new_context(viewport={"width": width, "height": 844}, color_scheme=look)
        context.set_default_timeout(PATIENCE)
        cookie = {"name": "hub_session", "value": desk.client.cookies["hub_session"], "url": served}
        await context.add_cookies([cookie])  # type: ignore[list-item]
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        await page.goto(served + path)
        return page

    return opened
