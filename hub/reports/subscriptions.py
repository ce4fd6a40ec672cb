"""Who gets which report by mail. Whoever may not read it any more gets it no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.models import Interaction, ReportSubscription, Staff
from hub.models.vocabulary import ReportFile, Rhythm, State
from hub.outbound import colleagues
from hub.outbound.asking import Gate
from hub.reports import rhythms
from hub.reports.asked import Narrowed
from hub.reports.parts import PARTS
from hub.sentences import Sentence
from hub.staff import audit
from hub.staff.roles import Action

MOST = 20  # of one person
_WISHED = ("report", "rhythm", "hour", "narrowed", "file")


class NoSuchSubscription(LookupError):
    """It has been stopped, or is somebody else's."""


class SubscriptionProblem(ValueError):
    """This cannot be subscribed to. Says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants to get, from which hour on where they are."""

    report: str
    rhythm: Rhythm
    hour: int
    file: ReportFile
    narrowed: Narrowed


@dataclass(frozen=True, slots=True)
class Listed:
    """One of them, whose it is, and how the latest mail stands; None: none has left yet."""

    row: ReportSubscription
    staff: Staff
    sent_at: datetime | None
    state: State | None

    @property
    def narrowed(self) -> Narrowed:
        return Narrowed(**self.row.narrowed)

    @property
    def due_at(self) -> datetime:
        return rhythms.due_at(self.row.issue_on, self.row.hour, self.staff.timezone)


def needs(report: str) -> tuple[Action, ...]:
    """What a reader of this report has to be allowed. Raises KeyError: there is no such report any more."""
    return tuple(dict.fromkeys((Action.REPORTS, PARTS[report].action)))


async def add(
    session: AsyncSession, staff: Staff, wish: Wish, *, gate: Gate, now: datetime, ip: str = ""
) -> ReportSubscription:
    """The same one again changes nothing. Raises SubscriptionProblem; the caller has looked at the right to read it."""
    row = ReportSubscription(
        staff_id=staff.id or 0,
        report=wish.report,
        rhythm=wish.rhythm,
        hour=wish.hour,
        narrowed=asdict(PARTS[wish.report].only(wish.narrowed)),
        file=wish.file,
        issue_on=rhythms.first(wish.rhythm, wish.hour, staff.timezone, now),
        created_at=now,
    )
    known = next((one for one in await _of(session, row.staff_id) if _same(one, row)), None)
    if known is not None:
        return known
    await _check(session, staff, gate)
    session.add(row)
    await session.flush()
    detail = f"{wish.report}, {wish.rhythm}"
    await audit.write(
        session, "report.subscribe", staff_id=staff.id, subject=_subject(row), detail=detail, ip=ip, now=now
    )
    return row


async def stop(
    session: AsyncSession, number: int, *, by: Staff, others: bool, now: datetime, ip: str = ""
) -> ReportSubscription:
    """`others`: of colleagues too. Raises NoSuchSubscription."""
    row = await session.get(ReportSubscription, number)
    if row is None or not (others or row.staff_id == by.id):
        raise NoSuchSubscription(f"There is no subscription {number}")
    await _end(session, row, f"{row.report}, {row.rhythm}", by=by.id, now=now, ip=ip)
    return row


async def end_lost(session: AsyncSession, *, now: datetime) -> int:
    """Those whose readers do not work here any more, or may not read the report any more; how many."""
    lost = [(row, staff) for row, staff in await _all(session) if not _may(row, staff)]
    for row, staff in lost:
        why = "no right to read it" if staff.active else "the account is switched off"
        await _end(session, row, f"{row.report}, {row.rhythm}: {why}", by=None, now=now)
    return len(lost)


async def due(session: AsyncSession, *, now: datetime) -> list[int]:
    """Those of which an issue has to leave."""
    rows = await _all(session)
    return [row.id or 0 for row, staff in rows if _issue(row, staff, now) is not None and _may(row, staff)]


async def listing(session: AsyncSession, staff_id: int | None = None) -> list[Listed]:
    """Somebody's, or everybody's, by name and age."""
    query = (
        select(ReportSubscription, Staff, col(Interaction.at), col(Interaction.state))
        .join(Staff, col(Staff.id) == col(ReportSubscription.staff_id))
        .outerjoin(Interaction, col(Interaction.id) == col(ReportSubscription.sent_id))
        .order_by(func.lower(Staff.name), col(ReportSubscription.id))
    )
    if staff_id is not None:
        query = query.where(col(ReportSubscription.staff_id) == staff_id)
    return [
        Listed(row, staff, at, State(state) if state else None) for row, staff, at, state in await session.exec(query)
    ]


async def unreachable(session: AsyncSession, addresses: Iterable[str]) -> set[str]:
    """Those that nobody may write to: nothing leaves for them meanwhile."""
    return {one for one in set(addresses) if await colleagues.suppressed(session, one)}


def _issue(row: ReportSubscription, staff: Staff, now: datetime) -> object:
    return rhythms.next_due(row.rhythm, row.issue_on, row.hour, staff.timezone, now)


def _may(row: ReportSubscription, staff: Staff) -> bool:
    return row.report in PARTS and colleagues.allowed(staff, needs(row.report))


def _same(one: ReportSubscription, other: ReportSubscription) -> bool:
    return all(getattr(one, field) == getattr(other, field) for field in _WISHED)


async def _check(session: AsyncSession, staff: Staff, gate: Gate) -> None:
    if not colleagues.channel(gate):
        raise SubscriptionProblem(Sentence("No mail account is set up to send from. Add one to config.toml"))
    if await colleagues.suppressed(session, staff.email):
        gaps = {"address": staff.email}
        raise SubscriptionProblem(
            Sentence("Nobody may write to %(address)s: it is suppressed. Ask for an account with another address", gaps)
        )
    if len(await _of(session, staff.id or 0)) >= MOST:
        raise SubscriptionProblem(
            Sentence("You get %(most)s reports by mail already, which is as many as can be. Stop one", {"most": MOST})
        )


async def _of(session: AsyncSession, staff_id: int) -> list[ReportSubscription]:
    return list(await session.exec(select(ReportSubscription).where(ReportSubscription.staff_id == staff_id)))


async def _all(session: AsyncSession) -> Iterable[tuple[ReportSubscription, Staff]]:
    query = select(ReportSubscription, Staff).join(Staff, col(Staff.id) == col(ReportSubscription.staff_id))
    return (await session.exec(query.order_by(col(ReportSubscription.id)))).all()


async def _end(
    session: AsyncSession, row: ReportSubscription, detail: str, *, by: int | None, now: datetime, ip: str = ""
) -> None:
    await audit.write(session, "report.stop", staff_id=by, subject=_subject(row), detail=detail, ip=ip, now=now)
    await session.delete(row)
    await session.flush()


def _subject(row: ReportSubscription) -> str:
    return f"staff:{row.staff_id}"
