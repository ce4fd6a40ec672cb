"""/api/v1: what other programs read and change, each with a token that acts as its owner."""

from __future__ import annotations

from hub.api.v1 import (
    appointments,
    brand,
    call_lists,
    calls,
    campaign_steps,
    campaigns,
    canned,
    coming,
    composing,
    conversation_work,
    conversations,
    customer_events,
    customers,
    guests,
    hours,
    interactions,
    labels,
    lists,
    macros,
    merges,
    messages,
    occasions,
    personal_data,
    purchases,
    reports,
    search,
    segments,
    service_levels,
    suggested_channels,
    tasks,
    templates,
    together,
    topics,
    uncertain,
    webhook_endpoints,
    work,
)

PARTS = (
    *(customers, suggested_channels, merges, customer_events, purchases, campaigns, campaign_steps, segments, lists),
    *(topics, coming, occasions),  # what is coming is no occasion's number
    *(interactions, conversations, canned, macros, labels, messages, appointments, guests, uncertain),
    *(hours, service_levels, search, conversation_work, composing, together),
    *(work, tasks, calls, call_lists, webhook_endpoints, personal_data, templates, reports, brand),
)
