"""The same story over every peer: the sandbox always, Debian's Dovecot and Postfix where they are found."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from channels.adapter import Cursor, Raw
from channels.email.channel import Settings
from channels.errors import Misconfigured, Refused
from channels.message import Inbound, Reason
from channels.sandbox.mail import MailWorld

Build = Callable[..., Any]
SBIN = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
_numbers = itertools.count(1)
POSTFIX = shutil.which("postfix", path=SBIN)
MAIL = (
    b"From: Ana <ana@people.example>\r\nTo: support@shop.example\r\n"
    b"Subject: hi %d\r\nMessage-ID: <%d@x>\r\n\r\nhello\r\n"
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An IMAP account to read; the password is `s3cret`."""

    port: int
    user: str = "support"

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        with self.open() as imap:
            for mail in mails:
                imap.append(folder, "", "", mail)

    @contextlib.contextmanager
    def open(self) -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.port) as imap:
            imap.login(self.user, "s3cret")
            yield imap


@pytest.fixture(params=["sandbox", pytest.param("dovecot", marks=pytest.mark.dovecot)])
async def mailbox(request: pytest.FixtureRequest, world: MailWorld) -> AsyncIterator[Mailbox]:
    if request.param == "sandbox":
        yield Mailbox(world.imap_port)
        return
    yield Mailbox(request.getfixturevalue("peer").port, f"user{next(_numbers)}")


@pytest.fixture
def listen(mailbox: Mailbox, settings: Build, opened: Build) -> Build:
    """A listener on the mailbox."""

    def start(after: Cursor | None = None, **imap: Any) -> Any:
        channel = opened(settings(1, mailbox.port, **{"username": mailbox.user, **imap}))
        return channel.listener.listen({after.folder: after} if after else {})

    return start


async def taken(batches: Any, count: int) -> tuple[list[Raw], Cursor]:
    found: list[Raw] = []
    while True:
        batch = await anext(batches)
        found += batch.messages
        if len(found) >= count:
            return found, batch.cursor


async def test_everything_that_lies_there_is_read_and_then_only_what_is_new(mailbox: Mailbox, listen: Build) -> None:
    mails = [MAIL % (i, i) for i in range(3)]
    await asyncio.to_thread(mailbox.put, *mails)
    raws, cursor = await taken(batches := listen(), 3)
    assert [raw.content for raw in raws] == mails
    await batches.aclose()
    await asyncio.to_thread(mailbox.put, MAIL % (3, 3))
    again, _ = await taken(listen(cursor), 1)
    assert [raw.content for raw in again] == [MAIL % (3, 3)]


async def test_a_new_mail_is_announced_while_we_wait(mailbox: Mailbox, listen: Build) -> None:
    await asyncio.to_thread(mailbox.put, MAIL % (0, 0))
    batches = listen(poll_seconds=600)
    await taken(batches, 1)
    waiting = asyncio.ensure_future(taken(batches, 1))
    await asyncio.to_thread(mailbox.put, MAIL % (1, 1))
    async with asyncio.timeout(10):
        raws, _ = await waiting
    assert [raw.content for raw in raws] == [MAIL % (1, 1)]


async def test_what_was_read_is_marked_as_seen_only_after_the_caller_came_back(mailbox: Mailbox, listen: Build) -> None:
    await asyncio.to_thread(mailbox.put, MAIL % (0, 0))
    batches = listen()
    await taken(batches, 1)
    assert await asyncio.to_thread(unseen, mailbox) == 1
    waiting = asyncio.ensure_future(anext(batches))
    async with asyncio.timeout(10):
        while await asyncio.to_thread(unseen, mailbox):
            pass
    waiting.cancel()


def unseen(mailbox: Mailbox) -> int:
    with mailbox.open() as imap:
        imap.select("INBOX", readonly=True)
        return len(imap.search(None, "UNSEEN")[1][0].split())


async def test_a_large_message_comes_as_its_beginning(mailbox: Mailbox, listen: Build) -> None:
    await asyncio.to_thread(mailbox.put, MAIL % (0, 0) + b"x" * 70 * 400, MAIL % (1, 1))
    raws, _ = await taken(listen(max_message_bytes=2000), 2)
    assert sorted((len(raw.content), raw.oversize) for raw in raws) == [(len(MAIL % (1, 1)), False), (2000, True)]


async def test_folders_with_any_name_are_read_side_by_side(mailbox: Mailbox, listen: Build) -> None:
    def fill() -> None:
        with mailbox.open() as imap:
            imap.create('"&BBIERQQ+BDQETwRJBDgENQ- x"')
        mailbox.put(MAIL % (1, 1), folder='"&BBIERQQ+BDQETwRJBDgENQ- x"')
        mailbox.put(MAIL % (0, 0))

    await asyncio.to_thread(fill)
    raws, _ = await taken(listen(folders=("INBOX", "Входящие x")), 2)
    assert {(raw.key.partition(":")[0], raw.content) for raw in raws} == {
        ("INBOX", MAIL % (0, 0)),
        ("Входящие x", MAIL % (1, 1)),
    }


async def test_more_messages_than_fit_a_batch_come_each_once(mailbox: Mailbox, listen: Build) -> None:
    await asyncio.to_thread(mailbox.put, *(MAIL % (i, i) for i in range(60)))
    raws, _ = await taken(listen(), 60)
    assert [raw.content for raw in raws] == [MAIL % (i, i) for i in range(60)]


async def test_an_expunged_message_in_between_is_no_trouble(mailbox: Mailbox, listen: Build) -> None:
    def fill() -> None:
        mailbox.put(*(MAIL % (i, i) for i in range(3)))
        with mailbox.open() as imap:
            imap.select("INBOX")
            imap.store("2", "+FLAGS", "\\Deleted")
            imap.expunge()

    await asyncio.to_thread(fill)
    raws, _ = await taken(listen(), 2)
    assert [raw.content for raw in raws] == [MAIL % (0, 0), MAIL % (2, 2)]


async def test_a_wrong_password_is_a_fault_of_the_settings(listen: Build) -> None:
    with pytest.raises(Misconfigured, match=r"imap\.username"):
        await anext(listen(password="wrong"))


async def test_the_check_says_step_by_step_what_holds(mailbox: Mailbox, settings: Build, opened: Build) -> None:
    good = await opened(settings(1, mailbox.port, username=mailbox.user)).check()
    assert [finding.ok for finding in good] == [False, True, True, True]  # nothing listens on SMTP port 1
    bad = await opened(settings(1, mailbox.port, username=mailbox.user, folders=("Nowhere",))).check()
    assert (bad[-1].ok, bool(bad[-1].remedy)) == (False, True)


async def test_what_was_fetched_is_read_in_the_child(mailbox: Mailbox, settings: Build, opened: Build) -> None:
    await asyncio.to_thread(mailbox.put, MAIL % (0, 0))
    listener = opened(settings(1, mailbox.port, username=mailbox.user)).listener
    (raw,), _ = await taken(listener.listen({}), 1)
    (event,) = await listener.read(raw.content)
    assert isinstance(event, Inbound)
    assert (event.subject, event.provider_id) == ("hi 0", "<0@x>")


# ---- SMTP -----------------------------------------------------------------------------------


@pytest.fixture(params=["sandbox", pytest.param("postfix", marks=pytest.mark.postfix)])
async def submission(
    request: pytest.FixtureRequest, world: MailWorld, settings: Build, login: dict[str, Any]
) -> AsyncIterator[Settings]:
    """Settings for a server that takes mail for people.example, and knows nobody called refuse-…"""
    if request.param == "sandbox":
        yield settings(world.smtp_port, smtp=login)
        return
    yield settings(request.getfixturevalue("postfix_port"), smtp={"timeout_seconds": 30})


@pytest.fixture(scope="module")
def postfix_port() -> Iterator[int]:
    if not POSTFIX:
        pytest.skip("Postfix is not installed (apt-get install postfix)")
    if os.geteuid() != 0:
        pytest.skip("Postfix needs root, even for a private instance")
    with postfix() as (port, _log):
        yield port


async def test_a_mail_is_taken(submission: Settings, opened: Build, outbound: Build) -> None:
    accepted = await opened(submission).sender.send(outbound(html="<p>ż</p>", subject="Żółć"))
    assert accepted.detail.startswith("250 2.0.0 Ok")


async def test_an_unknown_recipient_is_refused_and_the_next_one_is_not(
    submission: Settings, opened: Build, outbound: Build
) -> None:
    sender = opened(submission).sender
    with pytest.raises(Refused) as failure:
        await sender.send(outbound("refuse-ana@people.example"))
    assert (failure.value.reason, failure.value.code) == (Reason.BAD_ADDRESS, "5.1.1")
    assert await sender.send(outbound())


async def test_many_mails_go_over_few_connections(submission: Settings, opened: Build, outbound: Build) -> None:
    sender = opened(submission).sender
    done = await asyncio.gather(*(sender.send(outbound(f"ana{i}@people.example")) for i in range(40)))
    assert len(done) == 40


async def test_the_server_passes_the_check(submission: Settings, opened: Build) -> None:
    assert [finding.ok for finding in await opened(submission).check()] == [True]


# ---- private instances ----------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Not pytest's: the servers drop their rights and must still get in."""
    with tempfile.TemporaryDirectory(prefix="hub-peer-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start: {log.read_text() if log.exists() else ''}")


@contextlib.contextmanager
def postfix(first_asks: str = "") -> Iterator[tuple[int, Path]]:
    """Its port and its log. `first_asks`: a restriction of recipients before the others."""
    port = free_port()
    with folder() as home:
        conf, queue, data = home / "conf", home / "queue", home / "data"
        for path in (conf, queue, data):
            path.mkdir()
        shutil.chown(data, "postfix")
        (conf / "main.cf").write_text(MAIN_CF.format(queue=queue, data=data, home=home, first=first_asks))
        (conf / "master.cf").write_text(MASTER_CF.format(port=port))
        (conf / "recipients").write_text("/^refuse-/ 550 5.1.1 User unknown\n/./ OK\n")
        process = subprocess.Popen(
            [str(POSTFIX), "-c", str(conf), "start-fg"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(port, process, home / "log")
            yield port, home / "log"
        finally:
            subprocess.run([str(POSTFIX), "-c", str(conf), "stop"], check=False, capture_output=True)
            process.wait(20)


MAIN_CF = """
compatibility_level = 3.6
queue_directory = {queue}
data_directory = {data}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
relay_domains = people.example
default_transport = discard
relay_transport = discard
smtpd_recipient_restrictions = {first} check_recipient_access regexp:$config_directory/recipients, reject
smtpd_relay_restrictions =
maillog_file = {home}/log
maillog_file_prefixes = {home}
multi_instance_enable = no
"""
MASTER_CF = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
discard unix - - n - - discard
error unix - - n - - error
retry unix - - n - - error
postlog unix-dgram n - n - 1 postlogd
"""
