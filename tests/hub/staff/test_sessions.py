"""Signing in: what opens the door, what closes it, and what slows down those who try keys (ASVS 6.3.1, 7.2.4, 7.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from hub.database.engine import Database
from hub.models import Audit, Staff, StaffSession
from hub.staff import accounts, sessions, throttle
from hub.staff.sessions import SignedIn, TooManyTries, WrongPassword

Hire = Callable[..., Awaitable[Staff]]
PASSWORD = "meadow gate 7"
IP = "203.0.113.9"


async def _sign_in(
    database: Database, now: datetime, email: str = "ana@meadow.example", password: str = PASSWORD, ip: str = IP
) -> SignedIn:
    return await sessions.sign_in(database, email, password, ip=ip, now=now)


async def _whose(database: Database, cookie: str, now: datetime) -> str | None:
    async with database.unit() as session:
        found = await sessions.find(session, cookie, now=now)
    return found.staff.name if found else None


async def test_the_right_password_opens_a_session_of_which_only_a_hash_is_stored(
    hire: Hire, database: Database, now: datetime
) -> None:
    await hire("ana")
    cookie = (await _sign_in(database, now, " Ana@MEADOW.example ")).cookie
    assert await _whose(database, cookie, now) == "Ana"
    async with database.unit() as session:
        row = (await session.exec(select(StaffSession))).one()
    assert cookie not in row.token_hash + row.csrf
    assert len(cookie) >= 43  # 256 bits


async def test_every_sign_in_is_a_new_session(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    assert (await _sign_in(database, now)).cookie != (await _sign_in(database, now)).cookie


_WRONG = [
    ("ana@meadow.example", "meadow gate 8"),
    ("nobody@meadow.example", PASSWORD),
    ("' or 1=1 --", PASSWORD),
    ("\x00\ud800", "\x00\ud800"),
    ("ana@meadow.example", "x" * 100_000),
    ("", ""),
]


async def test_everything_else_is_wrong_in_the_same_words(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    for email, password in _WRONG:
        with pytest.raises(WrongPassword, match="do not belong together"):
            await _sign_in(database, now, email, password)


async def test_a_switched_off_account_opens_nothing_and_loses_its_sessions(
    hire: Hire, database: Database, now: datetime
) -> None:
    ana = await hire("ana")
    cookie = (await _sign_in(database, now)).cookie
    async with database.unit() as session:
        await accounts.deactivate(session, ana.id or 0, now=now)
    assert await _whose(database, cookie, now) is None
    with pytest.raises(WrongPassword):
        await _sign_in(database, now)
    async with database.unit() as session:
        await accounts.activate(session, ana.id or 0, now=now)
    assert await _whose(database, cookie, now) is None


async def test_a_new_password_ends_every_session(hire: Hire, database: Database, now: datetime) -> None:
    """Class of CVE-2026-34828: sessions outlive a password change."""
    ana = await hire("ana")
    cookies = [(await _sign_in(database, now)).cookie for _ in range(2)]
    async with database.unit() as session:
        await accounts.change_password(session, ana.id or 0, "another gate 8", now=now)
    assert [await _whose(database, c, now) for c in cookies] == [None, None]
    assert (await _sign_in(database, now, password="another gate 8")).staff.name == "Ana"


async def test_signing_out_ends_this_session_only(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    here, there = [(await _sign_in(database, now)).cookie for _ in range(2)]
    async with database.unit() as session:
        await sessions.sign_out(session, here)
        await sessions.sign_out(session, "no such cookie")
    assert [await _whose(database, c, now) for c in (here, there)] == [None, "Ana"]


async def test_twelve_idle_hours_end_a_session_and_work_keeps_it(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    cookie = (await _sign_in(database, now)).cookie
    almost = timedelta(hours=11, minutes=59)
    assert await _whose(database, cookie, now + almost) == "Ana"
    assert await _whose(database, cookie, now + 2 * almost) == "Ana"
    assert await _whose(database, cookie, now + 2 * almost + timedelta(hours=12)) is None


async def test_fourteen_days_end_a_session_however_busy(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    cookie = (await _sign_in(database, now)).cookie
    for step in range(1, 31):
        await _whose(database, cookie, now + step * timedelta(hours=11))
    assert await _whose(database, cookie, now + timedelta(days=13, hours=23)) == "Ana"
    assert await _whose(database, cookie, now + timedelta(days=14)) is None


async def test_a_made_up_cookie_is_nobody(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    await _sign_in(database, now)
    made_up = ["", "x", "\x00", "\ud800", "' or ''='", "0" * 100_000]
    assert [await _whose(database, cookie, now) for cookie in made_up] == [None] * 6


async def test_the_csrf_token_belongs_to_one_session(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    cookies = [(await _sign_in(database, now)).cookie for _ in range(2)]
    async with database.unit() as session:
        first, second = [await sessions.find(session, c, now=now) for c in cookies]
    assert first
    assert second
    assert sessions.csrf_holds(first, first.csrf)
    assert not sessions.csrf_holds(first, second.csrf)
    assert not sessions.csrf_holds(first, "")


async def test_after_five_failures_even_the_right_password_has_to_wait(
    hire: Hire, database: Database, now: datetime
) -> None:
    await hire("ana")
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await _sign_in(database, now, password="wrong wrong")
    with pytest.raises(TooManyTries, match="Wait 15 seconds") as caught:
        await _sign_in(database, now)
    later = now + caught.value.after
    assert (await _sign_in(database, later)).staff.name == "Ana"
    for _ in range(4):
        with pytest.raises(WrongPassword):
            await _sign_in(database, later, password="wrong wrong")
    assert (await _sign_in(database, later)).staff.name == "Ana"  # the success before wiped the slate


async def test_the_delay_grows_and_has_an_end() -> None:
    waits = [throttle.delay(failures, 5).total_seconds() for failures in (4, 5, 6, 7, 12, 1000)]
    assert waits == [0, 15, 30, 60, 900, 900]


async def test_unknown_accounts_are_throttled_like_known_ones(database: Database, now: datetime) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await _sign_in(database, now, "nobody@meadow.example")
    with pytest.raises(TooManyTries):
        await _sign_in(database, now, "nobody@meadow.example")


async def test_another_spelling_of_the_address_is_no_other_account_to_guess_at(
    hire: Hire, database: Database, now: datetime
) -> None:
    await hire("ana")
    spellings = ["ana@mea" + "\u00ad" * n + "dow.example" for n in range(1, 6)]  # soft hyphens vanish in a domain name
    for n, spelling in enumerate(spellings):
        with pytest.raises(WrongPassword):
            await _sign_in(database, now, spelling, "wrong", ip=f"198.51.100.{n}")
    with pytest.raises(TooManyTries):
        await _sign_in(database, now, "ana@meadow\uff0eexample", "wrong", ip="198.51.100.77")


def test_one_ipv6_customer_is_one_address() -> None:
    assert throttle.network("2001:db8:1:2:3::4") == throttle.network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::/64"
    assert throttle.network("203.0.113.9") == "203.0.113.9"
    assert throttle.network("") == ""


async def test_one_address_trying_many_accounts_is_slowed_down(hire: Hire, database: Database, now: datetime) -> None:
    await hire("ana")
    async with database.unit() as session:
        for number in range(sessions.ADDRESS_TRIES):
            await throttle.charge(session, {f"email:{number}": 5, f"ip:{IP}": sessions.ADDRESS_TRIES}, now=now)
    with pytest.raises(TooManyTries):
        await _sign_in(database, now)
    assert (await _sign_in(database, now, ip="198.51.100.1")).staff.name == "Ana"


async def test_guessing_in_parallel_gets_no_more_tries(database: Database, now: datetime) -> None:
    """ASVS 15.4.2: the try is counted before it is made."""
    tries = [_sign_in(database, now, "nobody@meadow.example", "wrong wrong") for _ in range(9)]
    outcomes = [type(o) for o in await asyncio.gather(*tries, return_exceptions=True)]
    assert (outcomes.count(WrongPassword), outcomes.count(TooManyTries)) == (5, 4)


async def test_failures_of_yesterday_no_longer_count(database: Database, now: datetime) -> None:
    with pytest.raises(TooManyTries):
        for _ in range(6):
            async with database.unit() as session:
                await throttle.charge(session, {"email:x": 5}, now=now)
    async with database.unit() as session:
        await throttle.charge(session, {"email:x": 5}, now=now + timedelta(days=1, seconds=1))


async def test_good_and_bad_sign_ins_are_in_the_audit_trail(hire: Hire, database: Database, now: datetime) -> None:
    ana = await hire("ana")
    with pytest.raises(WrongPassword):
        await _sign_in(database, now, password="wrong wrong")
    await _sign_in(database, now)
    async with database.unit() as session:
        rows = (await session.exec(select(Audit).order_by(Audit.id))).all()  # type: ignore[arg-type]
    told = [(r.action, r.staff_id, r.subject, r.ip) for r in rows]
    assert told == [("sign_in.failed", None, f"staff:{ana.id}", IP), ("sign_in", ana.id, f"staff:{ana.id}", IP)]
    assert not any(PASSWORD in r.detail or "wrong wrong" in r.detail for r in rows)
