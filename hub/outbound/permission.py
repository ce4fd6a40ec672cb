"""The gate: may this be said to this customer, on which channel, from when on. Pure; every answer explains itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from hub.customers.consent import standing
from hub.models import Consent, Customer, Identity, Suppression
from hub.models.vocabulary import AddressKind, IdentityState, Kind, Origin, Purpose, Withheld
from hub.outbound import brakes
from hub.outbound.brakes import AutomaticAnswer
from hub.outbound.quiet_hours import Window, is_zone, opens, zones_of_number

if TYPE_CHECKING:
    from hub.settings import GateTable

# The one word that may follow a STOP, and what may be asked after it (requirements S2, S4): occasions of requests.
CONFIRMATIONS = frozenset({"opt-out", "opt-in", "help"})

STOP = "STOP"  # the reason of a suppression that the customer asked for

# With no channel left, the reason that tells most about the customer is the answer's.
TELLING = (
    Withheld.FREQUENCY,  # of a channel that is allowed
    Withheld.OPTED_OUT,
    Withheld.COMPLAINED,
    Withheld.NO_CONSENT,
    Withheld.SUPPRESSED,
    Withheld.ADDRESS_DEAD,
    Withheld.CHANNEL_UNWANTED,
    Withheld.NO_TEXT,
    Withheld.NO_ADDRESS,
    Withheld.NO_CHANNEL,
)


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

    `complaining`: a complaint of theirs is open; `waiting`: since when their oldest open question waits. `lately` (by
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
    waiting: datetime | None = None
    elsewhere: tuple[Identity, ...] = ()  # nobody's addresses at which the customer asked to be answered (Reply-To)


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


@dataclass(frozen=True, slots=True)
class _Verdict:
    """About one channel kind."""

    kind: Kind
    words: str
    reason: Withheld | None = None
    identity: Identity | None = None

    @property
    def line(self) -> str:
        return f"{self.kind.value}: {self.words}"


def decide(facts: Facts, question: Question, rules: Rules, now: datetime) -> Decision:
    """The gate's answer at `now`. Channels are tried in the customer's order; the first allowed one is taken."""
    refusal = _about_the_person(facts, question, rules, now)
    if refusal is not None:
        reason, words = refusal
        return Decision(None, None, reason, None, (words,))
    verdicts = list(_by_channel(facts, question, rules))
    trace = tuple(verdict.line for verdict in verdicts)
    allowed = next((verdict for verdict in verdicts if verdict.reason is None), None)
    if allowed is None:
        return Decision(None, None, _most_telling(verdicts), None, trace or ("no channel was asked for",))
    braked = _braked(allowed, facts, question, now)
    if braked:
        return Decision(None, None, Withheld.AUTOMATIC_LIMIT, None, (*trace, braked))
    return _in_time(allowed, trace, facts, question, rules, now)


# ---- the person -----------------------------------------------------------------------------


def _about_the_person(facts: Facts, question: Question, rules: Rules, now: datetime) -> tuple[Withheld, str] | None:
    """Refusals that hold on every channel. Whoever wrote to us may be answered, whatever the card says."""
    customer = facts.customer
    if question.answering and question.purpose is Purpose.SERVICE:
        return None
    if customer.deceased:
        return Withheld.DECEASED, "the customer has died"
    if customer.do_not_contact:
        return Withheld.DO_NOT_CONTACT, "the customer is not to be contacted"
    if question.purpose.needs_consent and _paused(customer, now):
        until = f"until {customer.paused_until:%Y-%m-%d}" if customer.paused_until else "for the time being"
        return Withheld.PAUSED, f"the customer wants a pause {until}"
    if question.purpose is not Purpose.MARKETING:
        return None
    return _tactless(facts, rules, now) or _too_often(facts, question, rules)


def _tactless(facts: Facts, rules: Rules, now: datetime) -> tuple[Withheld, str] | None:
    """No promotions for somebody who has a bone to pick with the company."""
    if facts.complaining:
        return Withheld.COMPLAINT_OPEN, "a complaint of the customer's is open"
    if rules.overdue is not None and facts.waiting is not None and facts.waiting <= now - rules.overdue:
        return Withheld.ANSWER_OVERDUE, f"the customer has been waiting for an answer since {facts.waiting:%Y-%m-%d}"
    if unhappy := sorted(rules.unhappy_labels.intersection(facts.customer.labels)):
        return Withheld.DISSATISFIED, f"the customer's card says: {unhappy[0]}"
    return None


def _paused(customer: Customer, now: datetime) -> bool:
    if customer.paused_from is None and customer.paused_until is None:
        return False
    begun = customer.paused_from is None or customer.paused_from <= now
    over = customer.paused_until is not None and customer.paused_until <= now
    return begun and not over


def _too_often(facts: Facts, question: Question, rules: Rules) -> tuple[Withheld, str] | None:
    earlier = sum(
        len(_earlier(ids, question, facts)) for (_, purpose), ids in facts.lately.items() if purpose == "marketing"
    )
    if earlier < rules.marketing_per_week:
        return None
    return Withheld.FREQUENCY, f"had {earlier} marketing messages in 7 days, {rules.marketing_per_week} are allowed"


def _earlier(ids: Iterable[UUID], question: Question, facts: Facts) -> list[UUID]:
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


# ---- the channels ---------------------------------------------------------------------------


def _by_channel(facts: Facts, question: Question, rules: Rules) -> Iterator[_Verdict]:
    ranking, unwanted = order((facts.rankings or {}).get(question.purpose), question, rules)
    for place, kind in enumerate(ranking, start=1):
        yield _channel(kind, place, facts, question, rules)
    for kind in unwanted:
        yield _Verdict(kind, f"not wanted by the customer for {question.purpose.value}", Withheld.CHANNEL_UNWANTED)


def order(chosen: tuple[Kind, ...] | None, question: Question, rules: Rules) -> tuple[list[Kind], list[Kind]]:
    """Kinds in the order to try them, and those that the customer's own ranking leaves out (`chosen`; None: none)."""
    if (question.by_person or question.any_hour) and question.kinds:
        return list(dict.fromkeys(question.kinds)), []
    if chosen is not None:
        asked = question.kinds or rules.default_ranking
        return [k for k in chosen if not question.kinds or k in question.kinds], [k for k in asked if k not in chosen]
    if not question.kinds:
        return list(rules.default_ranking), []
    ranked = [kind for kind in rules.default_ranking if kind in question.kinds]
    return ranked + [kind for kind in dict.fromkeys(question.kinds) if kind not in ranked], []


def _channel(kind: Kind, place: int, facts: Facts, question: Question, rules: Rules) -> _Verdict:
    if kind not in question.available:
        return _Verdict(kind, "no such channel is set up", Withheld.NO_CHANNEL)
    if kind not in question.texts:
        return _Verdict(kind, "there is no text for it", Withheld.NO_TEXT)
    verdict = _consent(kind, facts.consents, question) or _address(kind, place, facts, question)
    return verdict if verdict.reason else _capped(kind, facts, question, rules) or verdict


def _capped(kind: Kind, facts: Facts, question: Question, rules: Rules) -> _Verdict | None:
    """So many a week by this channel for this purpose, whoever wrote them."""
    cap = rules.caps.get((kind, question.purpose))
    had = len(_earlier(facts.lately.get((kind, question.purpose), ()), question, facts))
    if cap is None or had < cap or question.any_hour:
        return None
    words = f"had {had} for {question.purpose.value} in 7 days, {cap} are allowed"
    return _Verdict(kind, words, Withheld.FREQUENCY)


def _consent(kind: Kind, consents: Sequence[Consent], question: Question) -> _Verdict | None:
    """Marketing and greetings need a yes; reminders and service only the absence of a no. Answers ask for neither."""
    if question.any_hour:
        return None
    row = standing(consents, question.purpose, kind)
    if row is not None and not row.granted:
        return _Verdict(kind, f"opted out {row.at:%Y-%m-%d} by {row.source}", Withheld.OPTED_OUT)
    if row is None and question.purpose.needs_consent:
        return _Verdict(kind, f"no consent to {question.purpose.value}", Withheld.NO_CONSENT)
    return None


def _address(kind: Kind, place: int, facts: Facts, question: Question) -> _Verdict:
    """The first address that may be used; with none, what is wrong with the first."""
    candidates = _candidates(kind, facts, question)
    if not candidates:
        words = f"{question.recipient} is not the customer's" if question.recipient else "no address"
        return _Verdict(kind, words, Withheld.NO_ADDRESS)
    verdicts = [_one_address(kind, place, identity, facts, question) for identity in candidates]
    return next((verdict for verdict in verdicts if verdict.reason is None), verdicts[0])


def _candidates(kind: Kind, facts: Facts, question: Question) -> list[Identity]:
    wanted = AddressKind.of(kind)
    known = (*facts.identities, *facts.elsewhere) if question.answering and question.recipient else facts.identities
    mine = [i for i in known if i.kind is wanted and question.recipient in ("", i.value)]
    return sorted(mine, key=lambda i: (not i.preferred, i.state is IdentityState.SOFT, i.id or 0))


def _one_address(kind: Kind, place: int, identity: Identity, facts: Facts, question: Question) -> _Verdict:
    if identity.state is IdentityState.DEAD:
        return _Verdict(kind, f"{identity.value} does not work any more", Withheld.ADDRESS_DEAD)
    if identity.state is IdentityState.COMPLAINED and question.purpose.needs_consent:
        return _Verdict(kind, f"{identity.value} complained of unwanted messages", Withheld.COMPLAINED)
    row = _suppression(kind, identity, facts.suppressions, question)
    if row is not None:
        return _suppressed(kind, row)
    return _Verdict(kind, f"allowed, ranked {place}", identity=identity)


def _suppression(kind: Kind, identity: Identity, rows: Sequence[Suppression], question: Question) -> Suppression | None:
    """STOP stops everything but its own confirmation and an answer to HELP; a number that cannot take it, these too.

    Of several the oldest.
    """
    mine = [r for r in rows if r.kind is kind and r.value == identity.value and r.purpose in (None, question.purpose)]
    mine.sort(key=lambda row: row.id or 0)
    return next((row for row in mine if not (question.confirms and _by_wish(row))), None)


def _by_wish(row: Suppression) -> bool:
    return row.reason == STOP


def _suppressed(kind: Kind, row: Suppression) -> _Verdict:
    if _by_wish(row):
        return _Verdict(kind, f"opted out {row.at:%Y-%m-%d} by STOP", Withheld.OPTED_OUT)
    words = f"{row.value} suppressed {row.at:%Y-%m-%d}: {row.reason.replace('_', ' ')}"
    return _Verdict(kind, words, Withheld.SUPPRESSED)


def _most_telling(verdicts: Sequence[_Verdict]) -> Withheld:
    reasons = {verdict.reason for verdict in verdicts}
    return next((reason for reason in TELLING if reason in reasons), Withheld.NO_CHANNEL)


def _braked(verdict: _Verdict, facts: Facts, question: Question, now: datetime) -> str:
    """At sending only what was written before this answer counts."""
    if not question.by_itself or verdict.identity is None:
        return ""
    mine = question.interaction
    asked = AutomaticAnswer(now, verdict.kind, verdict.identity.value, question.conversation_id, question.occasion)
    return brakes.stopped_by(asked, (one for id_, one in facts.automatic.items() if mine is None or id_ < mine))


# ---- the hour -------------------------------------------------------------------------------


def _in_time(
    verdict: _Verdict, trace: tuple[str, ...], facts: Facts, question: Question, rules: Rules, now: datetime
) -> Decision:
    at = now if question.any_hour else allowed_from(facts, verdict.identity, question.purpose, rules, now)
    if at > now:
        trace = (*trace, later_words(at))
    if question.expires_at is not None and at >= question.expires_at:
        late = f"too late: of no use after {question.expires_at:%Y-%m-%d %H:%M} UTC"
        return Decision(None, None, Withheld.TOO_LATE, None, (*trace, late))
    return Decision(verdict.kind, verdict.identity, None, at if at > now else None, trace)


def later_words(at: datetime) -> str:
    """The line of the trace about quiet hours."""
    return f"quiet hours: not before {at:%Y-%m-%d %H:%M} UTC"


def allowed_from(facts: Facts, identity: Identity | None, purpose: Purpose, rules: Rules, now: datetime) -> datetime:
    """The customer's zone, else all zones the number may lie in and the strictest of them, else the narrow window."""
    dates = rules.quiet_dates if purpose is Purpose.MARKETING else frozenset[date]()
    zones = _zones(facts, identity)
    own = _own_window(facts.customer, rules, zones, dates) if zones else _unknown_window(rules, dates)
    return opens(own, now) or opens(_unknown_window(rules, dates), now) or now


def _zones(facts: Facts, identity: Identity | None) -> tuple[str, ...]:
    zone = facts.customer.timezone
    if zone and is_zone(zone):
        return (zone,)
    if identity is not None and identity.kind is AddressKind.PHONE:
        return zones_of_number(identity.value)
    numbers = (i.value for i in facts.identities if i.kind is AddressKind.PHONE)
    return tuple(dict.fromkeys(zone for number in numbers for zone in zones_of_number(number)))


def _own_window(customer: Customer, rules: Rules, zones: tuple[str, ...], dates: frozenset[date]) -> Window:
    start = customer.quiet_from if customer.quiet_from is not None else rules.quiet_from
    end = customer.quiet_until if customer.quiet_until is not None else rules.quiet_until
    return Window(zones, start, end, dates)


def _unknown_window(rules: Rules, dates: frozenset[date]) -> Window:
    return Window((rules.company_zone,), rules.unknown_zone_until, rules.unknown_zone_from, dates)
