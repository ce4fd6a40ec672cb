"""What is set up once: roles, templates that are shipped, webhooks, colours."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import DeliveryState, Role
from hub.web.translations import gettext
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign

ROLES: Mapping[str, Sign] = {
    Role.AGENT: Sign(N_("Agent"), "headset"),
    Role.MARKETER: Sign(N_("Marketer"), "speakerphone"),
    Role.SUPERVISOR: Sign(N_("Supervisor"), "users"),
    Role.ADMIN: Sign(N_("Administrator"), "shield"),
}

SWITCHED: Mapping[bool, Sign] = {
    True: Sign(N_("switched on"), "circle-check", "good"),
    False: Sign(N_("switched off"), "player-pause", "warn"),
}

SHIPPED: Mapping[str, str] = {  # templates that come with the hub, as long as nobody gave them another title
    title: title
    for title in (
        *(N_("Acknowledgement"), N_("Anniversary"), N_("Appointment reminder"), N_("Birthday"), N_("Christmas")),
        *(N_("Easter"), N_("Event answer"), N_("Event called off"), N_("Event invitation"), N_("Event reminder")),
        *(N_("Festival"), N_("Name day"), N_("New year"), N_("Satisfaction"), N_("Spring offer"), N_("Welcome")),
    )
}

DELIVERIES: Mapping[str, str] = {
    DeliveryState.WAITING: N_("waits for the next try"),
    DeliveryState.DELIVERED: N_("received"),
    DeliveryState.FAILED: N_("given up"),
}

COLOURS: Mapping[str, str] = {
    "grey": N_("grey"),
    "blue": N_("blue"),
    "teal": N_("teal"),
    "green": N_("green"),
    "yellow": N_("yellow"),
    "orange": N_("orange"),
    "red": N_("red"),
    "pink": N_("pink"),
    "purple": N_("purple"),
}


def template_called(title: str) -> str:
    return gettext(SHIPPED[title]) if title in SHIPPED else title
