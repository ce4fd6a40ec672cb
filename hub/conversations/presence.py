"""Who has a conversation open, and who is typing in it. Nothing is kept: open pages tell each other, by NOTIFY.

A page says `look` or `type` when it opens and every twenty seconds, and `left` when it closes; one that hears of a
newcomer answers. Who was not heard for a while is gone. So there is no table, and a server that stops leaves nobody.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from hub import live

TOPIC = "presence"


class Doing(StrEnum):
    """What somebody does about a conversation."""

    LOOK = "look"
    TYPE = "type"
    LEFT = "left"


async def tell(session: AsyncSession, conversation_id: UUID, staff_id: int, doing: Doing, *, new: bool = False) -> None:
    """Every open page hears it when the transaction commits. `new`: those who are there are asked to say so."""
    asked = {"asks": "1"} if new else {}
    await live.publish(session, TOPIC, conversation=conversation_id, staff=staff_id, doing=doing.value, **asked)
