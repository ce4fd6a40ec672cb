"""The normalised messages: everything a provider tells us, and everything we ask of one, is one of these."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from uuid import UUID

from channels.woven import Woven


class Kind(StrEnum):
    """The three ways of reaching a person."""

    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"


class Progress(StrEnum):
    """How far one message or call has got. `rank` orders them; a later rank never gives way to an earlier one."""

    QUEUED = "queued"  # the provider has it
    SENDING = "sending"  # the provider is handing it on
    RINGING = "ringing"  # a call: the telephone rings
    ANSWERED = "answered"  # a call: somebody (or a machine) took it
    SENT = "sent"  # handed to the next carrier or mail server
    DELAYED = "delayed"  # not there yet, the provider goes on trying; changes no state
    DELIVERED = "delivered"  # on the telephone or in the mailbox; a call that was held to its end
    FAILED = "failed"  # it will not arrive
    READ = "read"

    @property
    def rank(self) -> int:
        return _RANK[self]


_RANK = {
    Progress.DELAYED: 0,
    Progress.QUEUED: 1,
    Progress.SENDING: 2,
    Progress.RINGING: 2,
    Progress.SENT: 3,
    Progress.ANSWERED: 3,
    Progress.DELIVERED: 4,
    Progress.FAILED: 4,
    Progress.READ: 5,
}


class Reason(StrEnum):
    """Why a message could not be delivered, in the few words the hub acts on."""

    BAD_ADDRESS = "bad_address"  # the address does not exist: hard
    WRONG_CHANNEL = "wrong_channel"  # exists, but cannot take this kind (a landline asked for SMS): hard
    OPTED_OUT = "opted_out"  # the carrier holds a STOP
    COMPLAINED = "complained"  # reported as unwanted
    BLOCKED = "blocked"  # filtered, listed or refused by policy
    MAILBOX_FULL = "mailbox_full"
    UNREACHABLE = "unreachable"  # for now: telephone off, server down, expired in a queue
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELED = "canceled"
    TOO_LONG = "too_long"
    REJECTED = "rejected"  # refused for what it says or how it is made
    UNKNOWN = "unknown"  # the provider's word is not in our table; the raw payload is kept

    @property
    def hard(self) -> bool:
        """True when this address will never work for this kind of message."""
        return self in (Reason.BAD_ADDRESS, Reason.WRONG_CHANNEL)


class Auto(StrEnum):
    """What kind of machine wrote a mail (RFC 3834, RFC 3464, RFC 5965, RFC 2919)."""

    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    ARF = "arf"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class Address:
    kind: Kind
    value: str  # canonical spelling, see channels.address
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes = field(repr=False)
    inline: bool = False
    content_id: str = ""  # without the angle brackets


# ---- what we ask of a provider --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Email:
    """One mail to write. Addresses never come from here: the envelope is the Outbound's and the channel's sender."""

    subject: str
    text: str | Woven
    html: str | Woven = ""
    attachments: tuple[Attachment, ...] = ()
    in_reply_to: str = ""  # a Message-ID with its angle brackets
    references: tuple[str, ...] = ()
    unsubscribe_url: str = ""  # set on bulk mail: RFC 2369 and one-click RFC 8058 headers
    automatic: bool = False  # written by a machine: RFC 3834 headers
    answers_automatically: bool = False  # an automatic *answer*: empty envelope sender as well


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS; media_urls make it an MMS."""

    body: str
    media_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    text: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Play:
    url: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Speak, then wait for keys. The answer comes back as a CallEvent with this step's name and the digits."""

    step: str
    prompt: tuple[Say | Play, ...]
    digits: int = 1
    seconds: int = 6


@dataclass(frozen=True, slots=True)
class Ring:
    """Ring these telephones at once and join the first that answers (and presses 1, when `screen` is set)."""

    step: str  # the CallEvent that tells how it ended
    numbers: tuple[str, ...]
    seconds: int = 20
    screen: Say | None = None
    record: bool = False


@dataclass(frozen=True, slots=True)
class Voicemail:
    step: str
    seconds: int = 120


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


Step = Say | Play | Ask | Ring | Voicemail | HangUp


@dataclass(frozen=True, slots=True)
class Script:
    """What a call does, step by step. Steps after an Ask, Ring or Voicemail run when nobody answered it."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Place a call. What it says is asked for when somebody answers: a CallEvent with step `answered`."""

    detect_machine: bool = False
    ring_seconds: int = 30


Content = TypeVar("Content", bound=Email | Text | Call, covariant=True)


@dataclass(frozen=True, slots=True)
class Outbound(Generic[Content]):
    """One message to one person. `token` is the hub's signed name for it: it travels out and comes back on receipts.

    `begin_by` is monotonic: whoever lets messages wait for a connection begins none later, but raises TryLater(stale).
    `bulk`: nobody waits for it; where there is little room it leaves some to the others. Where the words would follow
    only after `begin_by`, `still` says whether they may: it asks the hub again.

    Of mails only: `cc` and `bcc` get the same one; nobody reads who is in `bcc`. `only`: of all those this one alone is
    still to get it, and reads in it what the others have read.
    """

    id: UUID
    to: Address
    content: Content
    token: str
    begin_by: float = math.inf
    bulk: bool = False
    still: Callable[[], Awaitable[bool]] | None = None
    cc: tuple[Address, ...] = ()
    bcc: tuple[Address, ...] = ()
    only: Address | None = None

    @property
    def takers(self) -> tuple[Address, ...]:
        """Whom the provider is asked to take it for: he on whom it hangs first, then the copies."""
        return (self.to, *self.cc, *self.bcc) if self.only is None else (self.only,)

    def begun(self, by: float, *, bulk: bool, still: Callable[[], Awaitable[bool]]) -> Outbound[Content]:
        """The same on its way: every message passes here, and `replace` takes three times as long."""
        return Outbound(self.id, self.to, self.content, self.token, by, bulk, still, self.cc, self.bcc, self.only)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """Somebody who was to get a copy, and whom the provider refused while it took the message for the others."""

    address: str
    reason: Reason
    detail: str
    code: str = ""
    later: bool = False  # put off, not refused: the same may be taken when it comes again


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. What becomes of it comes later, as receipts."""

    provider_id: str
    detail: str = ""  # the provider's own words, for the attempt log
    not_taken: tuple[NotTaken, ...] = ()


# ---- what a provider tells us ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Media:
    """A file that lies at the provider and has to be fetched (MMS, recordings)."""

    url: str
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody an invitation names."""

    address: str  # as it is written there, without `mailto:`
    name: str = ""
    answer: str = "needs-action"  # or accepted, declined, tentative, delegated


@dataclass(frozen=True, slots=True)
class Invitation:
    """One event in a calendar file that came with a mail. A time without tzinfo is local time wherever one is."""

    method: str  # REQUEST, REPLY, CANCEL, PUBLISH, ADD, COUNTER, DECLINECOUNTER, REFRESH (RFC 5546 1.4)
    uid: str = ""
    summary: str = ""
    start: datetime | date | None = None  # a date alone: all day
    end: datetime | date | None = None  # the first moment (or day) after it
    zone: str = ""  # the zone's name as the sender's calendar gives it
    location: str = ""
    organizer: Attendee | None = None
    attendees: tuple[Attendee, ...] = ()
    repeats: str = ""  # RRULE, as it stands
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class Inbound:
    """A person wrote to us. `text` is always there; `html` only if the mail had one."""

    kind: Kind
    provider_id: str  # unique per channel: the Message-ID (made from the bytes if it has none) or the provider's SID
    sender: Address
    recipients: tuple[Address, ...]
    text: str
    at: datetime | None = None  # when the sender says it was written; never trusted for order
    subject: str = ""
    html: str = ""
    reply_text: str = ""  # what is new in it, without the quoted part
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()  # our own tokens found in the recipients (plus-addressing)
    auto: Auto | None = None
    answerable: bool = True  # False when an automatic answer would be wrong (requirement L1)
    attachments: tuple[Attachment, ...] = ()
    invitations: tuple[Invitation, ...] = ()  # read from the calendar files among the attachments
    media: tuple[Media, ...] = ()
    problems: tuple[str, ...] = ()  # what was odd about it, in words


@dataclass(frozen=True, slots=True)
class Receipt:
    """News of a message we sent. Found by `token` first, then `provider_id`, then `message_id`."""

    provider_id: str
    progress: Progress
    token: str = ""
    message_id: str = ""
    recipient: str = ""
    reason: Reason | None = None
    hard: bool = False
    code: str = ""  # the provider's own code: "30003", "5.1.1"
    detail: str = ""
    at: datetime | None = None
    payload: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recording:
    provider_id: str
    media: Media
    seconds: int


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class AnsweredBy(StrEnum):
    HUMAN = "human"
    MACHINE = "machine"
    FAX = "fax"
    UNKNOWN = "unknown"  # treated as a person (V4)


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something happened in a call. When `asks` is true the provider waits for a Script as the answer."""

    call_id: str  # the provider's name of the customer-facing call (the parent leg)
    direction: Direction
    sender: Address
    recipient: Address
    asks: bool = False
    step: str = ""  # "incoming", "answered", or the name of the Ask, Ring or Voicemail this answers
    leg_id: str = ""  # set when the event is about a child leg (a rung telephone)
    progress: Progress | None = None
    reason: Reason | None = None
    digits: str = ""
    answered_by: AnsweredBy | None = None
    seconds: int | None = None
    recording: Recording | None = None
    transcript: str = ""  # what the provider understood of a voicemail
    token: str = ""
    payload: Mapping[str, str] = field(default_factory=dict)


Event = Inbound | Receipt | CallEvent
