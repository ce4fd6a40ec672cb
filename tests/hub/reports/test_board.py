"""The board for the wall: what waits, what is late, who is there, at one moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from hub.clock import uuid7
from hub.customers import directory
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models import Conversation, Staff, StaffSession
from hub.models.vocabulary import ConversationState, Kind, Origin, Role, State
from hub.reports import board
from hub.reports.board import Board
from tests.log_rows import heard, said

HOUR = timedelta(hours=1)


async def test_the_board_counts_what_waits_what_is_late_and_who_is_there(database: Database, now: datetime) -> None:
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        ada = (await directory.create(session, directory.NewCustomer("Ada"), now=now)).id
        session.add_all(
            [
                _talk(ada, now - 3 * HOUR, heard_at=now - 3 * HOUR, due_at=now + HOUR / 4),
                _talk(ada, now - HOUR, heard_at=now - HOUR, due_at=now - HOUR / 2),
                _talk(ada, now, heard_at=now - HOUR),  # answered
                _talk(ada, now - HOUR, heard_at=now - HOUR, state=ConversationState.RESOLVED),
                heard(ada, now - HOUR),
                heard(ada, now - 48 * HOUR),
                said(ada, now - HOUR),
                said(ada, now - HOUR, state=State.WITHHELD),
                said(ada, now - HOUR, origin=Origin.TEST),
            ]
        )
        for name, away, lately in (("Olga", False, True), ("Ivan", True, True), ("Petar", False, False)):
            email = f"{name.lower()}@x.example"
            session.add(
                who := Staff(name=name, email=email, role=Role.AGENT, away=away, password_hash="x", created_at=now)
            )
            await session.flush()
            seen = now - timedelta(minutes=1 if lately else 20)
            times = {"created_at": seen, "seen_at": seen, "expires_at": now + HOUR}
            session.add(StaffSession(token_hash=name, staff_id=who.id or 0, csrf="x", **times))
    async with database.unit() as session:
        found = await board.board(session, today=now.date(), zone="UTC", now=now)
    assert found == Board(
        waiting=2,
        longest=now - 3 * HOUR,
        about_to_break=1,
        broken=1,
        calls=0,
        talking=0,
        received=1,
        sent=1,
        there=("Olga",),
    )


def _talk(
    customer_id: UUID,
    last_at: datetime,
    *,
    heard_at: datetime,
    due_at: datetime | None = None,
    state: ConversationState = ConversationState.OPEN,
) -> Conversation:
    return Conversation(
        id=uuid7(last_at),
        customer_id=customer_id,
        kind=Kind.EMAIL,
        state=state,
        created_at=heard_at,
        last_at=last_at,
        last_inbound_at=heard_at,
        due_at=due_at,
    )
