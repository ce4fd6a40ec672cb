"""The gate's verdict on each kind of channel: wanted, agreed to, an address that works, not too often. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hub.customers.consent import standing
from hub.models import Consent, Identity, Suppression
from hub.models.vocabulary import AddressKind, IdentityState, Kind, Withheld
from hub.outbound.question import Facts, Learnt, Question, Rules, earlier

STOP = "STOP"  # the reason of a suppression that the customer asked for
RANKED = "learnt: the ranking on their card comes first"
NOTHING = "learnt: nothing is surely better than the usual order"

# With no channel left, the reason that tells most about the customer is the answer's.
TELLING = (
    Withheld.FREQUENCY,  # of a channel that is allowed
    Withheld.OPTED_OUT,
    Withheld.TOPIC_UNWANTED,
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
class Verdict:
    """About one channel kind."""

    kind: Kind
    words: str
    reason: Withheld | None = None
    identity: Identity | None = None

    @property
    def line(self) -> str:
        return f"{self.kind.value}: {self.words}"


def by_channel(facts: Facts, question: Question, rules: Rules) -> Iterator[Verdict]:
    """In the order the channels are tried; last those that the customer's ranking leaves out."""
    ranking, unwanted = order((facts.rankings or {}).get(question.purpose), question, rules)
    for place, kind in enumerate(ranking, start=1):
        yield _channel(kind, place, facts, question, rules)
    for kind in unwanted:
        yield Verdict(kind, f"not wanted by the customer for {question.purpose.value}", Withheld.CHANNEL_UNWANTED)


def learnt_lines(chosen: tuple[Kind, ...] | None, learnt: Learnt | None) -> tuple[str, ...]:
    """What the trace says of what was learnt, before it comes to the channels."""
    if learnt is None:
        return ()
    if chosen is not None:
        return (RANKED, *learnt.lines)
    return learnt.lines or (NOTHING,)


def most_telling(verdicts: Sequence[Verdict]) -> Withheld:
    """The reason of the whole answer, when no channel is left."""
    reasons = {verdict.reason for verdict in verdicts}
    return next((reason for reason in TELLING if reason in reasons), Withheld.NO_CHANNEL)


def order(chosen: tuple[Kind, ...] | None, question: Question, rules: Rules) -> tuple[list[Kind], list[Kind]]:
    """Kinds in the order to try them, and those that the customer's own ranking leaves out (`chosen`; None: none).

    What was learnt stands in for the usual order, never for a ranking.
    """
    usual = (question.learnt.kinds if question.learnt else ()) or rules.default_ranking
    if (question.by_person or question.any_hour) and question.kinds:
        return list(dict.fromkeys(question.kinds)), []
    if chosen is not None:
        asked = question.kinds or rules.default_ranking
        return [k for k in chosen if not question.kinds or k in question.kinds], [k for k in asked if k not in chosen]
    if not question.kinds:
        return list(usual), []
    ranked = [kind for kind in usual if kind in question.kinds]
    return ranked + [kind for kind in dict.fromkeys(question.kinds) if kind not in ranked], []


def _channel(kind: Kind, place: int, facts: Facts, question: Question, rules: Rules) -> Verdict:
    if kind not in question.available:
        return Verdict(kind, "no such channel is set up", Withheld.NO_CHANNEL)
    if kind not in question.texts:
        return Verdict(kind, "there is no text for it", Withheld.NO_TEXT)
    verdict = _consent(kind, facts.consents, question) or _address(kind, place, facts, question)
    return verdict if verdict.reason else _capped(kind, facts, question, rules) or verdict


def _capped(kind: Kind, facts: Facts, question: Question, rules: Rules) -> Verdict | None:
    """So many a week by this channel for this purpose, whoever wrote them."""
    cap = rules.caps.get((kind, question.purpose))
    had = len(earlier(facts.lately.get((kind, question.purpose), ()), question, facts))
    if cap is None or had < cap or question.any_hour:
        return None
    words = f"had {had} for {question.purpose.value} in 7 days, {cap} are allowed"
    return Verdict(kind, words, Withheld.FREQUENCY)


def _consent(kind: Kind, consents: Sequence[Consent], question: Question) -> Verdict | None:
    """Marketing and greetings need a yes; reminders and service only the absence of a no. Answers ask for neither."""
    if question.any_hour:
        return None
    row = standing(consents, question.purpose, kind, question.topic)
    if row is not None and not row.granted and row.topic:
        words = f"opted out of {row.topic} {row.at:%Y-%m-%d} by {row.source}"
        return Verdict(kind, words, Withheld.TOPIC_UNWANTED)
    if row is not None and not row.granted:
        return Verdict(kind, f"opted out {row.at:%Y-%m-%d} by {row.source}", Withheld.OPTED_OUT)
    if row is None and question.purpose.needs_consent:
        return Verdict(kind, f"no consent to {question.purpose.value}", Withheld.NO_CONSENT)
    return None


def _address(kind: Kind, place: int, facts: Facts, question: Question) -> Verdict:
    """The first address that may be used; with none, what is wrong with the first."""
    candidates = _candidates(kind, facts, question)
    if not candidates:
        words = f"{question.recipient} is not the customer's" if question.recipient else "no address"
        return Verdict(kind, words, Withheld.NO_ADDRESS)
    verdicts = [_one_address(kind, place, identity, facts, question) for identity in candidates]
    return next((verdict for verdict in verdicts if verdict.reason is None), verdicts[0])


def _candidates(kind: Kind, facts: Facts, question: Question) -> list[Identity]:
    wanted = AddressKind.of(kind)
    known = (*facts.identities, *facts.elsewhere) if question.answering and question.recipient else facts.identities
    mine = [i for i in known if i.kind is wanted and question.recipient in ("", i.value)]
    return sorted(mine, key=lambda i: (not i.preferred, i.state is IdentityState.SOFT, i.id or 0))


def _one_address(kind: Kind, place: int, identity: Identity, facts: Facts, question: Question) -> Verdict:
    if identity.state is IdentityState.DEAD:
        return Verdict(kind, f"{identity.value} does not work any more", Withheld.ADDRESS_DEAD)
    if identity.state is IdentityState.COMPLAINED and question.purpose.needs_consent:
        return Verdict(kind, f"{identity.value} complained of unwanted messages", Withheld.COMPLAINED)
    row = _suppression(kind, identity, facts.suppressions, question)
    if row is not None:
        return _suppressed(kind, row)
    return Verdict(kind, f"allowed, ranked {place}", identity=identity)


def _suppression(kind: Kind, identity: Identity, rows: Sequence[Suppression], question: Question) -> Suppression | None:
    """STOP stops everything but its own confirmation and an answer to HELP; a number that cannot take it, these too.

    Of several the oldest.
    """
    mine = [r for r in rows if r.kind is kind and r.value == identity.value and r.purpose in (None, question.purpose)]
    mine.sort(key=lambda row: row.id or 0)
    return next((row for row in mine if not (question.confirms and _by_wish(row))), None)


def _by_wish(row: Suppression) -> bool:
    return row.reason == STOP


def _suppressed(kind: Kind, row: Suppression) -> Verdict:
    if _by_wish(row):
        return Verdict(kind, f"opted out {row.at:%Y-%m-%d} by STOP", Withheld.OPTED_OUT)
    words = f"{row.value} suppressed {row.at:%Y-%m-%d}: {row.reason.replace('_', ' ')}"
    return Verdict(kind, words, Withheld.SUPPRESSED)
