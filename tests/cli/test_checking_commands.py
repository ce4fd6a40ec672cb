"""`hub check`, `hub doctor`, `hub migrate`, and how a command ends that cannot do its work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.cli import COMMANDS
from hub.clock import uuid7
from hub.database.engine import Database
from hub.models import Customer
from hub.models.vocabulary import State
from tests.log_rows import said


@pytest.fixture
async def sandbox(shell: Any) -> AsyncIterator[Any]:
    """The outside world of the shipped configuration, up and listening."""
    async with shell.running("sandbox", until="Play the customers at"):
        yield shell


async def test_check_finds_every_wire_in_order_or_says_what_to_mend(sandbox: Any) -> None:
    good, wrong = await asyncio.gather(
        sandbox.hub("check", "--json"),
        sandbox.hub("check", HUB_CHANNELS__MAIL__SMTP__PASSWORD="wrong", HUB_CHANNELS__SMS__AUTH_TOKEN="wrong"),
    )
    assert (good.code, good.err) == (0, "")
    found = {channel: {step["ok"] for step in steps} for channel, steps in good.json.items()}
    assert found == {"mail": {True}, "sms": {True}, "voice": {True}}
    assert wrong.code == 1
    assert "login refused" in wrong.words
    assert "Check username and password" in wrong.words
    assert "Check account_sid, auth_token" in wrong.words


async def test_check_on_servers_that_are_down_says_where_it_looked_and_fails(shell: Any) -> None:
    ran = await shell.hub("check", "--json")
    assert ran.code == 1
    port = shell.environment["HUB_CHANNELS__MAIL__IMAP__PORT"]
    steps = [step for steps in ran.json.values() for step in steps if not step["ok"]]
    assert {channel for channel, steps in ran.json.items() if not all(s["ok"] for s in steps)} == set(ran.json)
    assert any(f"127.0.0.1:{port}" in step["step"] for step in steps)
    assert [step for step in steps if not step["remedy"]] == []


async def test_the_doctor_finds_a_healthy_hub_healthy_and_a_planted_orphan_sick(
    quick: Any, database: Database, now: datetime
) -> None:
    healthy = await quick.hub("doctor", "--json")
    assert (healthy.code, healthy.json) == (0, {"healthy": True, "problems": []})
    orphan = await _orphan(database, now)
    sick, told = await asyncio.gather(quick.hub("doctor", "--json"), quick.hub("doctor"))
    (problem,) = sick.json["problems"]
    assert (sick.code, sick.json["healthy"]) == (1, False)
    assert (problem["check"], problem["count"], problem["example"]) == ("queued without a ticket", 1, orphan)
    assert problem["remedy"] in told.words


async def test_several_machines_on_one_database_need_their_files_in_one_place(
    quick: Any, database: Database, tmp_path: Path
) -> None:
    async with database.unit() as session:
        rows = "insert into worker (name, started_at) values ('one:1:a', now()), ('one:2:b', now()), ('two:1:c', now())"
        await session.execute(text(rows))
    tried, examined, shared = await asyncio.gather(
        quick.hub("check", "--json"),
        quick.hub("doctor", "--json"),
        quick.hub("doctor", "--json", HUB_STORAGE__URL=str(tmp_path)),
    )
    (finding,) = tried.json["files"]
    assert (finding["ok"], "storage.url" in finding["remedy"]) == (False, True)
    (problem,) = examined.json["problems"]
    assert (problem["check"], problem["example"]) == ("files in a folder of each machine's own", "one, two")
    assert (shared.code, shared.json["problems"]) == (0, [])


async def test_migrating_twice_on_the_bundled_database_changes_nothing_and_leaves_no_server(
    shell: Any, tmp_path: Path
) -> None:
    first = await shell.hub("migrate")
    again = await shell.hub("migrate")
    assert (first.code, again.code) == (0, 0)
    assert first.words.startswith("Migrated: 0001")
    assert again.words == "The schema is current."
    assert list((tmp_path / "data" / "postgres").glob("data-*/postmaster.pid")) == []


async def test_an_unknown_key_ends_with_3_and_the_nearest_known_one(shell: Any, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace("public_url", "publik_url"))
    ran = await shell.hub("doctor")
    assert ran.code == 3
    assert "[hub] publik_url: unknown key. Did you mean public_url?" in ran.err


async def test_a_wrong_value_of_a_channel_ends_with_3_and_names_it(shell: Any) -> None:
    ran = await shell.hub("check", HUB_CHANNELS__MAIL__SMTP__PORT="seventy")
    assert ran.code == 3
    assert "[channels.mail]" in ran.err
    assert "smtp.port" in ran.err
    assert "seventy" in ran.err


async def test_a_database_that_cannot_be_reached_ends_with_4_in_words(shell: Any, unused_tcp_port: int) -> None:
    away = f"postgresql://hub:secret-word@127.0.0.1:{unused_tcp_port}/hub"
    ran = await shell.hub("doctor", HUB_DATABASE__URL=away)
    assert ran.code == 4
    assert "The database cannot be reached" in ran.err
    assert str(unused_tcp_port) in ran.err
    assert "Traceback" not in ran.err
    assert "secret-word" not in ran.err


async def test_help_lists_every_command_in_a_line_of_its_own(shell: Any) -> None:
    ran = await shell.hub("--help")
    described = {words[1] for line in ran.out.splitlines() if len(words := line.split()) > 3 and words[0] == "│"}
    assert ran.code == 0
    assert set(COMMANDS) <= described


async def _orphan(database: Database, now: datetime) -> str:
    """A queued interaction without a ticket."""
    customer = Customer(id=uuid7(now), name="Ana", created_at=now, updated_at=now)
    row = said(customer.id, now, state=State.QUEUED)
    async with database.unit() as session:
        session.add(customer)
        await session.flush()
        session.add(row)
    return str(row.id)


async def test_senders_are_listed_with_what_they_may_and_what_they_have_spent(quick: Any, database: Database) -> None:
    limits = {"HUB_CHANNELS__MAIL__DAILY_CAP": "100", "HUB_CHANNELS__MAIL__RESERVE": "10"}
    ramped = {"HUB_CHANNELS__SMS__RAMP": '{"start": 20, "days": 3}', "HUB_CHANNELS__SMS__UNIT": "segments"}
    first = await quick.hub("senders", "--json", **limits, **ramped)
    mail, sms, voice = first.json
    assert (mail["cap"], mail["reserve"], mail["used"], mail["ramp_day"]) == (100, 10, 0, None)
    assert (sms["unit"], sms["cap"], sms["ramp_day"], sms["ramp_days"]) == ("segments", 20, 1, 3)
    assert (voice["cap"], voice["pace"], voice["paused_until"], voice["trouble"]) == (None, 1, None, "")
    async with database.unit() as session:
        spent = "day = (clock_timestamp() at time zone zone)::date, used = 95, pace = 0.5"
        await session.execute(text(f"update sender set {spent} where channel = 'mail'"))
        began = "ramp_from = (clock_timestamp() at time zone zone)::date - 1"
        await session.execute(text(f"update sender set {began} where channel = 'sms'"))
        await session.execute(text("update sender set paused_until = '2100-01-01 00:00Z' where channel = 'voice'"))
    told = (await quick.hub("senders", **limits, **ramped)).words
    for words in (
        *("50 messages, slowed to 25", "95 of 100, 10 for people", "campaigns wait for tomorrow"),
        *("0 of 30", "day 2 of 3", "rests until 2100-01-01 00:00:00 UTC"),
    ):
        assert words in told
    assert "1 messages" not in (await quick.hub("senders", HUB_CHANNELS__VOICE__RATE="1")).words
