"""A report leaves by mail over real SMTP: once for each period, to who may read it; its words stay out of the log."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlmodel import col, select

from channels.providers import open_channel
from channels.sandbox.mail import Account, MailWorld
from hub.clock import uuid7
from hub.customers import consent
from hub.database.engine import Database
from hub.interactions import history
from hub.models import AttachmentRow, Audit, Customer, Interaction, Letter, ReportSubscription, Staff
from hub.models.vocabulary import Direction, Kind, Origin, ReportFile, Rhythm, Role, State
from hub.outbound import colleagues, senders
from hub.outbound.delivery import Delivery
from hub.outbound.question import Rules
from hub.personal import files
from hub.reports import mailing, subscriptions
from hub.reports.asked import Narrowed
from hub.reports.subscriptions import SubscriptionProblem, Wish
from hub.staff import accounts
from hub.storage import Storage, open_storage
from tests.gates import AT_ANY_HOUR, gate_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)  # a Tuesday
MONDAY = datetime(2026, 3, 16, 6, 30, tzinfo=UTC)  # half past seven in Warsaw
WEEKLY = Wish("volume", Rhythm.WEEKLY, 7, ReportFile.XLSX, Narrowed())


@dataclass
class Office:
    database: Database
    storage: Storage
    delivery: Delivery
    mail: MailWorld
    rules: Rules = AT_ANY_HOUR

    @property
    def gate(self) -> Any:
        return gate_of(self.rules, Kind.EMAIL)

    async def hire(self, name: str, role: Role = Role.SUPERVISOR, language: str = "en") -> Staff:
        async with self.database.unit() as session:
            return await accounts.create(
                session,
                email=f"{name}@meadow.example",
                name=name,
                role=role,
                password="correct horse battery staple",
                now=NOW,
                language=language,
                timezone="Europe/Warsaw",
            )

    async def said(self, at: datetime, way: Direction = Direction.IN) -> None:
        async with self.database.unit() as session:
            who = Customer(id=uuid7(at), name="Ana", created_at=at, updated_at=at)
            session.add(who)
            await session.flush()
            row = Interaction(
                id=uuid7(at),
                at=at,
                state_at=at,
                customer_id=who.id,
                direction=way,
                kind=Kind.EMAIL,
                channel="mail",
                origin=Origin.CUSTOMER,
                state=State.RECEIVED,
            )
            session.add(row)

    async def subscribe(self, staff: Staff, wish: Wish = WEEKLY) -> int:
        async with self.database.unit() as session:
            return (await subscriptions.add(session, staff, wish, gate=self.gate, now=NOW)).id or 0

    async def tick(self, now: datetime) -> int:
        """As the clock does it: how many leave."""
        async with self.database.unit() as session:
            await subscriptions.end_lost(session, now=now)
            due = await subscriptions.due(session, now=now)
        sent = 0
        for number in due:
            while await self.issue(number, now):
                sent += 1
        return sent

    async def issue(self, number: int, now: datetime) -> bool:
        return await mailing.issue(self.database, self.storage, number, gate=self.gate, prices={}, now=now)

    async def pump(self) -> None:
        _, ready = await self.delivery.claim("mail", 50)
        await self.delivery.settle(await asyncio.gather(*map(self.delivery.deliver, ready)))

    async def letters(self) -> list[Interaction]:
        async with self.database.unit() as session:
            mine = select(Interaction).where(Interaction.origin == Origin.REPORT)
            return list(await session.exec(mine.order_by(col(Interaction.id))))

    async def trail(self) -> list[tuple[str, str]]:
        async with self.database.unit() as session:
            reports = col(Audit.action).startswith("report.")
            return list(await session.exec(select(Audit.action, Audit.detail).where(reports).order_by(col(Audit.id))))


@pytest.fixture
async def office(database: Database, tmp_path: Path) -> AsyncIterator[Office]:
    mail = MailWorld({"support@meadow.example": Account("support", "secret")})
    await mail.start()
    smtp = {
        "host": "127.0.0.1",
        "port": mail.smtp_port,
        "security": "none",
        "username": "support",
        "password": "secret",
    }
    table = {"address": "support@meadow.example", "smtp": smtp}
    channel = open_channel("mail", Kind.EMAIL, "smtp", table, webhook_base="http://127.0.0.1:9")
    async with database.unit() as session:
        await senders.register(session, "mail", Kind.EMAIL, rate=1000, burst=1000, now=NOW)
    storage = open_storage(tmp_path / "blobs")
    delivery = Delivery(database, {"mail": channel}, storage, gate_of(AT_ANY_HOUR, Kind.EMAIL), "test")
    yield Office(database, storage, delivery, mail)
    await channel.close()
    await mail.stop()


async def test_a_weekly_report_lies_in_the_mailbox_with_figures_bars_and_a_workbook(office: Office) -> None:
    for day in (9, 9, 11, 3):
        await office.said(datetime(2026, 3, day, 12, tzinfo=UTC))
    await office.subscribe(await office.hire("lena", language="pl"))
    assert [await office.tick(MONDAY - timedelta(hours=1)), await office.tick(MONDAY)] == [0, 1]
    await office.pump()
    (letter,) = office.mail.mailbox("lena@meadow.example")
    assert letter.subject == "Ruch, 9 mar 2026 – 15 mar 2026"
    mail = message_from_bytes(letter.raw, policy=default)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert "Otrzymane: 3 (wcześniej: 1)" in text
    assert "http://hub.example/reports/volume?days=own&first=2026-03-09&last=2026-03-15" in text
    assert 'width="100%"' in html
    assert 'width="50%"' in html  # one message on a day, two on the other
    assert "<svg" not in html
    assert "<img" not in html
    (file,) = letter.enclosures
    assert file.name == "volume-2026-03-09-2026-03-15.xlsx"
    days = list(openpyxl.load_workbook(io.BytesIO(file.content)).worksheets[1].iter_rows(values_only=True))
    assert [row[1] for row in days[1:]] == [2, 0, 1, 0, 0, 0, 0]
    assert b"Auto-Submitted: auto-generated" in letter.raw


async def test_it_leaves_once_whatever_is_asked_how_often(office: Office) -> None:
    """Four workers at once, the same job again, and a clock that was set back."""
    number = await office.subscribe(await office.hire("lena"))
    sent = await asyncio.gather(*(office.issue(number, MONDAY) for _ in range(4)))
    again = [await office.issue(number, MONDAY + timedelta(minutes=shift)) for shift in (0, 5, -600)]
    assert (sorted(sent), again) == ([False, False, False, True], [False, False, False])
    assert len(await office.letters()) == 1


async def test_a_worker_that_dies_before_it_is_written_down_leaves_it_to_the_next(office: Office) -> None:
    number = await office.subscribe(await office.hire("lena"))

    class Dying:
        async def put(self, content: bytes) -> str:
            await office.storage.put(content)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        await mailing.issue(office.database, Dying(), number, gate=office.gate, prices={}, now=MONDAY)  # type: ignore[arg-type]
    assert [await office.letters(), await office.tick(MONDAY)] == [[], 1]


async def test_a_key_that_was_used_holds_even_where_the_date_was_put_back(office: Office) -> None:
    number = await office.subscribe(await office.hire("lena"))
    assert await office.issue(number, MONDAY)
    async with office.database.unit() as session:
        row = await session.get_one(ReportSubscription, number)
        row.issue_on -= timedelta(days=7)
        session.add(row)
    assert not await office.issue(number, MONDAY)
    assert len(await office.letters()) == 1


async def test_who_may_not_read_it_any_more_gets_it_no_more(office: Office) -> None:
    lena, omar = await office.hire("lena"), await office.hire("omar")
    await office.subscribe(lena)
    await office.subscribe(omar, Wish("agents", Rhythm.DAILY, 7, ReportFile.CSV, Narrowed()))
    async with office.database.unit() as session:
        await accounts.set_role(session, lena.id or 0, Role.AGENT, now=NOW)
        await accounts.set_role(session, omar.id or 0, Role.MARKETER, now=NOW)  # reads reports, but not this one
    assert await office.tick(MONDAY) == 0
    async with office.database.unit() as session:
        assert await subscriptions.listing(session) == []
    assert await office.trail() == [
        ("report.subscribe", "volume, weekly"),
        ("report.subscribe", "agents, daily"),
        ("report.stop", "volume, weekly: no right to read it"),
        ("report.stop", "agents, daily: no right to read it"),
    ]


async def test_what_waits_for_the_wire_is_cancelled_when_the_account_ends(office: Office) -> None:
    await office.hire("boss", Role.ADMIN)
    lena = await office.hire("lena")
    await office.subscribe(lena)
    await office.tick(MONDAY)
    async with office.database.unit() as session:
        await accounts.deactivate(session, lena.id or 0, now=NOW)
    await office.pump()
    assert ([one.state for one in await office.letters()], office.mail.mailbox("lena@meadow.example")) == (
        [State.CANCELLED],
        [],
    )


async def test_the_log_does_not_say_what_only_its_reader_may_know(office: Office) -> None:
    """Agents read the log, and not the reports."""
    await office.said(datetime(2026, 3, 11, 12, tzinfo=UTC))
    await office.subscribe(await office.hire("lena"))
    await office.tick(MONDAY)
    (row,) = await office.letters()
    async with office.database.unit() as session:
        shown = await history.entry(session, row.id)
        found = (await session.exec(select(AttachmentRow))).all()
    assert (shown.text, shown.has_html, list(shown.attachments), list(found)) == (
        "The report itself is read by its recipient alone.",
        False,
        [],
        [],
    )


async def test_old_letters_go_with_their_files_and_young_ones_keep_theirs(office: Office) -> None:
    await office.subscribe(await office.hire("lena"))
    await office.tick(MONDAY)
    async with office.database.unit() as session:
        (digest,) = [file["sha256"] for one in await session.exec(select(Letter)) for file in one.files]
        assert await files.nobodys(session, [digest]) == []
        gone = await colleagues.forget(session, now=MONDAY + colleagues.KEPT + timedelta(seconds=1))
        await files.let_go(session, gone)
    assert gone == [digest]
    assert await files.sweep(office.database, office.storage) == 1
    (row,) = await office.letters()
    assert row.state is State.QUEUED  # that it was sent stays in the log


async def test_a_segment_that_is_gone_is_told_and_the_next_issue_is_tried_again(office: Office) -> None:
    lena = await office.hire("lena")
    number = await office.subscribe(lena, Wish("volume", Rhythm.WEEKLY, 7, ReportFile.XLSX, Narrowed(segment_id=9999)))
    assert await office.issue(number, MONDAY)
    await office.pump()
    (letter,) = office.mail.mailbox("lena@meadow.example")
    assert "One of the choices is not offered any more" in letter.text
    assert not letter.enclosures
    assert await office.issue(number, MONDAY + timedelta(days=7))


async def test_csv_has_a_file_for_each_table(office: Office) -> None:
    await office.said(datetime(2026, 3, 11, 12, tzinfo=UTC))
    await office.subscribe(await office.hire("lena"), Wish("volume", Rhythm.WEEKLY, 7, ReportFile.CSV, Narrowed()))
    await office.tick(MONDAY)
    await office.pump()
    (letter,) = office.mail.mailbox("lena@meadow.example")
    assert [file.name for file in letter.enclosures] == [
        "volume-2026-03-09-2026-03-15-by_day.csv",
        "volume-2026-03-09-2026-03-15-by_channel.csv",
    ]


async def test_nobody_subscribes_with_an_address_that_may_not_be_written_to(office: Office) -> None:
    lena = await office.hire("lena")
    async with office.database.unit() as session:
        await consent.suppress(
            session, Kind.EMAIL, lena.email, purpose=None, reason="complaint", source="test", now=NOW
        )
    with pytest.raises(SubscriptionProblem, match="suppressed"):
        await office.subscribe(lena)


async def test_the_same_again_is_one_subscription_and_twenty_are_the_most(office: Office) -> None:
    lena = await office.hire("lena")
    assert await office.subscribe(lena) == await office.subscribe(lena)
    for hour in range(8, 8 + subscriptions.MOST - 1):
        rhythm = Rhythm.DAILY if hour > 23 else Rhythm.MONTHLY
        await office.subscribe(lena, Wish("volume", rhythm, hour % 24, ReportFile.XLSX, Narrowed()))
    with pytest.raises(SubscriptionProblem, match="as many as can be"):
        await office.subscribe(lena, Wish("calls", Rhythm.DAILY, 7, ReportFile.XLSX, Narrowed()))


async def test_reports_to_colleagues_are_no_words_to_customers(office: Office) -> None:
    """Yesterday's letter is not counted in today's report."""
    number = await office.subscribe(
        await office.hire("lena"), Wish("volume", Rhythm.DAILY, 7, ReportFile.XLSX, Narrowed())
    )
    first = datetime(2026, 3, 11, 6, 30, tzinfo=UTC)
    for days in (0, 1):
        assert await office.issue(number, first + timedelta(days=days))
        await office.pump()
    latest = office.mail.mailbox("lena@meadow.example")[-1]
    assert "Nothing in these days" in latest.text
