"""What one customer would get, exactly: every channel's words, the language they are in, and the gate's answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.campaigns import learning, lifecycle
from hub.campaigns.costs import Measure, measure
from hub.campaigns.portions import request_for
from hub.customers import directory
from hub.models import Campaign, Customer, DryRunLine, TemplateVersion
from hub.models.vocabulary import Kind
from hub.outbound import faults, planning, rendering, trial
from hub.outbound.question import Decision, Learnt
from hub.outbound.rendering import Rendered, TemplateProblem
from hub.outbound.request import Gate
from hub.segments import asking
from hub.sentences import Sentence
from hub.texts.previews import HARMLESS, NothingToTry

__all__ = ["HARMLESS", "NothingToTry", "Preview", "Said", "preview", "send_test", "somebody"]


@dataclass(frozen=True, slots=True)
class Said:
    """One channel's words for one customer. `problem`: why there are none; `measure`: of an SMS."""

    kind: Kind
    rendered: Rendered | None
    problem: Sentence | None = None
    measure: Measure | None = None
    fallback: bool = False  # the customer's own language has no text


@dataclass(frozen=True, slots=True)
class Preview:
    customer_id: UUID
    name: str
    language: str
    decision: Decision
    words: tuple[Said, ...]
    best_from: datetime | None = None  # it waits for the hour at which they answer

    def of(self, kind: Kind) -> Said | None:
        return next((said for said in self.words if said.kind is kind), None)


async def preview(session: AsyncSession, campaign_id: int, customer_id: UUID, *, gate: Gate, now: datetime) -> Preview:
    """Writes nothing. Raises lifecycle.NotFound, hub.customers.directory.NotFound; LookupError without a template."""
    campaign = await lifecycle.get(session, campaign_id)
    customer = await directory.get(session, customer_id)
    known = await learning.look(session, campaign, [customer_id], gate=gate, now=now)
    learnt = learning.told(known)
    request = request_for(campaign, customer_id, None if learnt is None else learnt.get(customer_id, Learnt()))
    (plan,) = await planning.plans(session, [request], gate=gate, now=now)
    words = await _words(session, campaign, customer, gate, now)
    waits = await learning.hours(session, campaign, known, gate=gate, now=now)
    return Preview(customer.id, customer.name, customer.language, plan.decision, words, waits.get(customer_id))


async def somebody(session: AsyncSession, campaign: Campaign, *, now: datetime) -> UUID | None:
    """Who would get it, by the dry run; without one the first of the segment. None: nobody is meant."""
    reached = select(DryRunLine.customer_id).where(
        col(DryRunLine.campaign_id) == campaign.id, col(DryRunLine.reason) == ""
    )
    found = (await session.exec(reached.order_by(col(DryRunLine.customer_id)).limit(1))).first()
    if found is not None:
        return found
    meant = await asking.where(session, campaign.segment, now=now)
    first = await asking.slice_after(session, meant, None, limit=1)
    return next(iter(first), None)


async def send_test(
    session: AsyncSession,
    campaign_id: int,
    customer_id: UUID,
    kind: Kind,
    to: str,
    *,
    staff_id: int,
    gate: Gate,
    country: str,
    most: int,
    now: datetime,
) -> UUID:
    """What this customer would get, sent to an address of ours. Counts for nothing; its links do nothing.

    Raises lifecycle.NotFound, directory.NotFound, NothingToTry, channels.address.BadAddress, trial.NotForTests.
    """
    campaign = await lifecycle.get(session, campaign_id)
    customer = await directory.get(session, customer_id)
    said = next((one for one in await _words(session, campaign, customer, gate, now) if one.kind is kind), None)
    if said is None or said.rendered is None:
        nothing = Sentence("There is no text for this (%(channel)s)", {"channel": faults.CHANNELS[kind]})
        raise NothingToTry((said.problem if said else None) or nothing)
    return await trial.send(
        session,
        said.rendered,
        kind,
        to,
        customer_id=customer.id,
        staff_id=staff_id,
        gate=gate,
        country=country,
        most=most,
        now=now,
    )


async def _words(
    session: AsyncSession, campaign: Campaign, customer: Customer, gate: Gate, now: datetime
) -> tuple[Said, ...]:
    version = await session.get(TemplateVersion, campaign.template_version_id or 0)
    if version is None:
        raise LookupError(f"“{campaign.name}” has no template. Choose one")
    values = planning.values(gate, customer, campaign.purpose, Kind.EMAIL, campaign.variables, now=now)
    values["preferences_url"] = f"{gate.public_url}/p/{HARMLESS}"
    if "unsubscribe_url" in values:
        values["unsubscribe_url"] = f"{gate.public_url}/u/{HARMLESS}"
    kinds = rendering.kinds(version.variants, customer.language, gate.default_language)
    asked = [kind for kind in Kind if kind in kinds and (not campaign.kinds or kind.value in campaign.kinds)]
    return tuple(_said(version, kind, customer.language, gate.default_language, values) for kind in asked)


def _said(version: TemplateVersion, kind: Kind, language: str, fallback: str, values: dict[str, object]) -> Said:
    try:
        found = rendering.render(version.variants, kind, language, fallback, values, name="template")
    except TemplateProblem as problem:
        return Said(kind, None, problem.said)
    length = measure(found.text) if kind is Kind.SMS else None
    return Said(kind, found, measure=length, fallback=found.language != language)
