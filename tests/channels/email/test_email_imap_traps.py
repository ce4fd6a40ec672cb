"""I1-I6, F7: IMAP servers that misbehave. Nothing hangs, nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from channels.adapter import Batch, Cursor, Raw, TokenSource
from channels.errors import Interrupted, Misconfigured, NotAllowed, TryLater

Build = Callable[..., Any]
Hook = Callable[["FakeImap", bytes, bytes, asyncio.StreamWriter], Coroutine[Any, Any, bool]]
MAIL = b"Subject: hi\r\n\r\nhello"


class FakeImap:
    """A small IMAP server. `hook` sees every command first and may answer it itself (True)."""

    def __init__(self, mails: dict[int, bytes], hook: Hook | None = None) -> None:
        self.mails, self.hook, self.uidvalidity = mails, hook, 7
        self.said: list[bytes] = []
        self.idle = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hi\r\n")
        while line := await reader.readline():
            line = line.rstrip(b"\r\n")
            self.said.append(line)
            tag, _, command = line.partition(b" ")
            if self.hook and await self.hook(self, tag, command, writer):
                continue
            self._answer(tag, command, writer)
            await writer.drain()

    def _answer(self, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> None:
        verb = command.upper()
        if verb.startswith(b"CAPABILITY"):
            writer.write(b"* CAPABILITY IMAP4rev1 IDLE\r\n")
        elif verb.startswith(b"SELECT"):
            writer.write(b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n" % (len(self.mails), self.uidvalidity))
        elif verb.startswith(b"UID SEARCH"):
            writer.write(b"* SEARCH %b\r\n" % b" ".join(b"%d" % uid for uid in self._found(verb)))
        elif verb.startswith(b"UID FETCH"):
            for uid in self._asked(verb):
                writer.write(self._fetched(uid, verb))
        elif verb == b"IDLE":
            writer.write(b"+ idling\r\n")
            self.idle.set()
            return
        elif verb == b"DONE" or tag == b"DONE":
            tag = next(said for said in reversed(self.said) if said.endswith(b" IDLE")).partition(b" ")[0]
        writer.write(tag + b" OK done\r\n")

    def _found(self, verb: bytes) -> list[int]:
        """`n:*` holds the last message whatever n is: the real servers' trap (I5)."""
        first = int(verb.split()[3].partition(b":")[0])
        return [uid for uid in self.mails if uid >= first] or list(self.mails)[-1:]

    def _asked(self, verb: bytes) -> list[int]:
        pairs = (part.partition(b":") for part in verb.split()[2].split(b","))
        wanted = {uid for a, _, b in pairs for uid in range(int(a), int(b or a) + 1)}
        return [uid for uid in self.mails if uid in wanted]

    def _fetched(self, uid: int, verb: bytes) -> bytes:
        mail = self.mails[uid]
        if b"RFC822.SIZE" in verb:
            return b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (uid, uid, len(mail))
        part = re.search(rb"<0\.(\d+)>", verb)
        if part:
            mail = mail[: int(part.group(1))]
            return b"* %d FETCH (UID %d BODY[]<0> {%d}\r\n%b)\r\n" % (uid, uid, len(mail), mail)
        return b"* %d FETCH (BODY[] {%d}\r\n%b UID %d)\r\n" % (uid, len(mail), mail, uid)


@pytest.fixture
def listening(serving: Build, settings: Build, opened: Build) -> Build:
    """A listener on a FakeImap: what it yields, from a cursor on."""

    async def start(
        server: FakeImap, after: int | None = 0, tokens: TokenSource | None = None, **imap: Any
    ) -> AsyncIterator[Batch]:
        port = await serving(server.serve)
        channel = opened(settings(1, port, **{"timeout_seconds": 0.5, **imap}), tokens)
        cursor = {} if after is None else {"INBOX": Cursor("INBOX", 7, after)}
        return channel.listener.listen(cursor)  # type: ignore[no-any-return]

    return start


async def taken(batches: AsyncIterator[Batch], count: int) -> list[Raw]:
    """The next `count` messages."""
    found: list[Raw] = []
    while len(found) < count:
        found += (await anext(batches)).messages
    return found


def keys(raws: list[Raw]) -> list[int]:
    return [int(raw.key.rpartition(":")[2]) for raw in raws]


async def test_mail_that_is_announced_beside_another_answer_is_not_waited_for(listening: Build) -> None:
    """It came right after we asked what is new: the server says so there and then, and never again while we wait."""

    async def meanwhile(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        fetched = any(b"BODY.PEEK" in said for said in server.said)
        if not command.upper().startswith(b"UID SEARCH") or not fetched or len(server.mails) > 1:
            return False
        server.mails[2] = MAIL
        writer.write(b"* SEARCH 1\r\n* 2 EXISTS\r\n" + tag + b" OK done\r\n")
        return True

    server = FakeImap({1: MAIL}, meanwhile)
    batches = await listening(server, poll_seconds=600)
    async with asyncio.timeout(20):
        assert keys(await taken(batches, 2)) == [1, 2]
        waits = asyncio.ensure_future(anext(batches))
        await server.idle.wait()  # and then it does wait
    waits.cancel()


async def drop_on(verb: bytes, text: bytes) -> Hook:
    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if verb not in command.upper():
            return False
        writer.write(text)
        await writer.drain()
        writer.close()
        return True

    return hook


async def test_new_messages_come_with_the_cursor_to_store_with_them(listening: Build) -> None:
    batches = await listening(FakeImap({5: MAIL, 9: MAIL}), after=5)
    batch = await anext(batches)
    assert batch == Batch(Cursor("INBOX", 7, 9), (Raw("INBOX:7:9", MAIL),))


async def test_a_changed_uidvalidity_starts_anew(listening: Build) -> None:
    """I1."""
    server = FakeImap({1: MAIL, 2: MAIL})
    server.uidvalidity = 8
    batches = await listening(server, after=2)
    assert await anext(batches) == Batch(Cursor("INBOX", 8, 0), ())
    assert keys(await taken(batches, 2)) == [1, 2]


async def test_the_last_message_does_not_come_again_when_nothing_is_new(listening: Build) -> None:
    """I5: `n:*` always returns at least the last message."""
    server = FakeImap({5: MAIL})
    batches = await listening(server, after=5)
    waiting = asyncio.ensure_future(anext(batches))
    await server.idle.wait()
    assert not any(b"FETCH" in line for line in server.said)
    waiting.cancel()


async def test_two_thousand_messages_never_make_the_library_recurse(listening: Build) -> None:
    server = FakeImap(dict.fromkeys(range(1, 2001), b"x"))
    raws = await taken(await listening(server), 2000)
    assert keys(raws) == list(range(1, 2001))


async def test_a_folder_of_two_hundred_thousand_messages_is_begun_and_not_cut_off(listening: Build) -> None:
    """The list of their numbers alone is longer than any answer but a message; it has a limit of its own (F7)."""
    server = FakeImap(dict.fromkeys(range(1_000_001, 1_200_001), MAIL))
    raws = await taken(await listening(server, timeout_seconds=20), 200)
    assert keys(raws) == list(range(1_000_001, 1_000_201))


async def test_an_answer_of_many_lines_that_nobody_asked_for_is_read_over(listening: Build) -> None:
    """The library recurses with every line, and hangs for ever when that is too deep."""

    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"RFC822.SIZE" in command.upper():
            writer.write(b"".join(b"* %d FETCH (FLAGS ())\r\n" % i for i in range(1, 4000)))
        return False

    batches = await listening(FakeImap({1: MAIL}, hook), timeout_seconds=20)
    async with asyncio.timeout(10):
        assert keys(await taken(batches, 1)) == [1]


async def test_batches_stay_under_two_hundred_messages_and_four_megabytes(listening: Build) -> None:
    big = b"x" * 1_500_000
    server = FakeImap({**dict.fromkeys(range(1, 211), MAIL), 211: big, 212: big, 213: big})
    batches = await listening(server, timeout_seconds=10)
    assert [len((await anext(batches)).messages) for _ in range(3)] == [200, 12, 1]


async def test_a_message_over_the_limit_comes_as_its_beginning(listening: Build) -> None:
    server = FakeImap({1: MAIL + b"x" * 5000, 2: MAIL})
    first, second = await taken(await listening(server, max_message_bytes=1000), 2)
    assert {(raw.key, raw.oversize, len(raw.content)) for raw in (first, second)} == {
        ("INBOX:7:1", True, 1000),
        ("INBOX:7:2", False, len(MAIL)),
    }


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        (b"BODY.PEEK", b"* 1 FETCH (UID 1 BODY[] {5000}\r\nxxxx"),
        (b"BODY.PEEK", b"* BYE shutting down\r\n"),
        (b"SEARCH", b"* BYE shutting down\r\n"),
        (b"SELECT", b""),
        (b"LOGIN", b""),
        (b"CAPABILITY", b"garbage\r\n"),
    ],
)
async def test_a_lost_connection_interrupts_at_once(verb: bytes, text: bytes, listening: Build) -> None:
    """I3."""
    batches = await listening(FakeImap({1: MAIL}, await drop_on(verb, text)), timeout_seconds=20)
    async with asyncio.timeout(5):
        with pytest.raises(Interrupted):
            await anext(batches)


@pytest.mark.parametrize("text", [b"* BYE timeout\r\n", b"", b"+ idling\r\n", b"+ idling\r\n* BYE autologout\r\n"])
async def test_a_connection_that_dies_in_idle_interrupts_at_once(text: bytes, listening: Build) -> None:
    batches = await listening(FakeImap({1: MAIL}, await drop_on(b"IDLE", text)), after=1, timeout_seconds=20)
    async with asyncio.timeout(5):
        with pytest.raises(Interrupted):
            await anext(batches)


async def test_a_server_that_falls_silent_interrupts_after_the_timeout(listening: Build) -> None:
    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        return b"IDLE" in command.upper()

    batches = await listening(FakeImap({1: MAIL}, hook), after=1, timeout_seconds=0.3)
    with pytest.raises(Interrupted):
        await anext(batches)


@pytest.mark.parametrize("literal", [b"{99999999999}\r\nabc", b"{99999999999}\r\n" + b"x" * 40_000_000])
async def test_an_absurd_literal_ends_the_connection_and_not_the_memory(literal: bytes, listening: Build) -> None:
    """I4: only as many bytes are taken as were announced, twice over."""

    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"BODY.PEEK" not in command.upper():
            return False
        writer.write(b"* 1 FETCH (UID 1 BODY[] " + literal)
        return True

    batches = await listening(FakeImap({1: MAIL}, hook), timeout_seconds=1)
    with pytest.raises(Interrupted):
        await anext(batches)


async def test_unasked_lines_in_front_of_the_message_do_not_confuse(listening: Build) -> None:
    """I3: EXPUNGE, EXISTS and FETCH of flags come whenever the server likes."""

    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"BODY.PEEK" in command.upper():
            writer.write(b"* 9 EXPUNGE\r\n* 3 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* VANISHED 4\r\n")
        return False

    batches = await listening(FakeImap({1: MAIL}, hook))
    assert await taken(batches, 1) == [Raw("INBOX:7:1", MAIL)]


@pytest.mark.parametrize(("said", "content"), [(b"NIL", b""), (b'"a \\"b\\""', b'a "b"')])
async def test_a_body_that_is_no_literal_is_no_loss(said: bytes, content: bytes, listening: Build) -> None:
    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"BODY.PEEK" not in command.upper():
            return False
        writer.write(b"* 1 FETCH (UID 1 BODY[] %b)\r\n%b OK\r\n" % (said, tag))
        return True

    assert await taken(await listening(FakeImap({1: MAIL}, hook)), 1) == [Raw("INBOX:7:1", content)]


async def test_a_message_that_is_gone_does_not_block_the_ones_behind_it(listening: Build) -> None:
    """I6: expunged between the search and the fetch."""

    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"RFC822.SIZE" in command.upper():
            server.mails.pop(1, None)
        return False

    batches = await listening(FakeImap({1: MAIL, 2: MAIL}, hook))
    assert (await anext(batches)).cursor == Cursor("INBOX", 7, 2)


async def test_the_mailbox_is_touched_only_when_the_caller_comes_back(listening: Build) -> None:
    """I2: a crash between yielding and storing leaves the message as it was."""
    server = FakeImap({1: MAIL})
    batches = await listening(server)
    await anext(batches)
    assert not any(b"STORE" in line for line in server.said)
    assert all(b"BODY.PEEK[]" in line for line in server.said if b"BODY" in line)
    waiting = asyncio.ensure_future(anext(batches))
    await server.idle.wait()
    assert [line.split(b" ", 1)[1] for line in server.said if b"STORE" in line] == [
        b"UID STORE 1 +FLAGS.SILENT (\\Seen)"
    ]
    waiting.cancel()


async def test_a_message_announced_in_idle_is_fetched(listening: Build) -> None:
    server = FakeImap({1: MAIL})
    announce: list[asyncio.StreamWriter] = []

    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        announce.append(writer)
        return False

    server.hook = hook
    batches = await listening(server, after=1, poll_seconds=60)
    waiting = asyncio.ensure_future(taken(batches, 1))
    await server.idle.wait()
    server.mails[2] = MAIL
    announce[-1].write(b"* OK still here\r\n* 2 EXISTS\r\n")
    async with asyncio.timeout(5):
        assert keys(await waiting) == [2]


async def test_without_idle_the_folder_is_polled(listening: Build) -> None:
    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if command.upper() == b"NOOP":
            server.mails[2] = MAIL
        if command.upper() != b"CAPABILITY":
            return False
        writer.write(b"* CAPABILITY IMAP4rev1\r\n" + tag + b" OK\r\n")
        return True

    batches = await listening(FakeImap({1: MAIL}, hook), after=1, poll_seconds=0.05)
    async with asyncio.timeout(5):
        assert keys(await taken(batches, 1)) == [2]


async def test_names_and_passwords_cannot_become_commands(listening: Build) -> None:
    server = FakeImap({1: MAIL})
    login = {"username": 'an"a b', "password": 'p\\w"d x', "folders": ('Входящие & "x"',)}
    await anext(await listening(server, None, **login))
    said = [line.split(b" ", 1)[1] for line in server.said]
    assert b'LOGIN "an\\"a b" "p\\\\w\\"d x"' in said
    assert b'SELECT "&BBIERQQ+BDQETwRJBDgENQ- &- \\"x\\""' in said


@pytest.mark.parametrize("what", ["username", "password"])
async def test_a_line_end_in_the_login_is_a_fault_of_the_settings(what: str, listening: Build) -> None:
    server = FakeImap({1: MAIL})
    with pytest.raises(Misconfigured):
        await anext(await listening(server, **{what: "a\r\nb DELETE INBOX"}))
    assert not any(b"DELETE" in line for line in server.said)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"NO [AUTHENTICATIONFAILED] wrong", Misconfigured),
        (b"BAD no", Misconfigured),
        (b"NO [UNAVAILABLE] backend down", Interrupted),
    ],
)
async def test_a_refused_login_is_told_from_a_passing_trouble(
    answer: bytes, error: type[Exception], listening: Build
) -> None:
    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"LOGIN" not in command:
            return False
        writer.write(tag + b" " + answer + b"\r\n")
        return True

    with pytest.raises(error):
        await anext(await listening(FakeImap({}, hook)))


async def test_a_folder_that_is_not_there_names_the_setting(listening: Build) -> None:
    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if b"SELECT" not in command:
            return False
        writer.write(tag + b" NO no such mailbox\r\n")
        return True

    with pytest.raises(Misconfigured, match="folders"):
        await anext(await listening(FakeImap({}, hook)))


def choosy(*good: bytes) -> FakeImap:
    """A server that takes only these tokens; others get a challenge (which wants an empty answer), then NO."""
    open_tags: list[bytes] = []

    async def hook(server: FakeImap, tag: bytes, command: bytes, writer: asyncio.StreamWriter) -> bool:
        if open_tags and not tag:
            writer.write(open_tags.pop() + b" NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")
            return True
        if b"AUTHENTICATE" not in command or base64.b64decode(command.split()[-1]).split(b"\1")[1][12:] in good:
            return False
        open_tags.append(tag)
        writer.write(b"+ eyJzdGF0dXMiOiI0MDEifQ==\r\n")
        return True

    return FakeImap({1: MAIL}, hook)


def presented(server: FakeImap) -> list[bytes]:
    return [base64.b64decode(line.split()[-1]) for line in server.said if b"AUTHENTICATE" in line]


async def test_a_token_is_given_as_xoauth2(listening: Build, oauth: dict[str, Any], wallet: Any) -> None:
    server = choosy(b"tok")
    await anext(await listening(server, tokens=wallet("tok"), oauth=oauth))
    assert presented(server) == [b"user=support@shop.example\x01auth=Bearer tok\x01\x01"]


async def test_a_refused_token_is_changed_for_another_once(
    listening: Build, oauth: dict[str, Any], wallet: Any
) -> None:
    server, source = choosy(b"new"), wallet("old", "new")
    await anext(await listening(server, tokens=source, oauth=oauth))
    assert (len(presented(server)), source.refused) == (2, ["old"])


async def test_a_mailbox_that_lets_no_token_in_is_something_to_mend_and_no_hang(
    listening: Build, oauth: dict[str, Any], wallet: Any
) -> None:
    server = choosy()
    with pytest.raises(NotAllowed, match=r"Invalid credentials.*Connect it again"):
        await anext(await listening(server, tokens=wallet("1", "2", "3", "4"), oauth=oauth))
    assert len(presented(server)) == 2


async def test_a_token_that_cannot_be_had_now_is_a_passing_trouble(listening: Build, oauth: dict[str, Any]) -> None:
    class Away:
        async def token(self, *, refused: str = "") -> str:
            raise TryLater("the provider does not answer")

    with pytest.raises(Interrupted, match="the provider does not answer"):
        await anext(await listening(choosy(), tokens=Away(), oauth=oauth))
