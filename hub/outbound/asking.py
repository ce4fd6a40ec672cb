"""What can be asked of the outbound side, and what it answers. Data only; `request` acts on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hub.models.vocabulary import Kind, Origin, Purpose, Withheld
from hub.outbound.question import Learnt, Rules
from hub.signing import Signer

LONGEST_TEXT, LONGEST_SUBJECT = 100_000, 1000  # that a person or a program may write

# 0: a person is waiting … 9: bulk
PRIORITY = {
    Origin.AGENT: 0,
    Origin.TEST: 0,
    Origin.AUTOMATION: 1,
    Origin.API: 2,
    Origin.REMINDER: 3,
    Origin.REPORT: 3,
    Origin.OCCASION: 5,
    Origin.CAMPAIGN: 9,
}


@dataclass(frozen=True, slots=True)
class Gate:
    """What every request is held against. `senders`: the configured channels of each kind, the first one preferred.

    `short_url`: what links in SMS begin with; empty: `public_url`. `own`: the addresses of our mailboxes.
    """

    rules: Rules
    senders: Mapping[Kind, tuple[str, ...]]
    signer: Signer
    public_url: str
    company: str
    default_language: str
    short_url: str = ""
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that lies in the storage already."""

    name: str
    media_type: str
    sha256: str
    size: int
    content_id: str = ""  # set: it stands within the HTML of a mail, as `cid:…`


@dataclass(frozen=True, slots=True)
class Copy:
    """Somebody beside the recipient who gets a mail too, by their canonical address. `blind`: nobody reads of it."""

    address: str
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Somebody's own words: stored as they are. A mail's text is `text` and below it `closing`; `html` says it all."""

    text: str
    subject: str = ""
    html: str = ""
    closing: str = ""
    files: tuple[NewFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Templated:
    """A template's words: the version and the values are stored, which give the exact text again."""

    version_id: int
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """One message to one customer. `kinds` empty: the customer's ranking decides; `recipient`: one of their addresses.

    `reply_to` is an address that the mail which is answered asked its answer to go to: then `recipient` may be that.
    `dedupe_key` makes it at most once, whatever happens; `answers` is the inbound interaction it answers;
    `occasion` says which greeting it is, or "opt-out", "opt-in", "help" for the confirmations of requirement S4;
    `call` is kept with the log row of a call (see `calling`). `copies` go out with a mail for service, and only then.
    """

    customer_id: UUID
    purpose: Purpose
    origin: Origin
    content: Words | Templated
    kinds: tuple[Kind, ...] = ()
    recipient: str = ""
    reply_to: str = ""
    channel: str = ""
    dedupe_key: str = ""
    conversation_id: UUID | None = None
    staff_id: int | None = None
    campaign_id: int | None = None
    occasion: str = ""
    answers: UUID | None = None
    not_before: datetime | None = None
    expires_at: datetime | None = None
    automatic: bool = False
    answers_automatically: bool = False
    call: Mapping[str, object] | None = None
    topic: str = ""  # of marketing: what it is about
    learnt: Learnt | None = None  # how this customer is reached best, where it goes by that
    language: str = ""  # of a template's words, when it is not to be the customer's
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """It will leave at `due_at`, on this kind of channel; `left_out`: addresses that get no copy, and why not."""

    interaction_id: UUID
    kind: Kind
    due_at: datetime
    left_out: Mapping[str, Withheld] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """The gate said no. It is in the log, with the reason."""

    interaction_id: UUID
    reason: Withheld
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """This was asked for before; nothing was added."""

    interaction_id: UUID


Answer = Placed | Held | Duplicate
