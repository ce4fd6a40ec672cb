"""What has a day: greetings, events and their guests, appointments."""

from __future__ import annotations

from collections.abc import Mapping

from hub.models.vocabulary import AppointmentState, GuestState, OccasionKind
from hub.occasions import forecast
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)
from hub.web.words.signs import Sign

OCCASIONS: Mapping[str, Sign] = {
    OccasionKind.BIRTHDAY: Sign(N_("birthday"), "cake"),
    OccasionKind.NAME_DAY: Sign(N_("name day"), "sun"),
    OccasionKind.ANNIVERSARY: Sign(N_("anniversary"), "star"),
    OccasionKind.DATE: Sign(N_("a date of theirs"), "calendar"),
    OccasionKind.FESTIVAL: Sign(N_("festival of your own"), "gift"),
    OccasionKind.FEAST: Sign(N_("public feast"), "calendar-event"),
}

GREETINGS: Mapping[str, str] = {  # why somebody is not greeted, beside the gate's reasons
    forecast.SKIPPED: N_("Somebody of yours left this one out."),
    forecast.CROWDED: N_("One greeting a day: another one goes."),
}

GUESTS: Mapping[str, Sign] = {
    GuestState.CHOSEN: Sign(N_("is being asked"), "clock"),
    GuestState.WITHHELD: Sign(N_("not asked: the gate said no"), "ban", "warn"),
    GuestState.INVITED: Sign(N_("invited"), "mail"),
    GuestState.COMING: Sign(N_("comes"), "circle-check", "good"),
    GuestState.WAITING: Sign(N_("on the waiting list"), "hourglass"),
    GuestState.NOT_COMING: Sign(N_("does not come"), "x"),
}

APPOINTMENTS: Mapping[str, Sign] = {
    AppointmentState.PLANNED: Sign(N_("planned"), "calendar"),
    AppointmentState.CONFIRMED: Sign(N_("confirmed by the customer"), "circle-check", "good"),
    AppointmentState.TO_MOVE: Sign(N_("another time wanted"), "clock", "warn"),
    AppointmentState.CANCELLED: Sign(N_("cancelled"), "x", "warn"),
}

REMINDERS: Mapping[int, str] = {  # minutes before
    5: N_("5 minutes before"),
    15: N_("15 minutes before"),
    30: N_("half an hour before"),
    60: N_("an hour before"),
    120: N_("two hours before"),
    1440: N_("a day before"),
    2880: N_("two days before"),
}
