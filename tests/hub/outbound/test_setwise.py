"""The gate in SQL says of everybody what the gate in Python says: reason, channel, address, hour and trace."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.database.engine import Database
from hub.interactions import partitions
from hub.models.vocabulary import (
    Kind,
    Origin,
    Purpose,
    Withheld,
)
from hub.outbound import bulk, dry_run
from hub.outbound.bulk import Verdict
from hub.outbound.dry_run import Only, Tally
from hub.outbound.facts import facts
from hub.outbound.hours import Hours, Reach
from hub.outbound.matter import Matter
from hub.outbound.permission import decide
from hub.outbound.question import Facts, Learnt, Question, Rules
from hub.outbound.setwise import decided
from tests import mixed_town
from tests.gates import PLAIN

NOT_A_CAMPAIGNS = {Withheld.TEMPLATE_ERROR, Withheld.TOO_LATE, Withheld.AUTOMATIC_LIMIT}
CAMPAIGN_REASONS = set(Withheld) - NOT_A_CAMPAIGNS


def test_the_gate_in_sql_answers_as_the_gate_in_python(own_url: str) -> None:
    with asyncio.Runner() as runner:
        database, seen = Database(own_url, pool_size=1), Counter[str]()
        runner.run(_months(database))

        @settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        @given(seed=st.integers(0, 2**32), now=st.sampled_from(mixed_town.MOMENTS), purpose=st.sampled_from(Purpose))
        def same(seed: int, now: datetime, purpose: Purpose) -> None:
            seen.update(runner.run(_compare(database, random.Random(seed), now, purpose)))

        same()
        runner.run(database.close())
    assert set(seen) >= {*CAMPAIGN_REASONS, *Kind, "later", "learnt"}


def test_who_does_not_go_by_what_was_learnt_pays_nothing_for_it() -> None:
    question = Question(Purpose.MARKETING, Origin.CAMPAIGN, frozenset(Kind), frozenset())
    reach, hours = Reach("select", {}, UUID(int=0), UUID(int=1)), Hours({}, None, {}, frozenset())
    plain, values = decided(Matter(question, {}, PLAIN), reach, hours, now=mixed_town.SPRING)
    learnt, more = decided(Matter(question, {}, PLAIN, {}), reach, hours, now=mixed_town.SPRING)
    assert ("learnt" in plain, "learnt" in learnt) == (False, True)
    assert {name for name in more.keys() - values.keys() if not name.startswith("learnt")} == set()
    assert not any(name.startswith("learnt") for name in values)


async def _months(database: Database) -> None:
    async with database.unit() as session:
        for now in mixed_town.MOMENTS:
            await partitions.ensure_months(session, now, ahead=1)


class _Undo(Exception):
    """The town is taken back."""


async def _compare(database: Database, chance: random.Random, now: datetime, purpose: Purpose) -> list[str]:
    rules, question, spoken = mixed_town.rules(chance), _question(chance, purpose), _spoken(chance)
    with pytest.raises(_Undo):
        async with database.unit() as session:
            customers = await mixed_town.town(session, chance, now)
            about = Matter(question, spoken, rules, _learnt(chance, rules, customers))
            answers = await dry_run.answers(session, about, customers, now=now)
            known = await facts(session, customers, now=now)
            assert answers == [_expected(one, known[one], about, now) for one in sorted(customers)]
            assert len((await bulk.verdicts(session, about, customers, now=now))[1]) < mixed_town.PEOPLE / 2
            assert await dry_run.tally(session, about, customers, now=now) == _counted(answers)
            only = chance.choice((Only(kind=Kind.SMS), Only(reason=Withheld.NO_CONSENT), Only(later=True)))
            page = await dry_run.answers(session, about, customers, now=now, only=only, limit=3)
            assert page == [one for one in answers if _wanted(only, one)][:3]
            raise _Undo
    found = [one.kind or one.reason or "" for one in answers]
    learnt = ["learnt" for one in answers if one.kind and one.trace[0].endswith("answered")]
    return [*found, *learnt, *("later" for one in answers if one.not_before)]


def _expected(customer: UUID, known: Facts, about: Matter, now: datetime) -> Verdict:
    texts = frozenset(
        kind for kind in Kind if (languages := about.spoken[kind]) is None or known.customer.language in languages
    )
    asked, learnt = about.question, None
    if about.learnt is not None:
        learnt = about.learnt.get(customer, Learnt())
    own = Question(
        asked.purpose, Origin.CAMPAIGN, asked.available, texts, asked.kinds, topic=asked.topic, learnt=learnt
    )
    answer = decide(known, own, about.rules, now)
    value, number = (answer.identity.value, answer.identity.id) if answer.identity else (None, None)
    return Verdict(customer, answer.kind, value, number, answer.reason, answer.not_before, answer.trace)


def _learnt(chance: random.Random, rules: Rules, customers: Sequence[UUID]) -> dict[UUID, Learnt] | None:
    """Of some of them another order than the usual one, of others only an hour; or it does not go by that."""
    if chance.random() < 0.3:
        return None
    found: dict[UUID, Learnt] = {}
    for customer in chance.sample(customers, len(customers) // 2):
        kinds = tuple(chance.sample(rules.default_ranking, len(rules.default_ranking)))
        lines = tuple(f"learnt: {kind.value}: {chance.randrange(9)} of 9 answered" for kind in kinds)
        found[customer] = Learnt(chance.choice(((), kinds)), lines)
    return found


def _counted(answers: list[Verdict]) -> Tally:
    return Tally(
        by_kind=Counter(one.kind for one in answers if one.kind),
        later=Counter(one.kind for one in answers if one.kind and one.not_before),
        by_reason=Counter(one.reason for one in answers if one.reason),
    )


def _wanted(only: Only, one: Verdict) -> bool:
    if only.later:
        return one.not_before is not None
    return (one.kind, one.reason) == (only.kind, only.reason)


def _question(chance: random.Random, purpose: Purpose) -> Question:
    available = frozenset(kind for kind in Kind if chance.random() < 0.8)
    kinds = tuple(chance.sample(list(Kind), chance.choice((0, 0, 1, 2, 3))))
    topic = chance.choice(("", "news", "garden"))
    return Question(purpose, Origin.CAMPAIGN, available, frozenset(), kinds, topic=topic)


def _spoken(chance: random.Random) -> dict[Kind, frozenset[str] | None]:
    choices: tuple[frozenset[str] | None, ...] = (None, None, frozenset({"pl"}), frozenset({"en", "bg"}), frozenset())
    return {kind: chance.choice(choices) for kind in Kind}
