"""The door for programs: the JSON API, providers' webhooks, customers' public links, and what machines ask about us."""

from __future__ import annotations

from fastapi import APIRouter

from hub.api import (
    appointment_page,
    appointments,
    brand,
    branded,
    call_lists,
    calls,
    campaign_steps,
    campaigns,
    canned,
    composing,
    conversation_work,
    conversations,
    customer_events,
    customers,
    files,
    guest_page,
    guests,
    health,
    hours,
    interactions,
    join,
    labels,
    links,
    lists,
    macros,
    mail_pictures,
    merges,
    messages,
    occasions,
    personal_data,
    plain,
    preference_centre,
    purchases,
    reference,
    reports,
    search,
    segments,
    service_levels,
    suggested_channels,
    surveys,
    tasks,
    templates,
    together,
    topics,
    uncertain,
    unsubscribe,
    webhook_endpoints,
    work,
)
from hub.api.meters import Meters
from hub.api.problems import install_error_pages
from hub.api.webhooks import Webhooks
from hub.bootstrap import Hub

__all__ = ["ROUTER", "Webhooks", "install_error_pages", "state"]

_VERSION_1 = (
    *(customers, suggested_channels, merges, customer_events, purchases, campaigns, campaign_steps, segments, lists),
    *(topics, occasions),
    *(interactions, conversations, canned, macros, labels, messages, appointments, guests, uncertain),
    *(hours, service_levels, search, conversation_work, composing, together),
    *(work, tasks, calls, call_lists, webhook_endpoints, personal_data, templates, reports, brand),
)
_PUBLIC = (
    unsubscribe,
    preference_centre,
    join,
    appointment_page,
    guest_page,
    branded,
    suggested_channels,
    surveys,
    links,
    mail_pictures,
    files,
    health,
    plain,
)


def _router() -> APIRouter:
    version_1 = APIRouter(prefix="/api/v1")
    for part in _VERSION_1:
        version_1.include_router(part.router)
    whole = APIRouter()
    for open_part in _PUBLIC:
        whole.include_router(open_part.router)
    whole.include_router(version_1)
    whole.include_router(reference.router(version_1))
    return whole


ROUTER = _router()
"""Every address for programs and customers. They ask for what `state` gives."""


def state(hub: Hub) -> dict[str, object]:
    """What the addresses find in `request.state`."""
    return {"hub": hub, "meters": Meters(), "readiness": health.Readiness()}
