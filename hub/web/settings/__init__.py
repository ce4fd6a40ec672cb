"""How the hub is set up: people and their rights, hours and promises, channels, what customers may sign up for."""

from __future__ import annotations

from hub.web.settings import (
    account,
    administration,
    auditing,
    branding,
    channels,
    hand_over,
    hours,
    mailboxes,
    outcomes,
    parked,
    person,
    roles,
    service_levels,
    sign_up_forms,
    teams,
    topics,
    webhooks,
)

PAGES = (
    teams,
    outcomes,
    hours,
    service_levels,
    hand_over,
    account,
    administration,
    person,
    branding,
    roles,
    channels,
    webhooks,
    auditing,
    mailboxes,
    topics,
    sign_up_forms,
    parked,
)
