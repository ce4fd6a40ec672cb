"""What customers did with their appointments, as whoever is to see them hears of it: a task, or just a notice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from hub.conversations import tasks
from hub.conversations.short_answers import Choice
from hub.conversations.tasks import NewTask
from hub.customers import directory
from hub.models import Appointment

# Kept in English and by UTC; hub.web.retold says them in the language and by the clock of whoever reads them.
CONFIRMED = "%(name)s confirms: %(title)s, %(when)s"
CANCELLED = "%(name)s cancels: %(title)s, %(when)s"
ANOTHER_TIME = "%(name)s wants another time: %(title)s, %(when)s"
_TITLES: Mapping[Choice, str] = {"confirm": CONFIRMED, "cancel": CANCELLED, "reschedule": ANOTHER_TIME}


async def tell(session: AsyncSession, appointment: Appointment, choice: Choice, *, now: datetime) -> None:
    """Confirmed: its owner is told once, and nothing is to do. Else there is, for its owner or for whoever takes it."""
    if choice == "confirm" and appointment.owner_id is None:
        return
    customer = await directory.get(session, appointment.customer_id)
    when = f"{appointment.starts_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    gaps = {"name": customer.name, "title": appointment.title, "when": when}
    title = tasks.shortened(_TITLES[choice] % gaps + (f" – {appointment.wish}" if appointment.wish else ""))
    new = NewTask(title, customer.id, due_at=now, assignee_id=appointment.owner_id)
    task = await tasks.add(session, new, now=now)
    if choice == "confirm":
        task.done_at, task.notice_at, task.remind_at = now, now, None
    await session.flush()
