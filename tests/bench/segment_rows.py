"""Customers, two years of words with them, clicks and purchases: what segments are asked of, made by the database.

Some write and buy much and most hardly ever; nothing is checked and no trigger runs while it is filled.
"""

from __future__ import annotations

import asyncio

import asyncpg

from hub import clock
from hub.models import Interaction
from hub.models.columns import defaults
from hub.models.vocabulary import State
from tests.bench import in_bulk
from tests.bench.figures import say
from tests.bench.rows import connected

EACH = 10  # interactions of a customer, on the average
DAYS, CAMPAIGNS = 720, 40
_SLICE = 500_000
_TABLES = ("interaction", "customer", "identity", "consent", "reaction", "purchase")
# A number between 0 and 1 that is the same in every run: of row n, for one of several uses.
_CHANCE = """
create or replace function chance(n int, use int) returns float8 language sql immutable parallel safe
return (('x' || substr(md5(n::text || '/' || use::text), 1, 8))::bit(32)::bigint & 2147483647) / 2147483648.0
"""
_PERSON = "(lpad(to_hex({0}), 8, '0') || '-0000-7000-8000-000000000000')::uuid"
_PEOPLE = f"""
insert into customer (id, name, given_name, language, country, attributes, labels, provisional, vip, deceased,
  do_not_contact, untracked, created_at, updated_at)
select {_PERSON.format("n")}, 'Person ' || n, 'Ana', (array['pl', 'en', 'bg', 'ru'])[1 + n % 4],
  (array['PL', 'GB', 'BG', 'RU', 'DE'])[1 + n % 5], jsonb_build_object('seats', n % 50),
  case when chance(n, 1) < 0.05 then '{{gold}}'::text[] when chance(n, 1) < 0.3 then '{{retail,newsletter}}' else '{{}}' end,
  false, chance(n, 2) < 0.01, false, false, false, now() - interval '800 days' * chance(n, 3), now()
from generate_series($1::int, $2::int) n
"""  # noqa: E501 - our own words
_ADDRESSES = """
insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
select id, 'email', 'p' || substr(id::text, 1, 8) || '@people.example', '', true, 'ok', 0, now() from customer
"""
_CONSENTS = """
insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence, topic)
select id, now(), null, 'marketing', true, '', '', 'import', '', '' from customer where substr(id::text, 8, 1) < '9'
"""
# Seven of ten are campaigns' mails, the rest goes to and fro; the square leaves some with many words and many with few.
_WORDS = """
insert into interaction (id, at, customer_id, direction, kind, channel, origin, purpose, state, state_rank, state_at,
  sender, recipient, subject, body_text, campaign_id, {words})
select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
  at, {person}, direction, case when chance(n, 6) < 0.1 then 'voice' else 'email' end, 'mail',
  case when mass then 'campaign' when direction = 'in' then 'customer' else 'agent' end,
  case when mass then 'marketing' else 'service' end,
  case when direction = 'in' then 'received' when chance(n, 7) < 0.05 then 'withheld' else 'delivered' end,
  {rank}, at, 'a@example.org', 'b@example.org', 'Word ' || n, case when mass then '' else 'the invoice of May' end,
  case when mass then 1 + floor({campaigns} * (n::float8 / ($3 + 1)))::int end, {nothing}
from generate_series($1::int, $2::int) n,
  lateral (select now() - interval '1 day' * {days} * (1 - n::float8 / ($3 + 1)) as at, chance(n, 4) < 0.7 as mass,
    case when chance(n, 4) < 0.85 then 'out' else 'in' end as direction,
    floor($4 * power(chance(n, 5), 2))::int as who) as t
"""
_CLICKS = """
insert into reaction (interaction_id, campaign_id, at, touch, machine, others, url)
select id, campaign_id, at + interval '1 hour', 'click', right(id::text, 1) = '0', 0, 'https://example.org/'
from interaction where campaign_id is not null and state = 'delivered' and substr(id::text, 36, 1) < '2'
"""
_PURCHASES = f"""
insert into purchase (customer_id, source, number, at, amount, refunded, currency, description)
select {_PERSON.format("floor($3 * power(chance(n, 8), 2))::int")}, 'shop', n::text,
  now() - interval '1 day' * {DAYS} * chance(n, 9), round((400 * power(chance(n, 10), 3))::numeric, 2), 0, 'EUR', ''
from generate_series($1::int, $2::int) n
"""


async def fill(url: str, people: int) -> None:
    """So many customers, ten times as many words, twice as many purchases."""
    await in_bulk.months(url, clock.now(), days=DAYS)
    async with in_bulk.connection(url) as one, in_bulk.connection(url) as other:
        await one.execute(_CHANCE)
        indexes = await in_bulk.without_indexes(one, _TABLES)
        say(f"  {people:,} customers")
        await _sliced(one, _PEOPLE, people, first=0)
        await asyncio.gather(_around(other, people), _all_words(one, people, 0))
        await asyncio.gather(_all_words(one, people, 1), _all_words(other, people, 2))
        await one.execute(_CLICKS)
        say("  every word is there; now the indexes")
        await asyncio.gather(in_bulk.make(one, indexes), in_bulk.make(other, indexes))
        await one.execute("vacuum analyze")


async def _around(connection: asyncpg.Connection, people: int) -> None:
    await connection.execute(_ADDRESSES)
    await connection.execute(_CONSENTS)
    await _sliced(connection, _PURCHASES, 2 * people, people)


async def _all_words(connection: asyncpg.Connection, people: int, third: int) -> None:
    """One of three parts of all words."""
    said = {"id", "at", "customer_id", "channel", "recipient", "sender", "subject", "body_text"}
    empty = [name for name, value in defaults(Interaction).items() if value == "" and name not in said]
    statement = _WORDS.format(
        words=", ".join(empty),
        nothing=", ".join(["''"] * len(empty)),
        person=_PERSON.format("who"),
        rank=State.DELIVERED.rank,
        campaigns=CAMPAIGNS,
        days=DAYS,
    )
    count = people * EACH
    bounds = [count * part // 3 for part in range(4)]
    await _sliced(connection, statement, bounds[third + 1], count, people, first=bounds[third] + 1)


async def _sliced(connection: asyncpg.Connection, statement: str, last: int, *more: int, first: int = 1) -> None:
    last = last - 1 if first == 0 else last
    for low in range(first, last + 1, _SLICE):
        await connection.execute(statement, low, min(low + _SLICE - 1, last), *more)
        say(f"  {statement.split()[2]}: {min(low + _SLICE - 1, last):,}")


async def there(url: str) -> int:
    """How many customers a kept folder holds; 0 where it was not filled to its end."""
    async with connected(url) as connection:
        whole = await connection.fetchval("select to_regclass('interaction_timeline') is not null")
        return int(await connection.fetchval("select count(*) from customer")) if whole else 0
