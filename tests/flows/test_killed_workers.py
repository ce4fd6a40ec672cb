"""Workers killed at random lose nothing and double nothing (F1, F2). `tests.bench.kill` is the long version."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

from channels.message import Kind
from channels.sandbox.carrier import Carrier
from channels.sandbox.resources import CompanyNumber
from tests.counting import counting
from tests.killing import CONCURRENCY, Havoc, campaign, company, evenly, look_for_five_minutes, send

SID, TOKEN, NUMBER = "AC" + "0123456789abcdef" * 2, "the sandbox's token", "+48220000000"
QUICK = {"rate": 10_000, "burst": 1_000}
PATIENCE = 900  # a bound for a busy machine, no figure


async def test_a_campaign_by_mail_whose_workers_are_killed_reaches_everybody_once(
    database_url: str, tmp_path: Path
) -> None:
    async with counting() as (counts, port):
        smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
        mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp} | QUICK
        async with company(tmp_path, database_url, {"mail": mail}) as hub:
            number = await campaign(hub, 800, Kind.EMAIL)
            havoc = Havoc(counts.taken.total, evenly(800, 3), random.Random(7))
            killed = await send(hub, tmp_path, number, havoc, workers=2, patience=PATIENCE)
    assert killed.kills == 3
    assert set(killed.states) <= {"sent", "unknown"}
    assert killed.states.total() == 800
    assert killed.lost(counts.taken, "message_id") == []
    assert set(counts.taken.values()) == {1}
    assert killed.states["unknown"] <= killed.kills * CONCURRENCY
    assert killed.doctor == []


async def test_a_campaign_by_sms_whose_workers_are_killed_and_whose_carrier_loses_answers_reaches_everybody_once(
    database_url: str, tmp_path: Path
) -> None:
    carrier = Carrier(SID, TOKEN, [CompanyNumber(NUMBER)], lose_every=20)
    await carrier.start()
    try:
        account = {"account_sid": SID, "auth_token": TOKEN, "base_url": carrier.base_url, "number": NUMBER}
        sms = {"kind": "sms", "provider": "twilio", **account} | QUICK
        async with company(tmp_path, database_url, {"sms": sms}) as hub:
            number = await campaign(hub, 200, Kind.SMS)
            havoc = Havoc(lambda: len(carrier.messages.all), evenly(200, 2), random.Random(7))
            killed = await send(hub, tmp_path, number, havoc, workers=2, patience=PATIENCE)
            later = replace(killed, ends=await look_for_five_minutes(hub))
    finally:
        await carrier.stop()
    taken = Counter(message.recipient for message in carrier.messages.all.values())
    assert killed.kills == 2
    assert killed.states.total() == 200
    assert set(taken.values()) == {1}
    assert {row["recipient"] for row in killed.ends if row["state"] == "queued"} == set()
    assert len(taken) >= 200 - killed.states["unknown"]
    assert (later.unsettled, later.slandered(taken)) == ([], [])  # every one is known within five minutes
    assert {row["state"] for row in later.ends if row["recipient"] not in taken} <= {"unknown", "failed"}
    assert killed.doctor == []
