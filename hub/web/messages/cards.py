"""What the desk knows of a customer beside a conversation: addresses, wishes, what is coming."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.conversations import appointments, surveys
from hub.customers import consent, directory, identities, preferences
from hub.gatherings import invitations
from hub.models import Consent, Customer, Identity, Survey
from hub.models.vocabulary import Kind, Purpose
from hub.staff import audit
from hub.web import moments
from hub.web.access import Visit

_SITTING = timedelta(hours=12)  # as long as a page may lie open: then its session is over


@dataclass(frozen=True, slots=True)
class Wish:
    """One line of the consent panel: what counts now for a purpose."""

    purpose: Purpose
    channel: Kind | None
    row: Consent | None

    @property
    def granted(self) -> bool:
        return self.row is not None and self.row.granted

    @property
    def refused(self) -> bool:
        return self.row is not None and not self.row.granted


@dataclass(frozen=True, slots=True)
class Card:
    customer: Customer
    identities: list[Identity]
    ranking: tuple[Kind, ...]  # for service, as it counts
    ranked_by_customer: bool
    suggested: frozenset[Purpose]  # whose ranking is our suggestion
    rankings: dict[Purpose, tuple[Kind, ...]]
    wishes: list[Wish]
    ledger: list[Consent]
    upcoming: list[appointments.Coming]
    events: list[invitations.Invited]
    satisfaction: Survey | None  # what they said last when they were asked
    local: datetime | None  # what the customer's clock shows

    def reachable(self, kind: Kind) -> bool:
        return identities.best(self.identities, kind) is not None

    @property
    def preferred(self) -> Kind | None:
        """The best-ranked channel that has an address and that the customer has not refused for service."""
        return next((kind for kind in self.ranking if self.reachable(kind) and not self._refused(kind)), None)

    def _refused(self, kind: Kind) -> bool:
        row = consent.standing(self.ledger, Purpose.SERVICE, kind)
        return row is not None and not row.granted


async def read(session: Any, visit: Visit, customer_id: UUID, *, anew: bool) -> None:
    """Into the audit trail. Not `anew`: a piece of a page, which is no reading of its own where this person has read
    the card lately. Whoever asks for pieces alone has not, and is noted.
    """
    subject, since = f"customer:{customer_id}", visit.now - _SITTING
    if anew or not await audit.lately(session, "customer.read", staff_id=visit.staff_id, subject=subject, since=since):
        await visit.note(session, "customer.read", subject=subject)


async def card(session: Any, customer_id: UUID, visit: Visit) -> Card:
    """Raises customers.directory.NotFound."""
    customer = await directory.get(session, customer_id)
    rankings = dict(await preferences.rankings(session, customer_id))
    suggested = await preferences.suggested(session, customer_id)
    ledger = await consent.ledger(session, customer_id)
    upcoming = await appointments.upcoming(session, customer_id=customer_id, now=visit.now)
    return Card(
        customer=customer,
        identities=await identities.of(session, customer_id),
        ranking=rankings.get(Purpose.SERVICE) or visit.hub.settings.gate.default_ranking,
        ranked_by_customer=Purpose.SERVICE in rankings and Purpose.SERVICE not in suggested,
        suggested=suggested,
        rankings=rankings,
        wishes=wishes(ledger),
        ledger=ledger,
        upcoming=upcoming,
        events=await invitations.of(session, customer_id, now=visit.now),
        satisfaction=await surveys.latest(session, customer_id),
        local=visit.now.astimezone(moments.zone(customer.timezone)) if customer.timezone else None,
    )


def wishes(ledger: list[Consent]) -> list[Wish]:
    """What counts now: one line a purpose, or one per channel where these differ. Of what needs no consent the refused
    alone: who was never asked gets it."""
    every = [wish for purpose in Purpose for wish in _of_purpose(ledger, purpose)]
    return [wish for wish in every if wish.purpose.needs_consent or wish.refused]


def _of_purpose(ledger: list[Consent], purpose: Purpose) -> list[Wish]:
    by_kind = [Wish(purpose, kind, consent.standing(ledger, purpose, kind)) for kind in Kind]
    if len({wish.granted for wish in by_kind}) == 1 and len({id(wish.row) for wish in by_kind}) == 1:
        return [Wish(purpose, None, by_kind[0].row)]
    return by_kind
