"""The door for people: pages rendered on the server, refreshed piece by piece."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from hub.bootstrap import Hub
from hub.web import (
    account,
    administration,
    appointments,
    arranging,
    auditing,
    branding,
    calendars,
    call_lists,
    callers,
    calling_lists,
    calls,
    campaign_answers,
    campaign_calendar,
    campaign_results,
    campaign_steps,
    campaign_trials,
    campaign_writing,
    campaigns,
    canned,
    channels,
    consent_proof,
    customer,
    customers,
    erasing,
    feeds,
    files,
    gatherings,
    greeting_rules,
    greetings,
    hand_over,
    handing_over,
    hours,
    inbox,
    invitations,
    labels,
    lists,
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
    purchases,
    reaching,
    recalling,
    report_board,
    report_mails,
    reports,
    roles,
    satisfaction,
    searching,
    segments,
    service_levels,
    sign_in,
    sign_up_forms,
    tasks,
    teams,
    template_editor,
    template_shelf,
    topics,
    uncertain,
    views,
    webhooks,
    writing,
)
from hub.web.limits import BodyLimits
from hub.web.problems import away, install_error_pages
from hub.web.relay import Relay

__all__ = ["ROUTER", "BodyLimits", "away", "install_error_pages", "state"]

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
    callers,
    call_lists,
    calling_lists,
    consent_proof,
    purchases,
    reaching,
    erasing,
    handing_over,
    merging,  # before customer, which takes any word for a customer's id
    customer,
    campaign_writing,
    looking,
    campaign_answers,
    campaign_calendar,
    campaign_results,
    campaign_trials,
    campaign_steps,  # before campaigns, which takes any word for a step of its life
    campaigns,
    greeting_rules,
    greetings,
    lists,
    segments,
    template_editor,
    template_shelf,
    occasions,
    gatherings,
    report_board,
    report_mails,
    reports,
    calendars,  # before appointments, which takes any word for a number
    appointments,
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
    branding,
    roles,
    channels,
    webhooks,
    auditing,
    mailboxes,
    topics,
    sign_up_forms,
    files,
    invitations,
    parked,
    pictures,
    uncertain,
)


async def _begin(request: Request) -> None:
    request.state.heard = request.state.relay.now  # what this page is made of holds all that happened until here


def _router() -> APIRouter:
    whole = APIRouter(dependencies=[Depends(_begin)], include_in_schema=False)
    for room in ROOMS:
        whole.include_router(room.router)
    return whole


ROUTER = _router()
"""Every page of the desk. They ask for what `state` gives."""


def state(hub: Hub) -> dict[str, object]:
    """What the pages find in `request.state`."""
    return {"hub": hub, "pace": feeds.Pace(), "relay": Relay(hub.live)}
