"""What the gate is asked, what it has to know, and what it answers. Data only; `permission` decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from hub.models import Consent, Customer, Identity, Suppression
from hub.models.vocabulary import Kind, Origin, Purpose, State, Withheld
from hub.outbound.brakes import AutomaticAnswer

if TYPE_CHECKING:
    from hub.settings import GateTable

# The one word that may follow a STOP, and what may be asked after it (requirements S2, S4): occasions of requests.
CONFIRMATIONS = frozenset({"opt-out", "opt-in", "help"})

# What was sent so lately counts, but for what never arrived.
WEEK = timedelta(days=7)
NEVER_LEFT = (State.WITHHELD, State.FAILED, State.EXPIRED, State.CANCELLED)
COMPLAINT = "complaint"  # the flag of a conversation, or the label of a customer, that keeps marketing away


@dataclass(frozen=True, slots=True)
class Rules:
    """The company's rules. Quiet hours are local to the customer; the unknown-zone window to the company.

    On `quiet_dates`, by the customer's calendar, no marketing leaves. `caps`: messages in seven days by one kind of
    channel for one purpose, never service, over all campaigns. No marketing goes to whoever waits for an answer longer
    than `overdue` (None: no such rule), or has one of `unhappy_labels`.
    """

    quiet_from: time
    quiet_until: time
    unknown_zone_from: time
    unknown_zone_until: time
    marketing_per_week: int
    default_ranking: tuple[Kind, ...]
    company_zone: str
    quiet_dates: frozenset[date] = frozenset()
    caps: Mapping[tuple[Kind, Purpose], int] = field(default_factory=dict)
    overdue: timedelta | None = None
    unhappy_labels: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, gate: GateTable, company_zone: str) -> Rules:
        return cls(
            quiet_from=gate.quiet_from,
            quiet_until=gate.quiet_until,
            unknown_zone_from=gate.unknown_zone_from,
            unknown_zone_until=gate.unknown_zone_until,
            marketing_per_week=gate.marketing_per_week,
            default_ranking=gate.default_ranking,
            company_zone=company_zone,
            quiet_dates=frozenset(gate.quiet_dates),
            caps={(kind, Purpose(word)): most for kind, caps in gate.per_week.items() for word, most in caps.items()},
            overdue=timedelta(hours=gate.overdue_hours) if gate.overdue_hours else None,
            unhappy_labels=frozenset(gate.unhappy_labels),
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the hub knows that bears on the answer.

    `complaining`: a complaint of theirs is open; `promised`: when the earliest open answer is due by a service level;
    `waiting`: since when the oldest open question waits to which nobody promised an answer. `lately` (by
    channel kind and purpose) and `automatic` (the answers nobody wrote): what was sent or queued in the last 7 days.
    """

    customer: Customer
    identities: tuple[Identity, ...] = ()
    consents: tuple[Consent, ...] = ()
    rankings: Mapping[Purpose, tuple[Kind, ...]] | None = None
    suppressions: tuple[Suppression, ...] = ()
    lately: Mapping[tuple[Kind | None, Purpose], tuple[UUID, ...]] = field(default_factory=dict)
    leaving: frozenset[UUID] = frozenset()  # which of `lately` are being sent or were
    automatic: Mapping[UUID, AutomaticAnswer] = field(default_factory=dict)
    complaining: bool = False
    promised: datetime | None = None
    waiting: datetime | None = None
    elsewhere: tuple[Identity, ...] = ()  # nobody's addresses at which the customer asked to be answered (Reply-To)


@dataclass(frozen=True, slots=True)
class Learnt:
    """How a customer is reached best as the log has it: kinds best first (none: the usual order), and why, in words."""

    kinds: tuple[Kind, ...] = ()
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be said. `kinds` narrows the channels (empty: any); `recipient` names one address of the customer."""

    purpose: Purpose
    origin: Origin
    available: frozenset[Kind]  # kinds for which a channel is configured
    texts: frozenset[Kind]  # kinds for which there is a text
    kinds: tuple[Kind, ...] = ()
    recipient: str = ""
    answering: bool = False  # the customer wrote, and this answers it
    occasion: str = ""
    conversation_id: UUID | None = None
    interaction: UUID | None = None  # set when asked again at sending
    expires_at: datetime | None = None
    topic: str = ""  # of marketing
    learnt: Learnt | None = None  # None: it does not go by what was learnt

    @property
    def by_person(self) -> bool:
        """An agent's own words: the channel is the agent's choice, and nobody wrote them in bulk."""
        return self.origin is Origin.AGENT and self.purpose is Purpose.SERVICE

    @property
    def any_hour(self) -> bool:
        return self.by_person or (self.answering and self.purpose is Purpose.SERVICE)

    @property
    def by_itself(self) -> bool:
        """An answer that the hub gives without anybody: two machines could go on with it for ever."""
        return self.origin is Origin.AUTOMATION and self.answering

    @property
    def confirms(self) -> bool:
        return self.by_itself and self.occasion in CONFIRMATIONS


@dataclass(frozen=True, slots=True)
class Decision:
    """Yes on `kind` to `identity`, not before `not_before`; or no, for `reason`. `trace` is for people to read."""

    kind: Kind | None
    identity: Identity | None
    reason: Withheld | None
    not_before: datetime | None
    trace: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        return self.kind is not None


def earlier(ids: Iterable[UUID], question: Question, facts: Facts) -> list[UUID]:
    """At sending what was written before this message counts, and what has begun to leave: it may be the younger one.

    So of too many at once the first ones go, and one that was written first and committed last comes too late. Of those
    that are all being sent the first ones go on.
    """
    mine = question.interaction
    if mine is None:
        return list(ids)
    if mine in facts.leaving:
        return [one for one in ids if one < mine and one in facts.leaving]
    return [one for one in ids if one < mine or one in facts.leaving]
