"""/api/v1/customers/…/suggested-channels: by which channel and when a customer answers."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from hub.api.access import Caller, CustomerReader, CustomerWriter
from hub.api.problems import Endpoint, Problem
from hub.customers import directory, preferences
from hub.interactions import reach_log
from hub.interactions.reaching import Reached, Suggestion
from hub.models import Customer
from hub.models.vocabulary import Kind, Purpose

router = APIRouter(prefix="/customers/{customer_id}/suggested-channels", tags=["Customers"], route_class=Endpoint)
_CHOSEN = "The customer has chosen the channels for {} by themselves"


class SuggestedChannelOut(BaseModel):
    kind: Kind
    tried: int = Field(description="Messages whose three days to be answered are over")
    arrived: int
    answered: int
    rate: float = Field(description="How likely one is answered; with few of their own nearly `general_rate`")
    general_rate: float = Field(description="How likely customers in general answer")
    from_hour: int | None = Field(description="Of their local day; null: no hour stands out")
    until_hour: int | None
    why: str = Field(examples=["4 of 5 answered, best between 17 and 19 o’clock"])

    @classmethod
    def of(cls, one: Reached) -> SuggestedChannelOut:
        hours = one.hours
        return cls(
            kind=one.kind,
            tried=one.tried,
            arrived=one.arrived,
            answered=one.answered,
            rate=round(one.rate.mean, 4),
            general_rate=round(one.general, 4),
            from_hour=hours.begins if hours else None,
            until_hour=hours.ends if hours else None,
            why=str(one.why),
        )


class SuggestedChannelsOut(BaseModel):
    channels: list[SuggestedChannelOut] = Field(description="Best first")
    learnt: bool = Field(description="false: nothing speaks surely against the usual order, which this then is")
    ranked_by: dict[Purpose, Literal["customer", "suggestion", "usual"]] = Field(
        description="Whose order counts now, for each purpose"
    )


@router.get("")
async def suggest_channels(caller: CustomerReader, customer_id: UUID) -> SuggestedChannelsOut:
    """By which channel, and at which hour, they answer best, with the reasons."""
    async with caller.hub.database.unit() as session:
        found = await _suggestion(session, caller, await directory.get(session, customer_id))
        ranked = await preferences.rankings(session, customer_id)
        ours = await preferences.suggested(session, customer_id)
        await _note(session, caller, "customer.read", customer_id)
    whose = {purpose: _ranked_by(purpose in ranked, purpose in ours) for purpose in Purpose}
    channels = [SuggestedChannelOut.of(one) for one in found.channels]
    return SuggestedChannelsOut(channels=channels, learnt=found.learnt, ranked_by=whose)


@router.put("/{purpose}", status_code=204)
async def take_over_suggestion(caller: CustomerWriter, customer_id: UUID, purpose: Purpose) -> Response:
    """Rank as it is suggested. 409 where the customer chose by themselves, or nothing is known of them."""
    async with caller.hub.database.unit() as session:
        found = await _suggestion(session, caller, await directory.get(session, customer_id))
        if not found.known:
            raise Problem(409, "Suggestion", "Nothing was sent to this customer yet", remedy="Ask again later")
        if not await preferences.take_over(session, customer_id, purpose, found.kinds, now=caller.now):
            put = "Use PUT …/preferences/{purpose} when they say otherwise"
            raise Problem(409, "Suggestion", _CHOSEN.format(purpose.value), remedy=put)
        await _note(session, caller, "customer.ranking.suggested", customer_id, f"{purpose} {' '.join(found.kinds)}")
    return Response(status_code=204)


def _ranked_by(ranked: bool, ours: bool) -> Literal["customer", "suggestion", "usual"]:
    if ours:
        return "suggestion"
    return "customer" if ranked else "usual"


async def _suggestion(session: Any, caller: Caller, customer: Customer) -> Suggestion:
    settings = caller.hub.settings
    usual, zone = settings.gate.default_ranking, settings.hub.timezone
    return await reach_log.of(session, customer, usual, company_zone=zone, now=caller.now)


async def _note(session: Any, caller: Caller, action: str, customer_id: UUID, detail: str = "") -> None:
    await caller.note(session, action, subject=f"customer:{customer_id}", detail=detail)
