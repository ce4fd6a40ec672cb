"""API tokens, and the table of who may do what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest
from sqlmodel import select

from hub.database.engine import Database
from hub.models import ApiToken, Staff
from hub.models.vocabulary import Role
from hub.staff import accounts, tokens
from hub.staff.roles import Action, may

Hire = Callable[..., Awaitable[Staff]]


async def _issue(database: Database, staff: Staff, now: datetime) -> tokens.Issued:
    async with database.unit() as session:
        return await tokens.issue(session, staff_id=staff.id or 0, name="the shop", now=now)


async def _whose(database: Database, token: str, now: datetime) -> str | None:
    async with database.unit() as session:
        bearer = await tokens.find(session, token, now=now)
    return bearer.staff.name if bearer else None


async def test_a_token_acts_as_its_owner_and_only_its_hash_is_stored(
    hire: Hire, database: Database, now: datetime
) -> None:
    issued = await _issue(database, await hire("ana"), now)
    assert await _whose(database, issued.token, now) == "Ana"
    async with database.unit() as session:
        row = (await session.exec(select(ApiToken))).one()
    assert issued.token not in (row.token_hash, row.name)
    assert row.used_at == now
    assert issued.token not in repr(issued)


async def test_a_token_off_by_one_sign_is_nobodys(hire: Hire, database: Database, now: datetime) -> None:
    token = (await _issue(database, await hire("ana"), now)).token
    wrong = [token[:-1] + ("a" if token[-1] != "a" else "b"), token.swapcase(), token[:-1], token + " ", "", "\x00"]
    assert [await _whose(database, t, now) for t in wrong] == [None] * 6


async def test_a_revoked_token_and_a_switched_off_owner_open_nothing(
    hire: Hire, database: Database, now: datetime
) -> None:
    ana = await hire("ana")
    first, second = await _issue(database, ana, now), await _issue(database, ana, now)
    async with database.unit() as session:
        await tokens.revoke(session, first.id, by=ana.id, now=now)
        await tokens.revoke(session, first.id, by=ana.id, now=now)
    assert [await _whose(database, t.token, now) for t in (first, second)] == [None, "Ana"]
    async with database.unit() as session:
        await accounts.deactivate(session, ana.id or 0, now=now)
    assert await _whose(database, second.token, now) is None


async def test_revoking_what_is_not_there_says_so(database: Database, now: datetime) -> None:
    with pytest.raises(tokens.NotFound, match="no token 7"):
        async with database.unit() as session:
            await tokens.revoke(session, 7, by=None, now=now)


def test_the_roles_may_do_what_their_work_asks_for_and_no_more() -> None:
    allowed = {role: {action for action in Action if may(role, action)} for role in Role}
    desk = {
        Action.READ_CUSTOMERS, Action.WRITE_CUSTOMERS, Action.RECORD_CONSENT, Action.READ_INBOX, Action.ANSWER,
        Action.CALL, Action.APPOINTMENTS, Action.MERGE,
    }  # fmt: skip
    marketing = {
        Action.READ_CUSTOMERS, Action.READ_CAMPAIGNS, Action.CAMPAIGNS, Action.OCCASIONS, Action.TEMPLATES,
        Action.REPORTS, Action.IMPORT,
    }  # fmt: skip
    assert allowed == {
        Role.AGENT: desk,
        Role.MARKETER: marketing,
        Role.SUPERVISOR: desk
        | marketing
        | {Action.ASSIGN, Action.TEAMS, Action.CANNED, Action.EXPORT, Action.READ_AUDIT},
        Role.ADMIN: set(Action),
    }
