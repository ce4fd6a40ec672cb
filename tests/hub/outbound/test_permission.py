"""The gate: every reason it can say no for, the order of channels, and the trace it leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.clock import uuid7
from hub.models import Consent, Customer, Identity, Suppression
from hub.models.vocabulary import AddressKind, IdentityState, Kind, Origin, Purpose, Withheld
from hub.outbound.permission import decide
from hub.outbound.question import Decision, Facts, Question, Rules

LATELY = (Kind.EMAIL, Purpose.MARKETING)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
NIGHT = datetime(2026, 3, 10, 23, tzinfo=UTC)
MAIL = Identity(id=1, customer_id=UUID(int=1), kind=AddressKind.EMAIL, value="ana@example.org", created_at=NOW)
PHONE = Identity(id=2, customer_id=UUID(int=1), kind=AddressKind.PHONE, value="+48732230001", created_at=NOW)
ALL = frozenset(Kind)
MARKETING = Question(Purpose.MARKETING, Origin.CAMPAIGN, ALL, ALL)
GREETING = Question(Purpose.GREETINGS, Origin.OCCASION, ALL, ALL)
REMINDER = Question(Purpose.REMINDERS, Origin.REMINDER, ALL, ALL)
SERVICE = Question(Purpose.SERVICE, Origin.API, ALL, ALL)
FIRST_WORD = Question(Purpose.SERVICE, Origin.AGENT, ALL, ALL, kinds=(Kind.SMS,))
ANSWER = replace(FIRST_WORD, answering=True)


def customer(**more: Any) -> Customer:
    known: dict[str, Any] = {"timezone": "Europe/Warsaw", "created_at": NOW, "updated_at": NOW}
    return Customer(id=UUID(int=1), name="Ana", **(known | more))


def consent(granted: bool, purpose: Purpose | None, channel: Kind | None, number: int = 1) -> Consent:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    return Consent(
        id=number, customer_id=UUID(int=1), at=at, purpose=purpose, channel=channel, granted=granted, source="STOP"
    )


def suppression(kind: Kind, value: str, reason: str, purpose: Purpose | None = None) -> Suppression:
    return Suppression(kind=kind, value=value, purpose=purpose, reason=reason, at=datetime(2026, 3, 2, tzinfo=UTC))


YES = consent(True, Purpose.MARKETING, None)


def about(**more: Any) -> Facts:
    known: dict[str, Any] = {"customer": customer(), "identities": (MAIL, PHONE), "consents": (YES,)}
    return Facts(**(known | more))


def withheld(decision: Decision) -> tuple[Withheld | None, tuple[str, ...]]:
    assert not decision.allowed
    return decision.reason, decision.trace


# ---- yes ------------------------------------------------------------------------------------


def test_marketing_with_consent_goes_on_the_first_ranked_channel(rules: Rules) -> None:
    assert decide(about(), MARKETING, rules, NOW) == Decision(
        Kind.EMAIL,
        MAIL,
        None,
        None,
        ("email: allowed, ranked 1", "sms: allowed, ranked 2", "voice: allowed, ranked 3"),
    )


def test_a_channel_that_is_refused_gives_way_to_the_next_with_the_trace_of_both(rules: Rules) -> None:
    facts = about(
        rankings={Purpose.MARKETING: (Kind.SMS, Kind.EMAIL)},
        suppressions=(suppression(Kind.SMS, "+48732230001", "STOP"),),
    )
    decision = decide(facts, replace(MARKETING, kinds=(Kind.EMAIL, Kind.SMS)), rules, NOW)
    assert (decision.kind, decision.trace) == (
        Kind.EMAIL,
        ("sms: opted out 2026-03-02 by STOP", "email: allowed, ranked 2"),
    )


def test_the_channel_must_have_a_text(rules: Rules) -> None:
    decision = decide(about(), replace(MARKETING, texts=frozenset({Kind.SMS})), rules, NOW)
    assert (decision.kind, decision.trace[0]) == (Kind.SMS, "email: there is no text for it")


def test_a_second_address_is_used_when_the_first_is_dead(rules: Rules) -> None:
    dead = MAIL.model_copy(update={"state": IdentityState.DEAD})
    other = MAIL.model_copy(update={"id": 3, "value": "ana@work.example", "preferred": False})
    decision = decide(about(identities=(dead, other)), MARKETING, rules, NOW)
    assert decision.identity == other


@pytest.mark.parametrize("question", [REMINDER, SERVICE])
def test_reminders_and_service_need_no_consent(question: Question, rules: Rules) -> None:
    assert decide(about(consents=()), question, rules, NOW).kind is Kind.EMAIL


def test_a_channel_nobody_ranked_may_still_be_asked_for(rules: Rules) -> None:
    short = replace(rules, default_ranking=(Kind.EMAIL,))
    assert decide(about(), replace(SERVICE, kinds=(Kind.VOICE,)), short, NOW).kind is Kind.VOICE


# ---- no, because ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "reason", "words"),
    [
        (about(customer=customer(deceased=True)), Withheld.DECEASED, "the customer has died"),
        (
            about(customer=customer(do_not_contact=True)),
            Withheld.DO_NOT_CONTACT,
            "the customer is not to be contacted",
        ),
        (
            about(customer=customer(paused_until=NOW + timedelta(days=2))),
            Withheld.PAUSED,
            "the customer wants a pause until 2026-03-12",
        ),
        (
            about(lately={LATELY: tuple(uuid4() for _ in range(3))}),
            Withheld.FREQUENCY,
            "had 3 marketing messages in 7 days, 3 are allowed",
        ),
        (about(consents=()), Withheld.NO_CONSENT, "email: no consent to marketing"),
        (
            about(consents=(YES, consent(False, None, None, 2))),
            Withheld.OPTED_OUT,
            "email: opted out 2026-03-02 by STOP",
        ),
        (about(identities=()), Withheld.NO_ADDRESS, "email: no address"),
        (
            about(identities=(MAIL.model_copy(update={"state": IdentityState.DEAD}),)),
            Withheld.ADDRESS_DEAD,
            "email: ana@example.org does not work any more",
        ),
        (
            about(identities=(MAIL.model_copy(update={"state": IdentityState.COMPLAINED}),)),
            Withheld.COMPLAINED,
            "email: ana@example.org complained of unwanted messages",
        ),
        (
            about(suppressions=(suppression(Kind.EMAIL, "ana@example.org", "wrong_channel"),), identities=(MAIL,)),
            Withheld.SUPPRESSED,
            "email: ana@example.org suppressed 2026-03-02: wrong channel",
        ),
        (
            about(suppressions=(suppression(Kind.EMAIL, "ana@example.org", "STOP"),), identities=(MAIL,)),
            Withheld.OPTED_OUT,
            "email: opted out 2026-03-02 by STOP",
        ),
    ],
)
def test_marketing_is_withheld_for_this_reason(facts: Facts, reason: Withheld, words: str, rules: Rules) -> None:
    found, trace = withheld(decide(facts, MARKETING, rules, NOW))
    assert (found, trace[0]) == (reason, words)


def test_a_channel_that_the_ranking_leaves_out_is_unwanted(rules: Rules) -> None:
    facts = about(rankings={Purpose.MARKETING: (Kind.EMAIL,)})
    decision = decide(facts, replace(MARKETING, kinds=(Kind.SMS,)), rules, NOW)
    assert withheld(decision) == (Withheld.CHANNEL_UNWANTED, ("sms: not wanted by the customer for marketing",))


def test_without_any_channel_set_up_nothing_leaves(rules: Rules) -> None:
    decision = decide(about(), replace(MARKETING, available=frozenset(), kinds=(Kind.SMS,)), rules, NOW)
    assert withheld(decision) == (Withheld.NO_CHANNEL, ("sms: no such channel is set up",))


def test_without_any_text_nothing_leaves(rules: Rules) -> None:
    decision = decide(about(), replace(MARKETING, texts=frozenset(), kinds=(Kind.SMS,)), rules, NOW)
    assert withheld(decision) == (Withheld.NO_TEXT, ("sms: there is no text for it",))


def test_an_address_of_somebody_else_is_no_address(rules: Rules) -> None:
    decision = decide(about(), replace(SERVICE, kinds=(Kind.EMAIL,), recipient="eve@example.org"), rules, NOW)
    assert withheld(decision) == (Withheld.NO_ADDRESS, ("email: eve@example.org is not the customer's",))


def test_the_reason_that_tells_most_is_the_answer(rules: Rules) -> None:
    """No telephone and no consent for mail: what the customer did not allow matters more than what is not known."""
    facts = about(identities=(MAIL,), consents=(consent(True, Purpose.MARKETING, Kind.SMS),))
    assert decide(facts, MARKETING, rules, NOW).reason is Withheld.NO_CONSENT


def test_greetings_need_their_own_consent(rules: Rules) -> None:
    assert decide(about(), GREETING, rules, NOW).reason is Withheld.NO_CONSENT


def test_a_suppression_for_marketing_lets_service_through(rules: Rules) -> None:
    facts = about(suppressions=(suppression(Kind.EMAIL, "ana@example.org", "complained", Purpose.MARKETING),))
    assert decide(facts, replace(SERVICE, kinds=(Kind.EMAIL,)), rules, NOW).allowed
    assert not decide(facts, replace(MARKETING, kinds=(Kind.EMAIL,)), rules, NOW).allowed


def test_a_pause_holds_marketing_and_greetings_only(rules: Rules) -> None:
    facts = about(customer=customer(paused_from=NOW - timedelta(days=1)))
    assert decide(facts, MARKETING, rules, NOW).reason is Withheld.PAUSED
    assert decide(facts, REMINDER, rules, NOW).allowed


def test_of_too_many_at_once_the_first_go_when_asked_again_at_sending(rules: Rules) -> None:
    ids = tuple(uuid7(NOW + timedelta(seconds=n)) for n in range(5))
    answers = [decide(about(lately={LATELY: ids}), replace(MARKETING, interaction=i), rules, NOW).allowed for i in ids]
    assert answers == [True, True, True, False, False]


def test_what_has_begun_to_leave_counts_although_it_was_written_later(rules: Rules) -> None:
    ids = tuple(uuid7(NOW + timedelta(seconds=n)) for n in range(4))
    facts = about(lately={LATELY: ids}, leaving=frozenset(ids[1:]))
    answers = [decide(facts, replace(MARKETING, interaction=i), rules, NOW).allowed for i in ids]
    assert answers == [False, True, True, True]


# ---- agents and answers ---------------------------------------------------------------------


def test_an_agent_needs_no_consent_and_knows_no_night(rules: Rules) -> None:
    facts = about(consents=(consent(False, None, None),), lately={LATELY: tuple(uuid4() for _ in range(9))})
    assert decide(facts, FIRST_WORD, rules, NIGHT) == Decision(Kind.SMS, PHONE, None, None, ("sms: allowed, ranked 1",))


@pytest.mark.parametrize("flag", ["deceased", "do_not_contact"])
def test_nobody_writes_first_to_who_is_not_to_be_contacted_but_whoever_wrote_is_answered(
    flag: str, rules: Rules
) -> None:
    facts = about(customer=customer(**{flag: True}))
    assert not decide(facts, FIRST_WORD, rules, NOW).allowed
    assert decide(facts, ANSWER, rules, NOW).allowed


def test_not_even_an_agents_answer_goes_to_a_number_that_wrote_stop(rules: Rules) -> None:
    facts = about(suppressions=(suppression(Kind.SMS, "+48732230001", "STOP"),))
    assert decide(facts, ANSWER, rules, NOW).reason is Withheld.OPTED_OUT


def test_the_confirmation_of_a_stop_goes_and_any_other_automatic_answer_does_not(rules: Rules) -> None:
    """Requirement S4."""
    facts = about(
        suppressions=(suppression(Kind.SMS, "+48732230001", "STOP"),), consents=(consent(False, None, Kind.SMS),)
    )
    automatic = replace(ANSWER, origin=Origin.AUTOMATION)
    assert decide(facts, replace(automatic, occasion="opt-out"), rules, NIGHT).allowed
    assert decide(facts, automatic, rules, NIGHT).reason is Withheld.OPTED_OUT


def test_even_a_confirmation_does_not_go_to_a_number_that_cannot_take_it(rules: Rules) -> None:
    facts = about(suppressions=(suppression(Kind.SMS, "+48732230001", "wrong_channel"),))
    confirmation = replace(ANSWER, origin=Origin.AUTOMATION, occasion="opt-out")
    assert decide(facts, confirmation, rules, NOW).reason is Withheld.SUPPRESSED


# ---- the hour -------------------------------------------------------------------------------


def test_at_night_it_waits_for_the_customers_morning(rules: Rules) -> None:
    decision = decide(about(), MARKETING, rules, NIGHT)
    assert decision.not_before == datetime(2026, 3, 11, 7, tzinfo=UTC)
    assert decision.trace[-1] == "quiet hours: not before 2026-03-11 07:00 UTC"


def test_what_would_be_too_late_in_the_morning_is_not_sent_at_all(rules: Rules) -> None:
    decision = decide(about(), replace(MARKETING, expires_at=NIGHT + timedelta(hours=2)), rules, NIGHT)
    assert (decision.reason, decision.not_before) == (Withheld.TOO_LATE, None)


def test_the_customers_own_quiet_hours_override_the_companys(rules: Rules) -> None:
    own = customer(quiet_from=time(12), quiet_until=time(15))
    assert decide(about(customer=own), MARKETING, rules, NOW).not_before == datetime(2026, 3, 10, 14, tzinfo=UTC)


def test_without_a_zone_the_number_tells_it(rules: Rules) -> None:
    nine_in_sofia = datetime(2026, 3, 10, 7, tzinfo=UTC)
    sofia = PHONE.model_copy(update={"value": "+359888123456"})
    facts = about(customer=customer(timezone=None), identities=(MAIL, sofia))
    assert decide(facts, MARKETING, rules, nine_in_sofia).not_before is None


def test_with_no_zone_at_all_the_narrow_window_of_the_company_counts(rules: Rules) -> None:
    facts = about(customer=customer(timezone=None), identities=(MAIL,))
    early = datetime(2026, 3, 10, 7, tzinfo=UTC)
    assert decide(facts, MARKETING, rules, early).not_before == datetime(2026, 3, 10, 9, tzinfo=UTC)
