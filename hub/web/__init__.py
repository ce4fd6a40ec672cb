"""The door for people: pages rendered on the server, refreshed piece by piece."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from hub.bootstrap import Hub
from hub.web import (
    account,
    administration,
    arranging,
    auditing,
    calls,
    campaign_results,
    campaign_steps,
    campaign_trials,
    campaign_writing,
    campaigns,
    canned,
    customer,
    customers,
    feeds,
    files,
    hand_over,
    hours,
    inbox,
    invitations,
    labels,
    live,
    looking,
    macros,
    mailboxes,
    measuring,
    merging,
    occasions,
    outcomes,
    palette,
    parked,
    pictures,
    presence,
    recalling,
    satisfaction,
    searching,
    service_levels,
    sign_in,
    tasks,
    teams,
    uncertain,
    views,
    webhooks,
    writing,
)
from hub.web.limits import BodyLimits
from hub.web.problems import away, install_error_pages
from hub.web.relay import Relay

__all__ = ["BodyLimits", "away", "install_error_pages", "router"]

ROOMS = (
    sign_in,
    live,
    inbox,
    palette,
    searching,
    views,
    arranging,
    writing,
    recalling,
    presence,
    measuring,
    calls,
    customers,
    merging,  # before customer, which takes any word for a customer's id
    customer,
    campaign_writing,
    looking,
    campaign_results,
    campaign_trials,
    campaign_steps,  # before campaigns, which takes any word for a step of its life
    campaigns,
    occasions,
    tasks,
    teams,
    outcomes,
    canned,
    labels,
    macros,
    hours,
    service_levels,
    satisfaction,
    hand_over,
    feeds,
    account,
    administration,
    webhooks,
    auditing,
    mailboxes,
    files,
    invitations,
    parked,
    pictures,
    uncertain,
)


def router(hub: Hub) -> APIRouter:
    """Every page of the desk, for one hub."""

    pace, relay = feeds.Pace(), Relay(hub.live)

    async def give(request: Request) -> None:
        request.state.hub, request.state.pace, request.state.relay = hub, pace, relay
        request.state.heard = relay.now  # what this page is made of holds all that happened until here

    whole = APIRouter(dependencies=[Depends(give)], include_in_schema=False)
    for room in ROOMS:
        whole.include_router(room.router)
    return whole
