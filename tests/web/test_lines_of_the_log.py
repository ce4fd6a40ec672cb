"""What the log keeps in English is read in the reader's language, word for word what the gate wrote."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub import clock
from hub.conversations import surveys
from hub.models import Survey, Task
from hub.models.vocabulary import Role, Scale
from hub.outbound.local_hours import later_words
from hub.staff import accounts
from hub.web import translations
from hub.web.retold import retold, titled


@pytest.fixture(autouse=True)
def polish() -> Iterator[None]:
    translations.speak("pl")
    yield
    translations.speak("en")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("email: allowed, ranked 1", "E-mail: dozwolony, na miejscu 1"),
        ("sms: no consent to marketing", "SMS: brak zgody (Oferty)"),
        ("sms: opted out 2026-03-01 by STOP", "SMS: rezygnacja 2026-03-01 przez STOP"),
        ("at sending: email: a@b.example suppressed 2026-03-01: hard bounce", None),
        ("the customer has died", "klient nie żyje"),
        ("learnt: the ranking on their card comes first", None),
        ("learnt: nothing is surely better than the usual order", None),
        ("learnt: sms: 4 of 7 answered, best between 16 and 18 o’clock",
         "wyuczone: SMS: odpowiedzi: 4 z 7, najlepiej między godz. 16 a 18"),
        ("learnt: email: 1 of 9 answered (5 known to have arrived)", None),
        ("learnt: voice: nothing was sent; of others 30 % answer", None),
        ("Mail, Polish, line 2: “nmae” is not known. Did you mean “name”?", None),
        ("13 of 100 messages failed: 13.0%, 5.0% are too many", None),
        ("“Spring” has paused itself: 13 of 100 messages failed: 13.0%, 5.0% are too many. "
         "Look into it, then go on with it or cancel it", None),
    ],
)  # fmt: skip
def test_a_line_of_the_log_is_told_in_polish(line: str, said: str | None) -> None:
    told = retold(line)
    assert told == said if said is not None else told != line
    assert not {"is", "of", "has", "line", "messages", "the"} & set(told.split())


def test_the_words_about_quiet_hours_are_those_of_the_gate() -> None:
    assert retold(later_words(datetime(2026, 3, 1, 7, tzinfo=UTC))) == "cisza: nie przed 2026-03-01 07:00 UTC"


def test_a_line_that_nobody_knows_is_shown_as_it_is() -> None:
    assert retold("the moon was full, and said “no”") == "the moon was full, and said “no”"


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("Ana cancels: Fitting, 2026-03-20 12:00 UTC", "Ana cancels: Fitting, 20 Mar 2026, 13:00"),
        (
            "Ana wants another time: Fitting, 2026-03-20 12:00 UTC – 2026-99-99 10:00 UTC suits me",
            "Ana wants another time: Fitting, 20 Mar 2026, 13:00 – 2026-99-99 10:00 UTC suits me",
        ),
    ],
)
def test_what_became_of_an_appointment_is_told_by_the_readers_clock(title: str, said: str) -> None:
    translations.speak("en")
    assert titled(Task(title=title, created_at=clock.now(), changed_at=clock.now()), ZoneInfo("Europe/Warsaw")) == said


async def test_what_a_customer_says_of_their_satisfaction_stays_word_for_word(world: Any, signed_in: Any) -> None:
    comment, talk = "my messages failed: two, three are too many", world.conversations["invoice"]
    asked = Survey(conversation_id=talk, customer_id=world.customers["ana"], scale=Scale.CSAT, asked_at=clock.now())
    async with world.hub.database.unit() as session:
        session.add(asked)
        await session.flush()
        await surveys.answer(session, asked.id or 0, 1, comment, now=clock.now())
        await accounts.change(session, world.staff[Role.AGENT], {"language": "pl"}, now=clock.now())
    desk = await signed_in(Role.AGENT)
    seen = (await desk.see(f"/inbox/all/{talk}")).select_one("#thread").text
    assert comment in seen
    assert "Zadowolenie: 1 z 5" in seen
