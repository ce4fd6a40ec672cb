"""`hub mailboxes` and `hub check` with a mailbox whose owner has to say yes, against the sandbox's provider."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.cli.shell import SECONDS, _outside

OWN = "support@meadow.example"


@pytest.fixture
async def by_owner(quick: Any, tmp_path: Path) -> AsyncIterator[Any]:
    """The shipped configuration with the mailbox open by OAuth at the sandbox, which is up."""
    config, base = tmp_path / "config.toml", quick.environment["HUB_CHANNELS__SMS__BASE_URL"]
    urls = "\n".join(f'{name}_url = "{base}/oauth/{name}"' for name in ("authorize", "token", "device", "revoke"))
    oauth = f'\n[channels.mail.oauth]\nprovider = "custom"\nclient_id = "hub"\nscopes = ["mail"]\n{urls}\n'
    no_password = re.sub(r', username = "\S+", password = "sandbox"', "", config.read_text())
    config.write_text(no_password + oauth)
    async with quick.running("sandbox", until="Play the customers at"):
        yield quick


async def decide(url: str, **form: str) -> httpx.Response:
    async with httpx.AsyncClient() as browser:
        return await browser.post(url, data=form)


async def test_a_mailbox_is_found_unconnected_then_connected_by_device_then_let_go_of(by_owner: Any) -> None:
    before = await by_owner.hub("check")
    assert before.code == 1
    assert "/settings/mailboxes, or `hub mailboxes connect mail`" in before.words
    found = (await by_owner.hub("check", "--json")).json["mail"]
    assert [one for one in found if one["remedy"] and one["remedy"] in one["detail"]] == []  # said once
    process = await by_owner.start(("mailboxes", "connect", "mail"), {}, stderr=None)
    async with asyncio.timeout(SECONDS):
        said = (await process.stdout.readline()).decode()
    url, account, code = re.fullmatch(r"Open (\S+) as (\S+) and type (\w+)\n", said).groups()  # type: ignore[union-attr]
    assert account == OWN
    assert (await decide(url, user_code=code, account=OWN, decision="allow")).status_code == 200
    await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0
    after, listed = await by_owner.hub("check", "--json"), await by_owner.hub("mailboxes", "list", "--json")
    assert {step["ok"] for step in after.json["mail"]} == {True}
    assert (listed.json[0]["name"], listed.json[0]["provider"], listed.json[0]["trouble"]) == ("mail", "127.0.0.1", "")
    gone = await by_owner.hub("mailboxes", "disconnect", "mail")
    assert (gone.code, gone.words) == (0, "mail is disconnected.")
    assert "not connected" in (await by_owner.hub("mailboxes", "list")).words


async def asked(shell: Any) -> tuple[asyncio.subprocess.Process, str]:
    """`hub mailboxes connect mail --by browser`, up to the address it shows."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hub", "mailboxes", "connect", "mail", "--by", "browser"),
        cwd=shell.folder,
        env={**_outside(), **shell.environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    async with asyncio.timeout(SECONDS):
        await process.stdout.readline()
        return process, (await process.stdout.readline()).decode().strip()


async def test_a_mailbox_is_connected_by_the_address_that_a_browser_elsewhere_ends_at(by_owner: Any) -> None:
    process, url = await asked(by_owner)
    words = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    answer = await decide(url.partition("?")[0], **words, account=OWN, decision="allow")
    out, _ = await asyncio.wait_for(process.communicate(answer.headers["location"].encode() + b"\n"), SECONDS)
    assert (process.returncode, b"mail is connected" in out) == (0, True)


async def test_an_address_of_another_question_is_not_taken(by_owner: Any) -> None:
    process, _ = await asked(by_owner)
    out, _ = await asyncio.wait_for(process.communicate(b"http://hub/x?state=cli-other&code=c\n"), SECONDS)
    assert (process.returncode, b"answer to another question" in out) == (1, True)


async def test_a_mailbox_that_is_not_there_or_has_a_password_cannot_be_connected(quick: Any) -> None:
    nowhere, password = await asyncio.gather(
        quick.hub("mailboxes", "connect", "nowhere"), quick.hub("mailboxes", "connect", "mail")
    )
    assert (nowhere.code, password.code) == (1, 1)
    assert "there is no mailbox nowhere. Known: mail" in nowhere.err
    assert "nothing to connect" in password.err
