"""An erased person's address in what others wrote: out of the fields that the hub made, and mails as they came go.

What others wrote themselves is theirs and stays: nobody's sentence is changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.personal.theirs import Person
from hub.storage import Storage, StorageError

AT_ONCE = 50  # mails that nobody understood, read through for the address


@dataclass(frozen=True, slots=True)
class Found:
    """How many words of others were changed, and the digests of mails that went with that."""

    words: int
    files: list[str]


async def months(session: AsyncSession) -> list[str]:
    """The log's partitions: each is looked through in a transaction of its own."""
    return list((await session.execute(_MONTHS)).scalars())


async def take_out(session: AsyncSession, whose: Person, month: str) -> Found:
    """Take the addresses out of the recipients that others' words name, in one month of the log."""
    values = {**whose.values, "addresses": whose.spelled}
    changed = list((await session.execute(text(_TAKE_OUT.format(month=month)), values)).scalars())
    files = list((await session.execute(_MAILS, {"ids": changed})).scalars())
    await session.execute(_FORGET_MAILS, {"ids": changed})
    return Found(len(changed), files)


async def forget_copies(session: AsyncSession, whose: Person) -> int:
    """That mails to others went to them as well, or were going to; how many."""
    values = {"addresses": whose.spelled}
    for forget in (_FORGET_NEWS_OF_COPIES, *_UNTYPE):
        await session.execute(forget, values)
    return int((await session.execute(_FORGET_COPIES, values)).rowcount)  # type: ignore[attr-defined]


async def unclaimed(session: AsyncSession, after: int) -> list[tuple[int, str]]:
    """Mails that are nobody's word in the log, by number: parked ones, and reports about who knows whom."""
    return [(n, sha) for n, sha in (await session.execute(_UNCLAIMED, {"after": after, "limit": AT_ONCE})).all()]


async def naming(storage: Storage, mails: list[tuple[int, str]], whose: Person) -> list[int]:
    """Which of these mails hold one of the addresses as it is written."""
    wanted = [one.encode() for one in whose.spelled]
    found = []
    for number, digest in mails:
        try:
            content = (await storage.get(digest)).lower()
        except StorageError:
            continue  # it is not there: nothing to find
        if any(one.lower() in content for one in wanted):
            found.append(number)
    return found


async def forget(session: AsyncSession, numbers: list[int]) -> list[str]:
    """These mails were never here but for their place in the mailbox; their digests."""
    files = list((await session.execute(_THEIR_FILES, {"numbers": numbers})).scalars())
    await session.execute(_FORGET, {"numbers": numbers})
    return files


_MONTHS = text("select relid::regclass::text from pg_partition_tree('interaction') where isleaf order by 1")
_TAKE_OUT = """
update {month} i set
  sender = case when i.sender = any(cast(:addresses as text[])) then '' else i.sender end,
  recipient = case when i.recipient = any(cast(:addresses as text[])) then '' else i.recipient end,
  reply_to = case when i.reply_to = any(cast(:addresses as text[])) then '' else i.reply_to end,
  copied = (select jsonb_agg(one) from jsonb_array_elements_text(i.copied) one
    where one <> all(cast(:addresses as text[])))
where i.customer_id <> all(cast(:them as uuid[])) and (
  i.sender = any(cast(:addresses as text[])) or i.recipient = any(cast(:addresses as text[]))
  or i.reply_to = any(cast(:addresses as text[])) or jsonb_exists_any(i.copied, cast(:addresses as text[])))
returning i.id
"""
_MAILS = text("select sha256 from raw_message where interaction_id = any(cast(:ids as uuid[])) and sha256 <> ''")
_FORGET_MAILS = text("""
update raw_message set sha256 = '', size = 0, error = '' where interaction_id = any(cast(:ids as uuid[]))
""")
_FORGET_NEWS_OF_COPIES = text("""
delete from receipt where leg = any(cast(:addresses as text[])) and interaction_id in (
  select interaction_id from mail_copy where address = any(cast(:addresses as text[])))
""")
# What stands in a field of a form that is not sent: what is beside the address stays.
_UNTYPED = """
update {table} set typed = typed || (
  select jsonb_object_agg(name, (
    select coalesce(string_agg(trim(one), ', '), '') from regexp_split_to_table(typed ->> name, '[,;]') one
    where not exists (select from unnest(cast(:addresses as text[])) a where position(a in lower(one)) > 0)))
  from unnest(array['cc', 'bcc']) name)
where exists (select from unnest(cast(:addresses as text[])) a
  where position(a in lower(concat(typed ->> 'cc', ' ', typed ->> 'bcc'))) > 0)
"""
_UNTYPE = [text(_UNTYPED.format(table=table)) for table in ("draft", "held_reply")]
_FORGET_COPIES = text("delete from mail_copy where address = any(cast(:addresses as text[]))")
_UNCLAIMED = text("""
select id, sha256 from raw_message
where id > :after and interaction_id is null and sha256 <> '' and (state <> 'received' or error <> '')
order by id limit :limit
""")
_THEIR_FILES = text("select sha256 from raw_message where id = any(cast(:numbers as bigint[]))")
_FORGET = text("""
update raw_message set sha256 = '', size = 0, error = '', state = 'processed'
where id = any(cast(:numbers as bigint[]))
""")
