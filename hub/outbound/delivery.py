"""The only place that holds senders: take tickets, talk to providers, hand the outcomes to `settling`."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from channels.adapter import Channel
from channels.errors import Misconfigured, Refused, TryLater, Unknown
from channels.message import Accepted, Attachment, Email, Outbound, Reason
from channels.timing import TimeLimit
from hub import clock
from hub.database.engine import Database
from hub.database.outage import is_away
from hub.database.purity import storable
from hub.models import TemplateVersion
from hub.outbound import drawing, outbox, preparing, sent, settling, weighing, workers
from hub.outbound.asking import Gate
from hub.outbound.asking_again import Doubts
from hub.outbound.drawing import Drawn
from hub.outbound.front import Front
from hub.outbound.outbox import LEASE, Ticket
from hub.outbound.preparing import Ready
from hub.outbound.settling import Outcome
from hub.storage import Missing, Storage, StorageError

_log = structlog.get_logger("delivery")

_FRESH_SECONDS = 0.5  # an opt-out is obeyed within a second: no yes of the gate is older when the wire is reached


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends claimed messages. `send_time` is the longest talk with a provider; `lease` must outlive it.

    `now` is what the gate is asked at. Leases, rates and what is due go by the database's clock, whatever it says.
    """

    database: Database
    channels: Mapping[str, Channel]
    storage: Storage
    gate: Gate
    worker: str
    lease: timedelta = LEASE
    send_time: timedelta = timedelta(seconds=90)
    now: Callable[[], datetime] = clock.now
    versions: dict[int, TemplateVersion] = field(default_factory=dict)
    fronts: dict[str, Front] = field(default_factory=lambda: defaultdict(Front))  # of each channel
    doubts: Doubts = field(init=False)
    limit: TimeLimit = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "doubts", Doubts(self.database, self.gate, self.now))
        object.__setattr__(self, "limit", TimeLimit(self.send_time.total_seconds()))

    async def claim(self, channel: str, limit: int, *, bulk: int | None = None) -> tuple[int, list[Ready]]:
        """Take what may be sent now through this channel: how many tickets, and what of them is to be delivered.

        At most `bulk` of what nobody waits for (None: `limit`).

        When this returns, `sending` is committed; what the gate stopped is settled.
        """
        claimed = time.monotonic()
        tickets = await self._take(channel, limit, bulk)
        return len(tickets), await self.make(channel, tickets, claimed) if tickets else []

    async def draw(self, channel: str, limit: int, *, bulk: int) -> tuple[list[Drawn], list[Ticket], float]:
        """Claim up to so many, `bulk` of which nobody waits for: what is ready ahead of the wire, what `make` has to
        look at, and when that was.

        Nothing of it has begun. A gate that could not be asked now is asked by `make`.
        """
        claimed = time.monotonic()
        tickets = await self._take(channel, limit, bulk)
        if not tickets:
            return [], [], claimed
        try:
            drawn = await drawing.draw(
                self.database,
                tickets,
                self.channels[channel],
                gate=self.gate,
                versions=self.versions,
                claimed=claimed,
                now=self.now(),
            )
        except Exception as e:
            _log.exception("cannot draw ahead, making them one after the other", error=type(e).__name__)
            drawn = []
        early = {one.ready.ticket.id for one in drawn}
        return drawn, [ticket for ticket in tickets if ticket.id not in early], claimed

    async def begin(self, channel: str, drawn: Sequence[Drawn]) -> list[Ready]:
        """`sending` is committed for what this gives. The rest has been stopped meanwhile, and is looked at anew."""
        try:
            begun = await drawing.begin(self.database, drawn, self.channels[channel], now=self.now())
        except Exception as e:
            if is_away(e):
                raise
            _log.exception("cannot begin a batch, going through it one by one", error=type(e).__name__)
            begun = set()
        stopped = [one.ready for one in drawn if one.ready.ticket.id not in begun]
        ready = [one.ready for one in drawn if one.ready.ticket.id in begun]
        return ready + [r for s in stopped for r in await self.make(channel, [s.ticket], s.claimed)]

    async def make(self, channel: str, tickets: Sequence[Ticket], claimed: float) -> list[Ready]:
        """What of these tickets is to be delivered. When this returns, `sending` is committed; what the gate stopped is
        settled."""
        try:
            return await self._prepare(channel, tickets, claimed)
        except Exception as e:
            if is_away(e):
                raise
            _log.exception("cannot prepare a batch, going through it one by one", error=type(e).__name__)
            return [r for t in tickets for r in await self._prepare_one(channel, t, claimed)]

    async def give_back(self, tickets: Sequence[Ticket]) -> None:
        """They were claimed and not begun."""
        async with self.database.unit() as session:
            await outbox.give_back_all(session, tickets)

    async def deliver(self, ready: Ready) -> Outcome:
        """Talk to the provider about one message; no transaction is open meanwhile. Raises nothing but cancellation."""
        started = self.now()
        result = await self._attempt(ready)
        if not isinstance(result, Accepted):  # of those the attempts tell: a line for each costs what sending it costs
            _log.info(
                "delivery",
                interaction=str(ready.ticket.interaction_id),
                channel=ready.channel,
                outcome=type(result).__name__,
                attempt=ready.ticket.attempts,
            )
        only = ready.message.only.value if ready.message.only is not None else ""
        return Outcome(ready.ticket, ready.channel, ready.kind, result, started, self.now(), self.worker, only)

    async def _take(self, channel: str, limit: int, bulk: int | None) -> list[Ticket]:
        front = self.fronts[channel]
        return await outbox.take(
            self.database, channel, limit=limit, bulk=bulk, worker=self.worker, front=front, lease=self.lease
        )

    async def _prepare(self, channel: str, tickets: Sequence[Ticket], claimed: float) -> list[Ready]:
        async with self.database.unit() as session:
            ready = await preparing.prepare(
                session, tickets, self.channels[channel], gate=self.gate, claimed=claimed, now=self.now()
            )
            return await weighing.reckon(session, tickets, ready)

    async def _prepare_one(self, channel: str, ticket: Ticket, claimed: float) -> list[Ready]:
        """One message that cannot be made must not stop those behind it: it fails, visibly, by itself."""
        try:
            return await self._prepare(channel, [ticket], claimed)
        except Exception as e:
            if is_away(e):
                raise  # the database's fault, not the message's: the lease runs out and it is tried again
            cause = Refused(f"it cannot be made: {type(e).__name__}: {e}", reason=Reason.REJECTED, stage="prepare")
            at = self.now()
            await self.settle([Outcome(ticket, channel, self.channels[channel].kind, cause, at, at, self.worker)])
            return []

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        others = await sent.settle(self.database, outcomes, now=self.now())
        if not others:
            return
        async with self.database.unit() as session:
            await settling.settle(session, others, now=self.now())

    async def expire(self) -> int:
        """Decide about tickets whose worker did not come back."""
        async with self.database.unit() as session:
            return await settling.expire(session, now=self.now())

    async def let_go(self, channel: str, held: Collection[int]) -> int:
        """Give back what was claimed for this channel in our name and is not among `held`: we do not know of it."""
        async with self.database.unit() as session:
            return await settling.let_go(session, channel, worker=self.worker, held=held, now=self.now())

    async def bury(self, missed: Set[str]) -> set[str]:
        """Take their tickets from workers that are gone, if they were already `missed`. Gives who is missed now."""
        async with self.database.unit() as session:
            missing = await workers.dead(session)
            await workers.bury(session, missing & missed)
        return missing - missed

    async def _attempt(self, ready: Ready) -> Accepted | TryLater | Refused | Unknown | Misconfigured:
        try:
            message = await self._with_files(ready) if ready.files else ready.message
        except Missing as problem:
            return Refused(str(problem), reason=Reason.REJECTED, stage="attachments")
        except StorageError as problem:
            return TryLater(str(problem), stage="attachments")
        except Exception as e:
            _log.exception("the storage failed", error=type(e).__name__)  # whatever it was, nothing has left
            return TryLater(f"{type(e).__name__}: {e}", stage="attachments")
        if time.monotonic() - ready.claimed > (self.lease - self.send_time).total_seconds():
            # Frozen or starved since the claim: others may own it by the time we would be done.
            return TryLater("the worker was too slow to begin", stage="before", after=timedelta(seconds=1))
        try:
            with self.limit:
                return storable(await self._send(ready, message))
        except (TryLater, Refused, Unknown, Misconfigured) as answer:
            return answer
        except TimeoutError:
            return Unknown(f"no answer within {self.limit.seconds:.0f} seconds", stage="unknown")
        except Exception as e:
            # An adapter broke its promise. Whether bytes left is not known, so nobody may send them again.
            _log.exception("adapter failed", channel=ready.channel, error=type(e).__name__)
            return Unknown(f"{type(e).__name__}: {e}", stage="adapter")

    async def _send(self, ready: Ready, message: Outbound[Any]) -> Accepted:
        """Who waited for a connection is asked about again, so that an opt-out is obeyed within the second (F17)."""
        asked, bulk = ready.asked, ready.ticket.is_bulk
        while True:
            if time.monotonic() > asked + _FRESH_SECONDS:
                if not await self._still(ready):
                    raise TryLater("the gate has changed its mind meanwhile", stage="before", stale=True)
                asked = time.monotonic()
            latest = asked + _FRESH_SECONDS
            now = message.begun(latest, bulk=bulk, still=lambda: self._still(ready))
            try:
                return await self.channels[ready.channel].sender.send(now)
            except TryLater as answer:
                if not answer.stale:
                    raise

    async def _still(self, ready: Ready) -> bool:
        try:
            return await self.doubts.still(ready)
        except Exception as e:
            raise TryLater(f"the gate cannot be asked: {type(e).__name__}", stage="before", stale=True) from e

    async def _with_files(self, ready: Ready) -> Outbound[Any]:
        """An SMS carries links to its files; a mail carries the files."""
        content = ready.message.content
        if not isinstance(content, Email):
            return ready.message
        files = [
            Attachment(f.name, f.media_type, await self.storage.get(f.sha256), f.inline, f.content_id)
            for f in ready.files
        ]
        return replace(ready.message, content=replace(content, attachments=tuple(files)))
