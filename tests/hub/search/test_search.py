"""Looking for everything in a small company's log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from hub.clock import uuid7
from hub.customers import directory
from hub.customers.directory import NewCustomer
from hub.database.engine import Database
from hub.models import AttachmentRow, Conversation, Staff
from hub.models.vocabulary import ConversationState, Direction, Kind, Origin, Role, State
from hub.search import everything, excerpts, query
from hub.search.everything import Group
from hub.search.messages import Said
from hub.search.query import QueryProblem
from tests.log_rows import heard, said


class Company:
    """Two customers, two colleagues, and what was said."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.database, self.now = database, now
        self.ids: dict[str, UUID] = {}
        self.staff: dict[str, int] = {}

    async def open(self) -> None:
        async with self.database.unit() as session:
            for name in ("Olga Lis", "Piotr Wrona"):
                email = f"{name.split()[0].lower()}@meadow.example"
                row = Staff(email=email, name=name, role=Role.AGENT, password_hash="-", created_at=self.now)
                session.add(row)
                await session.flush()
                self.staff[name] = row.id or 0
            ana = NewCustomer("Ana Żółć", emails=("ana@nowak.example",), phones=("+48601123456",), labels=("gold",))
            georgi = NewCustomer("Георги Петров", emails=("g.petrov@mail.example",))
            for key, new in (("ana", ana), ("georgi", georgi)):
                self.ids[key] = (await directory.create(session, new, now=self.now)).id

    async def talk(self, key: str, customer: str, subject: str, *, days: int = 0, **more: Any) -> None:
        at = self.now - timedelta(days=days)
        plain: dict[str, Any] = {"kind": Kind.EMAIL, "channel": "mail", "created_at": at, "last_at": at}
        self.ids[key] = uuid7(at)
        row = Conversation(id=self.ids[key], customer_id=self.ids[customer], subject=subject, **{**plain, **more})
        async with self.database.unit() as session:
            session.add(row)

    async def hear(
        self, key: str, customer: str, words: str, *, days: float = 0, talk: str = "", file: str = "", **more: Any
    ) -> None:
        at = self.now - timedelta(days=days)
        row = (said if "staff_id" in more else heard)(
            self.ids[customer], at, body_text=words, conversation_id=self.ids.get(talk), **more
        )
        self.ids[key] = row.id
        async with self.database.unit() as session:
            session.add(row)
            await session.flush()
            if file:
                session.add(AttachmentRow(interaction_id=row.id, name=file, media_type="x/y", size=1, sha256="0"))

    async def find(self, words: str, group: Group = Group.MESSAGES, *, after: str = "", limit: int = 20) -> list[str]:
        """The keys of what is found, in its order; the last is "…" when there is more."""
        asked = query.understood(words, now=self.now, zone=UTC, channels=("mail", "sms"))
        found = await everything.search(
            self.database, asked, {group: limit}, staff_id=self.staff["Olga Lis"], after=after, now=self.now
        )
        keys = {identity: key for key, identity in self.ids.items()}
        self.following = found[0].following if found else ""
        return [keys[line.id] for one in found for line in one.lines] + (["…"] if self.following else [])


@pytest.fixture
async def company(database: Database, now: datetime) -> Company:
    made = Company(database, now)
    await made.open()
    return made


async def test_words_are_found_without_their_accents_in_all_four_languages(company: Company) -> None:
    for key, words in {
        "pl": "Zażółć gęślą jaźń, FV/118/2026",
        "bg": "Ще дойда в неделя, Йордане",
        "ru": "Ёлка стоит, объясните",
        "en": "Naïve Straße co-op",
    }.items():
        await company.hear(key, "ana", words)
    for words, key in {
        "zazolc": "pl",
        "ZAŻÓŁĆ": "pl",
        "gesla": "pl",
        "118": "pl",
        "FV/118/2026": "pl",
        "иордане": "bg",
        "йордане": "bg",
        "елка": "ru",
        "naive": "en",
        "strasse": "en",
        "co-op": "en",
        "coop": "",
        "ёлки": "",
    }.items():
        assert await company.find(words) == ([key] if key else []), words


async def test_all_the_words_a_phrase_and_none_of_those_with_a_minus(company: Company) -> None:
    await company.hear("one", "ana", "the invoice is wrong", days=2)
    await company.hear("two", "ana", "is the wrong invoice paid", days=1)
    assert await company.find("wrong invoice") == ["two", "one"]
    assert await company.find('"wrong invoice"') == ["two"]
    assert await company.find("invoice -paid") == ["one"]
    assert await company.find("-paid") == ["one"]
    assert await company.find("'); drop table interaction; --") == []


async def test_operators_narrow_messages(company: Company) -> None:
    olga = company.staff["Olga Lis"]
    await company.talk("open", "ana", "Invoice", state=ConversationState.OPEN, assignee_id=olga)
    await company.talk("done", "georgi", "Hello", state=ConversationState.RESOLVED)
    await company.hear("mail", "ana", "word", days=40, talk="open", file="Faktura żółta.pdf")
    await company.hear("sms", "georgi", "word", days=10, talk="done", kind=Kind.SMS, channel="sms")
    await company.hear("reply", "ana", "word", days=1, talk="open", staff_id=olga)
    await company.hear("note", "ana", "word", direction=Direction.NOTE, kind=None, state=State.NOTED, staff_id=olga)
    for words, keys in {
        "from:ana": ["mail"],
        "from:nowak.example": ["mail"],
        "from:petrov": ["sms"],
        "from:me word": ["note", "reply"],
        "from:olga": ["note", "reply"],
        "to:ana": ["reply"],
        "from:nobody_is_called_so": [],
        "channel:sms word": ["sms"],
        "channel:note": ["note"],
        "channel:mail": ["reply", "mail"],
        "before:2026-03-01": ["sms", "mail"],
        "word after:2026-03-01": ["note", "reply"],
        "word state:open": ["reply", "mail"],
        "word in:resolved": ["sms"],
        "word label:gold": ["note", "reply", "mail"],
        "word assigned:me": ["reply", "mail"],
        "word assigned:nobody": ["sms"],
        "word assigned:piotr": [],
        "has:attachment": ["mail"],
        "zolta": ["mail"],
        "zolta has:attachment from:ana before:2026-03-01": ["mail"],
        "zolta from:georgi": [],
    }.items():
        assert await company.find(words) == keys, words


async def test_conversations_by_subject_by_whose_they_are_and_by_where_they_stand(company: Company) -> None:
    olga = company.staff["Olga Lis"]
    await company.talk("bill", "ana", "Błędna faktura", state=ConversationState.OPEN, assignee_id=olga, days=1)
    await company.talk("hours", "georgi", "Opening hours", state=ConversationState.RESOLVED, days=2)
    await company.talk("merged", "ana", "Błędna faktura", merged_into_id=company.ids["bill"])
    for words, keys in {
        "bledna": ["bill"],
        "petrov": ["hours"],
        "state:resolved": ["hours"],
        "assigned:me": ["bill"],
        "assigned:none": ["hours"],
        "label:gold": ["bill"],
        "channel:email": ["bill", "hours"],
        "before:2026-03-09": ["hours"],
        "faktura -bledna": [],
    }.items():
        assert await company.find(words, Group.CONVERSATIONS) == keys, words


async def test_a_label_is_the_conversations_or_the_customers_and_of_several_each_may_be_either(
    company: Company,
) -> None:
    await company.talk("bill", "ana", "Bill", labels=["urgent"], days=1)
    await company.talk("order", "georgi", "Order", labels=["urgent", "silver"], days=2)
    await company.talk("hours", "georgi", "Opening hours", days=3)
    await company.hear("first", "ana", "word", talk="bill", days=1)
    await company.hear("second", "georgi", "word", talk="order", days=2)
    await company.hear("third", "georgi", "word", talk="hours", days=3)
    await company.hear("alone", "ana", "word", days=4)
    for words, talks, messages in (
        ("label:urgent", ["bill", "order"], ["first", "second"]),
        ("label:gold", ["bill"], ["first", "alone"]),
        ("label:gold label:urgent", ["bill"], ["first"]),
        ("label:urgent label:silver", ["order"], ["second"]),
        ("label:nothing", [], []),
    ):
        assert await company.find(words, Group.CONVERSATIONS) == talks, words
        assert await company.find(f"word {words}") == messages, words


async def test_customers_in_either_alphabet_by_parts_of_names_addresses_and_numbers(company: Company) -> None:
    for words, keys in {
        "zolc": ["ana"],
        "żółć ana": ["ana"],
        "georgi petrov": ["georgi"],
        "Петров": ["georgi"],
        "PETROV": ["georgi"],
        "eorg": ["georgi"],
        "nowak.ex": ["ana"],
        "601 123": ["ana"],
        "label:gold": ["ana"],
        "label:silver": [],
        "an -zolc": [],
        "%": [],
    }.items():
        assert await company.find(words, Group.CUSTOMERS) == keys, words


@pytest.mark.parametrize(
    ("cyrillic", "typed"),
    [
        ("Юлия", "Julia"),
        ("Юлия", "Yulia"),
        ("Ковальский", "Kowalski"),
        ("Николай", "nikolay"),
        ("Щербаков", "Szczerbakow"),
    ],
)
async def test_a_name_is_found_as_it_sounds(database: Database, cyrillic: str, typed: str) -> None:
    async with database.unit() as session:
        spelt = await session.execute(text("select latin_words(:a), latin_words(:b)"), {"a": cyrillic, "b": typed})
    one, other = spelt.one()
    assert one == other


async def test_the_database_and_the_marks_agree_on_every_letter(database: Database) -> None:
    letters = [
        chr(code) for code in (*range(0x41, 0x5B), *range(0xC0, 0x250), *range(0x400, 0x460)) if chr(code).isalpha()
    ]
    async with database.unit() as session:
        rows = await session.execute(
            text("select lower(plain_words(l)) from unnest(cast(:l as text[])) l"), {"l": letters}
        )
        found = list(rows.scalars())
    assert {one: other for one, other in zip(letters, found, strict=True) if excerpts.plain(one) != other} == {}


async def test_the_next_page_begins_behind_the_last_line(company: Company) -> None:
    for number in range(5):
        await company.hear(f"m{number}", "ana", "word", days=number * 50)
        await company.talk(f"c{number}", "ana", "word", days=number)
    first = await company.find("word", limit=2)
    second = await company.find("word", limit=2, after=company.following)
    third = await company.find("word", limit=2, after=company.following)
    assert (first, second, third) == (["m0", "m1", "…"], ["m2", "m3", "…"], ["m4"])
    first = await company.find("word", Group.CONVERSATIONS, limit=3)
    rest = await company.find("word", Group.CONVERSATIONS, limit=3, after=company.following)
    assert (first, rest) == (["c0", "c1", "c2", "…"], ["c3", "c4"])
    assert await company.find("word", after="nonsense", limit=1) == ["m0", "…"]


async def test_old_words_are_found_behind_hundreds_of_newer_ones(company: Company) -> None:
    await company.hear("old", "ana", "rare", days=900)
    rows = [heard(company.ids["ana"], company.now - timedelta(minutes=n), body_text="common") for n in range(520)]
    async with company.database.unit() as session:
        session.add_all(rows)
    assert await company.find("rare") == ["old"]


async def test_what_was_taken_back_and_what_campaigns_wrote_is_not_found(company: Company) -> None:
    olga = company.staff["Olga Lis"]
    await company.hear("taken", "ana", "word", staff_id=olga, state=State.CANCELLED, reason="taken_back")
    await company.hear("offer", "ana", "word", origin=Origin.CAMPAIGN)
    assert await company.find("word") == []


async def test_pieces_tell_what_was_found(company: Company) -> None:
    await company.hear("mail", "ana", "<b>żółty</b>", subject="O żółtym", file="zolty.pdf")
    asked = query.understood("zolty", now=company.now, zone=UTC)
    (found,) = await everything.search(company.database, asked, {Group.MESSAGES: 5}, staff_id=0, now=company.now)
    line = found.lines[0]
    assert isinstance(line, Said)
    assert [(piece.text, piece.hit) for piece in line.text] == [("<b>", False), ("żółty", True), ("</b>", False)]
    assert [[piece.text for piece in name if piece.hit] for name in line.files] == [["zolty"]]


async def test_a_search_that_takes_too_long_is_told_so(company: Company) -> None:
    """The limit is the database's own: a statement that waits is stopped like one that works."""
    async with company.database.unit() as session:
        await session.execute(text("lock table identity in access exclusive mode"))
        with pytest.raises(QueryProblem, match="too much to look through"):
            await company.find("ana", Group.CUSTOMERS)


async def test_all_statements_of_one_question_have_one_end(company: Company) -> None:
    asked = query.understood("from:ana invoice", now=company.now, zone=UTC)
    limits, staff = {Group.MESSAGES: 5}, company.staff["Olga Lis"]
    with pytest.raises(QueryProblem, match="too much to look through"):
        await everything.search(company.database, asked, limits, staff_id=staff, now=company.now, seconds=0)
    await company.hear("bill", "ana", "The invoice")
    assert await company.find("from:ana invoice") == ["bill"]
