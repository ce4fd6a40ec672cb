"""Where an answer goes, and who else a mail was for."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.message import Address, Kind
from hub.clock import uuid7
from hub.conversations import answering
from hub.models import Interaction
from hub.models.vocabulary import Direction, Origin, State
from tests.hub.inbound.events import ANA, SUPPORT, mail

OWN = {SUPPORT, "sales@meadow.example"}


def people(*values: str) -> tuple[Address, ...]:
    return tuple(Address(Kind.EMAIL, one) for one in values)


@pytest.mark.parametrize(
    ("stated", "wanted"),
    [
        ((), ""),
        ((ANA,), ""),
        (("office@ana.example",), "office@ana.example"),
        (("office", "office@ana.example"), "office@ana.example"),
        (("not an address", "@", "a b@c"), ""),
    ],
)
def test_the_first_usable_reply_to_that_is_not_the_sender_is_wanted(stated: tuple[str, ...], wanted: str) -> None:
    assert answering.wanted(dataclasses.replace(mail(), reply_to=people(*stated))) == wanted


def test_an_answer_goes_to_reply_to_else_to_the_sender_and_after_our_own_word_to_whom_it_went() -> None:
    plain = _word(Direction.IN, sender=ANA, recipient=SUPPORT)
    elsewhere = _word(Direction.IN, sender=ANA, reply_to="office@ana.example")
    ours = _word(Direction.OUT, sender=SUPPORT, recipient=ANA)
    assert [answering.address_for(one) for one in (plain, elsewhere, ours)] == [ANA, "office@ana.example", ANA]


def test_copied_are_the_others_without_the_sender_and_our_own_mailboxes_each_once() -> None:
    to = people(SUPPORT, "bob@example.org", "support+k7x@meadow.example")
    letter = dataclasses.replace(
        mail(), recipients=to, cc=people("Sales@meadow.example", ANA, "bob@example.org", "c@x.org")
    )
    assert answering.copied(letter, OWN) == ["bob@example.org", "c@x.org"]


def test_of_thousands_of_people_two_hundred_are_kept() -> None:
    letter = dataclasses.replace(mail(), cc=people(*(f"p{n}@x.org" for n in range(3000))))
    assert answering.copied(letter, OWN) == [f"p{n}@x.org" for n in range(200)]


def _word(direction: Direction, **addresses: Any) -> Interaction:
    moment = datetime(2026, 3, 10, tzinfo=UTC)
    known: dict[str, Any] = {"id": uuid7(moment), "customer_id": uuid7(moment), "at": moment, "state_at": moment}
    return Interaction(direction=direction, origin=Origin.CUSTOMER, state=State.RECEIVED, **known, **addresses)
