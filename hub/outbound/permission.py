"""The gate: may this be said to this customer, on which channel, from when on. Pure; every answer explains itself."""

from __future__ import annotations

from datetime import datetime

from hub.models import Customer
from hub.models.vocabulary import Purpose, Withheld
from hub.outbound import brakes
from hub.outbound.brakes import AutomaticAnswer
from hub.outbound.local_hours import allowed_from, later_words
from hub.outbound.question import Decision, Facts, Question, Rules, earlier
from hub.outbound.verdicts import Verdict, by_channel, learnt_lines, most_telling


def decide(facts: Facts, question: Question, rules: Rules, now: datetime) -> Decision:
    """The gate's answer at `now`. Channels are tried in the customer's order; the first allowed one is taken."""
    refusal = _about_the_person(facts, question, rules, now)
    if refusal is not None:
        reason, words = refusal
        return Decision(None, None, reason, None, (words,))
    verdicts = list(by_channel(facts, question, rules))
    lines = tuple(verdict.line for verdict in verdicts) or ("no channel was asked for",)
    trace = (*learnt_lines((facts.rankings or {}).get(question.purpose), question.learnt), *lines)
    allowed = next((verdict for verdict in verdicts if verdict.reason is None), None)
    if allowed is None:
        return Decision(None, None, most_telling(verdicts), None, trace)
    braked = _braked(allowed, facts, question, now)
    if braked:
        return Decision(None, None, Withheld.AUTOMATIC_LIMIT, None, (*trace, braked))
    return _in_time(allowed, trace, facts, question, rules, now)


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
    if not question.purpose.needs_consent:
        return None
    promotes = question.purpose is Purpose.MARKETING
    refusal = _tactless(facts, rules, now, promotes=promotes)
    return refusal or (_too_often(facts, question, rules) if promotes else None)


def _tactless(facts: Facts, rules: Rules, now: datetime, *, promotes: bool) -> tuple[Withheld, str] | None:
    """No promotions for somebody who has a bone to pick with the company, and no good wishes in a dispute."""
    if facts.complaining:
        return Withheld.COMPLAINT_OPEN, "a complaint of the customer's is open"
    if promotes and (late := _overdue(facts, rules, now)):
        return late
    if unhappy := sorted(rules.unhappy_labels.intersection(facts.customer.labels)):
        return Withheld.DISSATISFIED, f"the customer's card says: {unhappy[0]}"
    until = facts.customer.dissatisfied_until
    if until is not None and until > now:
        return Withheld.DISSATISFIED, f"the customer said they were not satisfied: nothing until {until:%Y-%m-%d}"
    return None


def _overdue(facts: Facts, rules: Rules, now: datetime) -> tuple[Withheld, str] | None:
    """The customer asked, and nobody has answered in time."""
    if facts.promised is not None and facts.promised <= now:
        return Withheld.ANSWER_OVERDUE, f"an answer to the customer has been due since {facts.promised:%Y-%m-%d}"
    if rules.overdue is not None and facts.waiting is not None and facts.waiting <= now - rules.overdue:
        return Withheld.ANSWER_OVERDUE, f"the customer has been waiting for an answer since {facts.waiting:%Y-%m-%d}"
    return None


def _paused(customer: Customer, now: datetime) -> bool:
    if customer.paused_from is None and customer.paused_until is None:
        return False
    begun = customer.paused_from is None or customer.paused_from <= now
    over = customer.paused_until is not None and customer.paused_until <= now
    return begun and not over


def _too_often(facts: Facts, question: Question, rules: Rules) -> tuple[Withheld, str] | None:
    had = sum(
        len(earlier(ids, question, facts)) for (_, purpose), ids in facts.lately.items() if purpose == "marketing"
    )
    if had < rules.marketing_per_week:
        return None
    return Withheld.FREQUENCY, f"had {had} marketing messages in 7 days, {rules.marketing_per_week} are allowed"


def _braked(verdict: Verdict, facts: Facts, question: Question, now: datetime) -> str:
    """At sending only what was written before this answer counts."""
    if not question.by_itself or verdict.identity is None:
        return ""
    mine = question.interaction
    asked = AutomaticAnswer(now, verdict.kind, verdict.identity.value, question.conversation_id, question.occasion)
    return brakes.stopped_by(asked, (one for id_, one in facts.automatic.items() if mine is None or id_ < mine))


def _in_time(
    verdict: Verdict, trace: tuple[str, ...], facts: Facts, question: Question, rules: Rules, now: datetime
) -> Decision:
    at = now if question.any_hour else allowed_from(facts, verdict.identity, question.purpose, rules, now)
    if at > now:
        trace = (*trace, later_words(at))
    if question.expires_at is not None and at >= question.expires_at:
        late = f"too late: of no use after {question.expires_at:%Y-%m-%d %H:%M} UTC"
        return Decision(None, None, Withheld.TOO_LATE, None, (*trace, late))
    return Decision(verdict.kind, verdict.identity, None, at if at > now else None, trace)
