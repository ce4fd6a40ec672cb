"""Pages for people outside, who have no account: whoever holds a signed link, or wants to sign up."""

from __future__ import annotations

from hub.api.public import (
    appointment_page,
    branded,
    guest_page,
    join,
    links,
    mail_pictures,
    preference_centre,
    surveys,
    unsubscribe,
)

PAGES = (
    unsubscribe,
    preference_centre,
    join,
    appointment_page,
    guest_page,
    branded,
    surveys,
    links,
    mail_pictures,
)
