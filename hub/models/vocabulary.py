"""The closed lists of words that rows may hold. Each member has one meaning; an unknown word fails on reading."""

from __future__ import annotations

from enum import StrEnum

from channels.message import Kind

__all__ = ["Kind"]  # the channels' word, used all over the hub


class AddressKind(StrEnum):
    EMAIL = "email"
    PHONE = "phone"

    @classmethod
    def of(cls, kind: Kind) -> AddressKind:
        """Which kind of address a channel kind needs."""
        return cls.EMAIL if kind is Kind.EMAIL else cls.PHONE


class IdentityState(StrEnum):
    OK = "ok"
    SOFT = "soft"  # soft bounces lately, still used
    DEAD = "dead"  # hard bounce, or too many soft ones: never used until somebody mends it
    COMPLAINED = "complained"  # no marketing, ever


class Unit(StrEnum):
    """What a sender's rate and its day's cap count."""

    MESSAGES = "messages"
    SEGMENTS = "segments"  # of SMS: what carriers bill and limit


class Purpose(StrEnum):
    """Why the company writes. Consent, preferences and the promise of delivery hang on it."""

    SERVICE = "service"  # answers and what the customer asked for; at least once
    REMINDERS = "reminders"
    GREETINGS = "greetings"
    MARKETING = "marketing"  # at most once

    @property
    def needs_consent(self) -> bool:
        return self in (Purpose.MARKETING, Purpose.GREETINGS)

    @property
    def may_be_sent_again(self) -> bool:
        """An unknown outcome may be resent (same Message-ID): only service mail."""
        return self is Purpose.SERVICE


class Origin(StrEnum):
    """Who or what caused an interaction."""

    CUSTOMER = "customer"
    AGENT = "agent"
    CAMPAIGN = "campaign"
    OCCASION = "occasion"
    REMINDER = "reminder"
    API = "api"
    AUTOMATION = "automation"
    REPORT = "report"  # to a colleague who subscribed to it; it is for no customer
    TEST = "test"  # a member of staff tries a message out; it is for no customer, whoever's values it shows


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    NOTE = "note"  # between colleagues


class State(StrEnum):
    """Where one interaction stands. `rank` orders outbound states: a row moves only to a higher rank."""

    RECEIVED = "received"
    NOTED = "noted"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"  # it may or may not have left
    SENT = "sent"
    RINGING = "ringing"
    TALKING = "talking"
    DELIVERED = "delivered"
    FAILED = "failed"
    MISSED = "missed"  # a call nobody took
    READ = "read"
    WITHHELD = "withheld"  # the gate said no
    EXPIRED = "expired"  # too late to be of use
    CANCELLED = "cancelled"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {
    State.QUEUED: 0,
    State.SENDING: 1,
    State.UNKNOWN: 2,
    State.RINGING: 3,
    State.SENT: 4,
    State.TALKING: 4,
    State.DELIVERED: 6,
    State.FAILED: 6,
    State.MISSED: 6,
    State.WITHHELD: 6,
    State.EXPIRED: 6,
    State.CANCELLED: 6,
    State.RECEIVED: 6,
    State.NOTED: 6,
    State.READ: 7,
}


class Withheld(StrEnum):
    """Every reason for which the gate can say no. Closed: a new reason is a new member with a test."""

    NO_ADDRESS = "no_address"
    ADDRESS_DEAD = "address_dead"
    SUPPRESSED = "suppressed"
    OPTED_OUT = "opted_out"
    TOPIC_UNWANTED = "topic_unwanted"
    NO_CONSENT = "no_consent"
    COMPLAINED = "complained"
    DO_NOT_CONTACT = "do_not_contact"
    DECEASED = "deceased"
    PAUSED = "paused"
    COMPLAINT_OPEN = "complaint_open"  # nothing promotional while the customer's complaint is not settled
    ANSWER_OVERDUE = "answer_overdue"  # nothing promotional while the customer waits too long for an answer
    DISSATISFIED = "dissatisfied"  # nothing promotional while the customer's card says so
    FREQUENCY = "frequency"
    CHANNEL_UNWANTED = "channel_unwanted"  # the customer's ranking leaves this channel out
    NO_CHANNEL = "no_channel"  # the hub has no such channel configured
    NO_TEXT = "no_text"  # the template has no variant for any channel that is allowed
    TEMPLATE_ERROR = "template_error"
    TOO_LATE = "too_late"
    AUTOMATIC_LIMIT = "automatic_limit"  # the brakes on answers that no person wrote


class ConversationState(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Assigning(StrEnum):
    """How a team's new conversations come to its people."""

    BY_HAND = "by_hand"
    ROUND_ROBIN = "round_robin"  # one after the other
    LEAST_BUSY = "least_busy"  # to whoever has the fewest open ones


class Scale(StrEnum):
    """How customers say how satisfied they are."""

    CSAT = "csat"  # 1 to 5
    NPS = "nps"  # 0 to 10: would they recommend us?

    @property
    def lowest(self) -> int:
        return 1 if self is Scale.CSAT else 0

    @property
    def highest(self) -> int:
        return 5 if self is Scale.CSAT else 10

    def is_low(self, score: int) -> bool:
        """Dissatisfied, or a detractor."""
        return score <= (2 if self is Scale.CSAT else 6)


class OccasionKind(StrEnum):
    """What a greeting is for, the most personal first: of two on one day the first is greeted."""

    BIRTHDAY = "birthday"
    NAME_DAY = "name_day"
    ANNIVERSARY = "anniversary"  # every year after a date of the customer's
    DATE = "date"  # some days before or after a date of the customer's, once
    FESTIVAL = "festival"  # a day of the company's own choice
    FEAST = "feast"  # a day of a country's public calendar


class Promised(StrEnum):
    """What a service level promises a customer."""

    FIRST = "first"  # our first answer in the conversation
    NEXT = "next"  # each later answer
    RESOLUTION = "resolution"  # that the matter is settled


class Recalled(StrEnum):
    """Why a message was cancelled before it left."""

    TAKEN_BACK = "taken_back"  # by a member of staff: the words are a draft again, and no list shows it
    ANSWERED_FIRST = "answered_first"  # the customer wrote or called before the hour it was meant for
    MERGED = "merged"  # its customer turned out to be somebody who gets the same message
    NO_LONGER_SO = "no_longer_so"  # what it reminds of was moved or cancelled


class CopyFate(StrEnum):
    """What became of the copy of a mail."""

    ALONG = "along"  # as far as the mail itself
    WAITING = "waiting"  # the mail server took the mail and put this one off: it is tried again
    LEFT_OUT = "left_out"  # the gate said no, for a reason of Withheld
    REFUSED = "refused"  # the mail server did not take this one; a reason of channels.message.Reason
    FAILED = "failed"  # it came back, or its reader complained; a reason of channels.message.Reason


class ThreadedBy(StrEnum):
    """Why a word stands in its conversation."""

    IN_REPLY_TO = "in-reply-to"  # it answers a mail of it
    REFERENCES = "references"  # it cites a mail of it
    ADDRESS = "address"  # it came to the address that one of our messages carries, signed
    SUBJECT = "subject"  # the signed token of a message of ours stands in its subject
    CITED = "cited"  # a mail that came earlier cites it, or the same one as it does
    OPEN = "open"  # SMS and calls: the customer's conversation that was open
    NEW = "new"  # it leads nowhere and opened its own
    STRANGER = "stranger"  # it leads to a conversation its sender takes no part in, and opened its own
    MOVED = "moved"  # an agent moved it here
    SPLIT = "split"  # an agent made a conversation of it
    MERGED = "merged"  # its conversation was merged into this one
    JOINED = "joined"  # the mail that was missing between two conversations came, and made them one


class Rearranged(StrEnum):
    """What an agent did to conversations."""

    MOVE = "move"  # one message into another conversation
    SPLIT = "split"  # one message, or it and the later ones, into a conversation of their own
    MERGE = "merge"  # a whole conversation into another one


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class CallListState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class CallTurn(StrEnum):
    """Where one person on a call list stands."""

    WAITING = "waiting"
    HELD = "held"  # an agent has them
    DONE = "done"
    LEFT_OUT = "left_out"  # the gate said no


class CallResult(StrEnum):
    """What came of calling somebody on a call list."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    CALL_BACK = "call_back"
    WRONG_NUMBER = "wrong_number"
    NO_CALLS = "no_calls"  # they want none, ever


class Brought(StrEnum):
    """What the rows of a file are that somebody brings in at the desk."""

    CUSTOMERS = "customers"
    PURCHASES = "purchases"


class Outcome(StrEnum):
    """What became of a row of a file."""

    ADDED = "added"
    KNOWN = "known"  # nothing was to be done
    CHANGED = "changed"
    REJECTED = "rejected"


class Touch(StrEnum):
    """What was done with a message."""

    OPEN = "open"  # its picture was fetched
    CLICK = "click"
    TRAP = "trap"  # a link was followed that no person sees


class Ground(StrEnum):
    """Why an open or a click is called a machine's; a proxy's open is a person's as a rule, and marked."""

    TRAP = "trap"  # followed the link that no person sees
    NOT_GET = "not_get"  # asked for the head only
    PREFETCH = "prefetch"  # its browser said that nobody has asked for it yet
    AGENT = "agent"  # its name is a known scanner's, or a program's
    NETWORK = "network"  # from a network whose owner publishes that its scanners work there
    PRIVACY = "privacy"  # Apple's Mail Privacy Protection fetches pictures whether the mail is read or not
    TOO_SOON = "too_soon"  # sooner after the message left than a person reads
    TOGETHER = "together"  # two links of one message within a second
    PROXY = "proxy"  # Google's or Yahoo's proxy: fetched when the mail is opened, for a person


class When(StrEnum):
    """On what a later step of a campaign depends: what became of the customer's message before it."""

    ALWAYS = "always"
    DELIVERED = "delivered"
    NOT_DELIVERED = "not_delivered"
    OPENED = "opened"
    NOT_OPENED = "not_opened"
    CLICKED = "clicked"
    NOT_CLICKED = "not_clicked"
    ANSWERED = "answered"
    NO_REACTION = "no_reaction"  # it left, and was neither opened nor clicked nor answered


class Passed(StrEnum):
    """Why a customer got no message at a step."""

    CONDITION = "condition"  # what it depends on is not so
    ANSWERED = "answered"
    UNSUBSCRIBED = "unsubscribed"
    LATE = "late"  # after an outage: late, or never
    UNKNOWN = "unknown"  # nobody knows whether the message before left
    NO_CHANNEL = "no_channel"  # this campaign has used all that there are
    GONE = "gone"  # no customer any more


class Goal(StrEnum):
    """What decides between the variants of a test."""

    CLICK = "click"
    ANSWER = "answer"
    EVENT = "event"  # an event that a program reports of the customer


class Settled(StrEnum):
    """Why a missed call or a voicemail is no work any more."""

    CALLED_BACK = "called_back"  # we talked to the customer, having called
    CALLED_AGAIN = "called_again"  # the customer called again, and somebody talked to them
    BY_HAND = "by_hand"  # somebody said so


class AppointmentState(StrEnum):
    PLANNED = "planned"
    CONFIRMED = "confirmed"
    TO_MOVE = "to_move"  # the customer asked for another time; nobody is reminded of this one
    CANCELLED = "cancelled"


class GuestState(StrEnum):
    """Where somebody stands who is to come to an event."""

    CHOSEN = "chosen"  # the invitation leaves in a moment
    WITHHELD = "withheld"  # the gate said no to the invitation
    INVITED = "invited"
    COMING = "coming"
    WAITING = "waiting"  # all seats are taken: the first of these moves up
    NOT_COMING = "not_coming"


class Role(StrEnum):
    """What a member of staff may do; each includes less than the next, except that marketers do not answer contacts."""

    AGENT = "agent"
    MARKETER = "marketer"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class EndpointState(StrEnum):
    """Whether a webhook's endpoint is told."""

    ON = "on"
    PAUSED = "paused"  # by hand; what happens waits
    OFF = "off"  # it failed for days: nothing is written down for it any more


class DeliveryState(StrEnum):
    """Where one event for one endpoint stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # every try was in vain


class ErasureState(StrEnum):
    """How far the erasing of a person is."""

    ASKED = "asked"  # or waiting for what is under way
    FILES = "files"  # the rows are gone, files are going
    DONE = "done"


class RawState(StrEnum):
    RECEIVED = "received"
    PROCESSED = "processed"
    PARKED = "parked"  # could not be understood; kept, listed, can be run again


class Rhythm(StrEnum):
    """How often a report leaves by mail."""

    DAILY = "daily"  # about yesterday
    WEEKLY = "weekly"  # on Mondays, about the week before
    MONTHLY = "monthly"  # on the first, about the month before


class ReportFile(StrEnum):
    """What hangs on a report's mail."""

    XLSX = "xlsx"  # a workbook
    CSV = "csv"  # a file for each table
