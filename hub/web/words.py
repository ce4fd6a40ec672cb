"""How the desk names what rows hold: one literal table per closed list, each entry a word, an icon and a tone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from channels.message import Reason
from hub.customers.matching import Field, Grade
from hub.models.vocabulary import (
    AddressKind,
    AppointmentState,
    Assigning,
    CallListState,
    CampaignState,
    ConversationState,
    CopyFate,
    DeliveryState,
    GuestState,
    IdentityState,
    Kind,
    OccasionKind,
    Origin,
    Promised,
    Purpose,
    Rearranged,
    Recalled,
    Role,
    Settled,
    State,
    ThreadedBy,
    Withheld,
)
from hub.occasions import forecast
from hub.web.translations import gettext
from hub.web.translations import marked as N_  # noqa: N812 (the name that extraction looks for)


class Sign(NamedTuple):
    """A word for people, an icon of the sprite, and a tone that the style sheet colours."""

    word: str
    icon: str
    tone: str = "quiet"


STATES: Mapping[str, Sign] = {
    State.RECEIVED: Sign(N_("received"), "arrow-down-left"),
    State.NOTED: Sign(N_("noted"), "note"),
    State.QUEUED: Sign(N_("waiting to leave"), "clock"),
    State.SENDING: Sign(N_("on its way"), "send"),
    State.UNKNOWN: Sign(N_("not known whether it left"), "help-circle", "warn"),
    State.SENT: Sign(N_("sent"), "check"),
    State.RINGING: Sign(N_("ringing"), "phone-call"),
    State.TALKING: Sign(N_("talking"), "phone-call"),
    State.DELIVERED: Sign(N_("delivered"), "checks", "good"),
    State.FAILED: Sign(N_("failed"), "alert-circle", "bad"),
    State.MISSED: Sign(N_("missed"), "phone-off", "warn"),
    State.READ: Sign(N_("read"), "eye-check", "good"),
    State.WITHHELD: Sign(N_("not sent"), "ban", "warn"),
    State.EXPIRED: Sign(N_("too late, not sent"), "clock-off", "warn"),
    State.CANCELLED: Sign(N_("cancelled"), "x"),
}

CALLS: Mapping[str, Sign] = {State.DELIVERED: Sign(N_("answered"), "phone", "good")}

SETTLED: Mapping[str, str] = {
    Settled.CALLED_BACK: N_("called back"),
    Settled.CALLED_AGAIN: N_("called again"),
    Settled.BY_HAND: N_("marked as done"),
}

OUTCOMES: Mapping[str, str] = {  # those that a new hub has; others are shown as they were named
    "Settled": N_("Settled"),
    "Call back later": N_("Call back later"),
    "Passed on to a colleague": N_("Passed on to a colleague"),
    "Wrong number": N_("Wrong number"),
    "Nobody spoke": N_("Nobody spoke"),
    "Spoken with": N_("Spoken with"),  # and what else calls on call lists come to
    "Not reached": N_("Not reached"),
    "Wants no calls": N_("Wants no calls"),
}

SHIPPED: Mapping[str, str] = {  # templates that come with the hub, as long as nobody gave them another title
    title: title
    for title in (
        *(N_("Acknowledgement"), N_("Anniversary"), N_("Appointment reminder"), N_("Birthday"), N_("Christmas")),
        *(N_("Easter"), N_("Event answer"), N_("Event called off"), N_("Event invitation"), N_("Event reminder")),
        *(N_("Festival"), N_("Name day"), N_("New year"), N_("Satisfaction"), N_("Spring offer"), N_("Welcome")),
    )
}

CALL_LISTS: Mapping[str, Sign] = {
    CallListState.OPEN: Sign(N_("being called"), "phone", "live"),
    CallListState.PAUSED: Sign(N_("paused"), "player-pause", "warn"),
    CallListState.CLOSED: Sign(N_("closed"), "circle-check"),
}

CALL_PARTS: Mapping[str, str] = {
    "everybody": N_("On the list"),
    "never_called": N_("Not called yet"),
    "held": N_("With an agent"),
    "again": N_("To be tried again"),
    "call_back": N_("To be called back"),
    "reached": N_("Spoken with"),
    "not_reached": N_("Not reached, tried often enough"),
    "wrong_number": N_("Wrong number"),
    "no_calls": N_("Wants no calls"),
    "left_out": N_("Left out"),
}

WITHHELD: Mapping[str, str] = {
    Withheld.NO_ADDRESS: N_("There is no address for this channel."),
    Withheld.ADDRESS_DEAD: N_("The address does not work any more."),
    Withheld.SUPPRESSED: N_("Nobody may write to this address."),
    Withheld.OPTED_OUT: N_("The customer opted out of this."),
    Withheld.TOPIC_UNWANTED: N_("The customer does not want this topic."),
    Withheld.NO_CONSENT: N_("The customer has not agreed to this."),
    Withheld.COMPLAINED: N_("The customer reported us as unwanted."),
    Withheld.DO_NOT_CONTACT: N_("The customer does not want to be contacted."),
    Withheld.DECEASED: N_("The customer has died."),
    Withheld.PAUSED: N_("The customer asked for a pause."),
    Withheld.COMPLAINT_OPEN: N_("A complaint of the customer's is open: no promotion or greeting until it is settled."),
    Withheld.ANSWER_OVERDUE: N_("The customer waits for an answer of ours: no promotion until it is given."),
    Withheld.DISSATISFIED: N_("The customer is dissatisfied, their card says: no promotion."),
    Withheld.FREQUENCY: N_("The customer already had enough from us this week."),
    Withheld.CHANNEL_UNWANTED: N_("The customer does not want this channel."),
    Withheld.NO_CHANNEL: N_("This channel is not set up."),
    Withheld.NO_TEXT: N_("The message has no text for any allowed channel."),
    Withheld.TEMPLATE_ERROR: N_("The template could not be filled in."),
    Withheld.TOO_LATE: N_("It would have come too late."),
    Withheld.AUTOMATIC_LIMIT: N_("Enough automatic answers were sent here already."),
}

DECIDED: Mapping[str, str] = {
    "left": N_("A colleague decided to leave it: it is not sent again."),
    "not_there": N_("The provider's list does not have it: it did not leave, as far as anybody can tell."),
}

COPIES: Mapping[str, str] = {
    CopyFate.WAITING: N_("The mail server put off the copy to %(address)s: it is tried again by itself."),
    CopyFate.LEFT_OUT: N_("No copy to %(address)s: %(reason)s"),
    CopyFate.REFUSED: N_("The mail server did not take the copy to %(address)s: %(reason)s"),
    CopyFate.FAILED: N_("The copy to %(address)s did not arrive as it should: %(reason)s"),
}

RECALLED: Mapping[str, str] = {
    Recalled.TAKEN_BACK: N_("It was taken back before it left."),
    Recalled.ANSWERED_FIRST: N_("Not sent: the customer wrote or called before it left."),
    Recalled.NO_LONGER_SO: N_("Not sent: the appointment it reminds of was moved or cancelled."),
    Recalled.MERGED: N_("Not sent: two customers were merged, and the same message went to the other address."),
}

FAILED: Mapping[str, str] = {
    Reason.BAD_ADDRESS: N_("The address does not exist. Ask the customer for another one."),
    Reason.WRONG_CHANNEL: N_("This number cannot take such messages. Try another channel."),
    Reason.OPTED_OUT: N_("The customer told the carrier to stop messages from us."),
    Reason.COMPLAINED: N_("The message was reported as unwanted."),
    Reason.BLOCKED: N_("The other side blocked it. Try another channel."),
    Reason.MAILBOX_FULL: N_("The mailbox is full. Try again later or by another channel."),
    Reason.UNREACHABLE: N_("The other side could not be reached for now."),
    Reason.BUSY: N_("The line was busy."),
    Reason.NO_ANSWER: N_("Nobody answered."),
    Reason.CANCELED: N_("It was cancelled."),
    Reason.TOO_LONG: N_("It was too long."),
    Reason.REJECTED: N_("The other side refused what it says or how it is made."),
    Reason.UNKNOWN: N_("The provider gave a reason that is not known here."),
}

KINDS: Mapping[str, Sign] = {
    Kind.EMAIL: Sign(N_("Email"), "mail"),
    Kind.SMS: Sign(N_("SMS"), "message"),
    Kind.VOICE: Sign(N_("Call"), "phone"),
    "note": Sign(N_("Note"), "note"),
}

FOUND: Mapping[str, str] = {
    "customers": N_("Customers"),
    "conversations": N_("Conversations"),
    "messages": N_("Messages"),
}

# What the search understands, shown where nothing is looked for yet.
OPERATORS: tuple[tuple[str, str], ...] = (
    ("from:ana", N_("written by a customer or colleague called so, or with this address; from:me")),
    ("to:ana", N_("written to this customer")),
    ("channel:sms", N_("by email, sms, call, or a note")),
    ("before:2026-03-10", N_("earlier than this day; also 2026-03, yesterday, 7d")),
    ("after:2026-03", N_("from this day on")),
    ("state:open", N_("in conversations that are open, pending, snoozed or resolved")),
    ("label:gold", N_("of customers with this label")),
    ("assigned:me", N_("in conversations of mine, of a colleague or of nobody")),
    ("has:attachment", N_("with a file")),
)

ADDRESS_KINDS: Mapping[str, Sign] = {
    AddressKind.EMAIL: Sign(N_("Email"), "mail"),
    AddressKind.PHONE: Sign(N_("Phone"), "phone"),
}

PURPOSES: Mapping[str, Sign] = {
    Purpose.SERVICE: Sign(N_("Service"), "headset"),
    Purpose.REMINDERS: Sign(N_("Reminders"), "bell"),
    Purpose.GREETINGS: Sign(N_("Greetings"), "cake"),
    Purpose.MARKETING: Sign(N_("Offers"), "speakerphone"),
}

ORIGINS: Mapping[str, Sign] = {
    Origin.CUSTOMER: Sign(N_("customer"), "user"),
    Origin.AGENT: Sign(N_("colleague"), "headset"),
    Origin.CAMPAIGN: Sign(N_("campaign"), "speakerphone"),
    Origin.OCCASION: Sign(N_("greeting"), "cake"),
    Origin.REMINDER: Sign(N_("reminder"), "bell"),
    Origin.API: Sign(N_("program"), "api"),
    Origin.AUTOMATION: Sign(N_("automatic"), "robot"),
    Origin.REPORT: Sign(N_("report"), "chart-bar"),
    Origin.TEST: Sign(N_("test"), "flask"),
}

HEALTH: Mapping[str, Sign] = {
    IdentityState.OK: Sign(N_("works"), "check", "good"),
    IdentityState.SOFT: Sign(N_("bounced lately, still used"), "alert-triangle", "warn"),
    IdentityState.DEAD: Sign(N_("does not work"), "x", "bad"),
    IdentityState.COMPLAINED: Sign(N_("reported us as unwanted"), "ban", "bad"),
}

CONVERSATIONS: Mapping[str, Sign] = {
    ConversationState.OPEN: Sign(N_("open"), "circle-dot"),
    ConversationState.PENDING: Sign(N_("waiting for them"), "clock"),
    ConversationState.SNOOZED: Sign(N_("snoozed"), "zzz"),
    ConversationState.RESOLVED: Sign(N_("resolved"), "circle-check", "good"),
}

SWITCHED: Mapping[bool, Sign] = {
    True: Sign(N_("switched on"), "circle-check", "good"),
    False: Sign(N_("switched off"), "player-pause", "warn"),
}

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

ROLES: Mapping[str, Sign] = {
    Role.AGENT: Sign(N_("Agent"), "headset"),
    Role.MARKETER: Sign(N_("Marketer"), "speakerphone"),
    Role.SUPERVISOR: Sign(N_("Supervisor"), "users"),
    Role.ADMIN: Sign(N_("Administrator"), "shield"),
}

# "In this conversation because …"
THREADED: Mapping[str, str] = {
    ThreadedBy.IN_REPLY_TO: N_("it answers a mail of it"),
    ThreadedBy.REFERENCES: N_("it refers to a mail of it"),
    ThreadedBy.ADDRESS: N_("it came to the answer address of one of our messages"),
    ThreadedBy.SUBJECT: N_("its subject carries the mark of one of our messages"),
    ThreadedBy.CITED: N_("a mail that came before it refers to it, or to the same mail as it does"),
    ThreadedBy.OPEN: N_("it was the customer's open conversation"),
    ThreadedBy.NEW: N_("it began it"),
    ThreadedBy.STRANGER: N_("it refers to another conversation, in which its sender takes no part"),
    ThreadedBy.MOVED: N_("a colleague moved it here"),
    ThreadedBy.SPLIT: N_("a colleague made a conversation of it"),
    ThreadedBy.MERGED: N_("a colleague merged its conversation into this one"),
    ThreadedBy.JOINED: N_("the mail between the two parts came late and joined them"),
}

REARRANGED: Mapping[str, str] = {
    Rearranged.MOVE: N_("Undo the move"),
    Rearranged.SPLIT: N_("Undo the split"),
    Rearranged.MERGE: N_("Undo the merge"),
}

DELIVERIES: Mapping[str, str] = {
    DeliveryState.WAITING: N_("waits for the next try"),
    DeliveryState.DELIVERED: N_("received"),
    DeliveryState.FAILED: N_("given up"),
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

ASSIGNING: Mapping[str, str] = {
    Assigning.BY_HAND: N_("By hand"),
    Assigning.ROUND_ROBIN: N_("One after the other"),
    Assigning.LEAST_BUSY: N_("To whoever has the fewest"),
}

PROMISES: Mapping[str, str] = {
    Promised.FIRST: N_("First answer"),
    Promised.NEXT: N_("Next answer"),
    Promised.RESOLUTION: N_("To be settled"),
}

FLAGS = frozenset(
    (
        N_("possible thread"),
        N_("refers to two conversations"),
        N_("wants the answer to go to another customer"),
        N_("same Message-ID, other text"),
        N_("no sender address"),
        N_("may be double"),
        N_("a copy did not arrive"),
        N_("missed call"),
        N_("voicemail"),
    )
)

VIEWS: Mapping[str, Sign] = {
    "mine": Sign(N_("Mine"), "user"),
    "unassigned": Sign(N_("Unassigned"), "inbox"),
    "all": Sign(N_("All open"), "messages"),
    "mentions": Sign(N_("Mentions"), "at"),
    "snoozed": Sign(N_("Snoozed"), "zzz"),
    "late": Sign(N_("Late"), "urgent"),
    "resolved": Sign(N_("Resolved"), "circle-check"),
}

# How two cards agree, field by field, and what can be chosen between them.
MATCHED: Mapping[str, str] = {
    Field.NAME: N_("Name"),
    Field.BIRTHDAY: N_("Birthday"),
    Field.STREET: N_("Street"),
    Field.CITY: N_("City"),
    Field.POSTCODE: N_("Postcode"),
    Field.NUMBER: N_("Personal number"),
    Field.PHONE: N_("Phone"),
    Field.EMAIL: N_("Email"),
}
GRADES: Mapping[str, Sign] = {
    Grade.SAME: Sign(N_("same"), "checks", "good"),
    Grade.ALIKE: Sign(N_("alike"), "check", "good"),
    Grade.PARTLY: Sign(N_("partly"), "circle-dot", "warn"),
    Grade.DIFFERS: Sign(N_("differs"), "x", "bad"),
}
CHOICES: Mapping[str, str] = {
    "name": N_("Name"),
    "given_name": N_("Given name"),
    "language": N_("Language"),
    "timezone": N_("Time zone"),
    "country": N_("Country"),
    "birthday": N_("Birthday"),
    "external_id": N_("Number in another system"),
    "owner": N_("Owner"),
    "quiet_hours": N_("Quiet hours of their own"),
}

# Tables as people know them, for what is erased; the rest is told as one sum.
ERASED: Mapping[str, str] = {
    "interaction": N_("Messages, calls and notes"),
    "attachment": N_("Attached files"),
    "raw_message": N_("Mails as they came"),
    "conversation": N_("Conversations"),
    "identity": N_("Addresses and numbers"),
    "consent": N_("Statements in the consent ledger"),
    "task": N_("Tasks"),
    "appointment": N_("Appointments"),
    "draft": N_("Drafts"),
    "survey": N_("Answers about satisfaction"),
}
REST = N_("Everything else that was kept of them")
REMAINS: Mapping[str, str] = {
    "hashes": N_("a salted hash of an address, so that a later import does not write to them again"),
    "campaign_messages": N_("a campaign's message, emptied of all that is theirs, so that its counters stay true"),
    "audit_rows": N_("a row of the audit trail without its details: who did what, and when"),
    "shared_files": N_("a file that somebody else sent or was sent as well"),
    "others": N_("somebody else’s message that named their address: it stays, the address is out of its head"),
    "settings": N_("a segment, view or template that holds their address: look at it yourself"),
}

TONGUES: Mapping[str, str] = {
    "en": N_("English"),
    "pl": N_("Polish"),
    "bg": N_("Bulgarian"),
    "ru": N_("Russian"),
}

UNKNOWN = Sign(N_("unknown"), "help-circle", "warn")


def sign(table: Mapping[str, Sign], word: str) -> Sign:
    """The entry of a word; one that is not in the table is shown as it is, never hidden."""
    return table.get(word) or UNKNOWN._replace(word=word or UNKNOWN.word)


def template_called(title: str) -> str:
    return gettext(SHIPPED[title]) if title in SHIPPED else title


def outcome_called(name: str, titles: Mapping[str, str], language: str) -> str:
    """What a call came to, as its reader's language has it: a new hub's own words, and titles of the company's."""
    return titles.get(language) or (gettext(OUTCOMES[name]) if name in OUTCOMES else name)


def outcome(kind: str | None, state: str) -> Sign:
    """The state of a message; a call that came about was answered, not delivered."""
    return (CALLS.get(state) if kind == Kind.VOICE else None) or sign(STATES, state)


def because(word: str) -> str:
    """Why a word stands in its conversation; an unknown reason is shown as it is."""
    return THREADED.get(word, word)


def why(state: str, reason: str) -> str:
    """The reason of a failed, withheld or left message as a sentence; an unknown word is shown as it is."""
    tables = {State.WITHHELD: WITHHELD, State.UNKNOWN: DECIDED, State.CANCELLED: RECALLED}
    return tables.get(State(state) if state in list(State) else State.FAILED, FAILED).get(reason, reason)


# The titles of hub.segments.fields, marked here so that the catalogues have them.
SEGMENT_FIELDS = (
    N_("Name"),
    N_("Language"),
    N_("Country"),
    N_("Time zone"),
    N_("Label"),
    N_("VIP"),
    N_("Provisional"),
    N_("Age in years"),
    N_("Month of the birthday"),
    N_("Can be reached by"),
    N_("Consent given for"),
    N_("Customer since"),
    N_("Days since the last contact"),
    N_("Days since they wrote or called"),
    N_("Days since a call"),
    N_("Days since they followed a link"),
    N_("Satisfaction in percent"),
    N_("Got the campaign"),
    N_("Followed a link of the campaign"),
    N_("Saved segment"),
)

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
