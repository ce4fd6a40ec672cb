"""Campaigns: how they stand, and what came of their messages."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import CampaignState
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign

CAMPAIGNS: Mapping[str, Sign] = {
    CampaignState.DRAFT: Sign(N_("draft"), "pencil"),
    CampaignState.SCHEDULED: Sign(N_("scheduled"), "calendar-time"),
    CampaignState.RUNNING: Sign(N_("running"), "player-play", "live"),
    CampaignState.PAUSED: Sign(N_("paused"), "player-pause", "warn"),
    CampaignState.FINISHED: Sign(N_("finished"), "circle-check", "good"),
    CampaignState.CANCELLED: Sign(N_("cancelled"), "x"),
}

RESULTS: Mapping[str, str] = {
    "all": N_("Looked at"),
    "waiting": N_("Waiting"),
    "sent": N_("Sent"),
    "on_its_way": N_("Sent, nothing heard yet"),
    "delivered": N_("Delivered"),
    "opened": N_("Opened"),
    "opened_by_machine": N_("Opened by machines only"),
    "clicked": N_("Clicked"),
    "clicked_by_machine": N_("Clicked by machines only"),
    "answered": N_("Answered"),
    "unsubscribed": N_("Unsubscribed"),
    "bounced": N_("Bounced"),
    "complained": N_("Complained"),
    "missed": N_("Missed calls"),
    "failed": N_("Failed"),
    "unknown": N_("Not known"),
    "withheld": N_("Not sent"),
    "too_late": N_("Too late"),
    "cancelled": N_("Cancelled"),
}

SENT_MEANS = N_("Sent: a provider took it, whatever came of it then. What bounced later is among them.")

DELIVERED_MEANS = N_(
    "Delivered: somebody reported it, as for SMS and calls. Mail is not reported: what did not come back is sent."
)

FAILED_MEANS = N_("Failed: what bounced, and all else that could not be delivered.")
