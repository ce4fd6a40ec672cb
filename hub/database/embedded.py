"""The bundled PostgreSQL: started when needed, shared by every process, stopped by the last one that lets go.

Two flocks in the home folder carry the whole protocol. `server.lock` is inherited by the server and all its
children: whoever gets it knows that no server of this folder is alive, whatever stale pid files say. `users.lock`
is held shared by everybody inside `server()`: whoever gets it exclusively was the last one, and stops the server.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from hub.database import buffers
from hub.database.binaries import (
    Account,
    CannotStart,
    Programs,
    account_for,
    can_enter,
    clean_environment,
    programs_for,
    run,
)

_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET = 103  # bytes; sun_path of macOS, Linux has four more
_ACCEPTING, _STARTING, _SILENT = 0, 1, 2  # answers of pg_isready
_LOG_BYTES = 10_000_000
_STOP_SECONDS = 60.0
_CTYPE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"

# Written once into postgresql.conf, where the operator may change it. Terse: DETAIL lines quote customers' rows.
_SETTINGS = """
# --- contact hub ---
max_connections = 200
shared_buffers = {buffers}
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
log_error_verbosity = terse
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """One server's folder, where its socket lies, its programs and the account that runs them."""

    home: Path
    sockets: Path
    programs: Programs
    account: Account

    @property
    def data(self) -> Path:
        return self.home / f"data-{self.programs.major}"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"


def url(home: Path) -> str:
    """Where the server of this home listens: a Unix socket. The port is named so that PGPORT does not matter."""
    return f"postgresql://postgres@/postgres?host={quote(str(_sockets(home.resolve())))}&port=5432"


@contextmanager
def server(home: Path, *, fsync: bool = True, timeout_seconds: float = 600) -> Iterator[str]:
    """Yield the URL of a running server whose data lies in `home`; stop it at the end if nobody else uses it.

    Holders may nest and may be many processes; entering again also revives a server that died in the meantime.
    A holder that is killed leaves the server running for the next one. `timeout_seconds` is generous because
    recovery after a crash may replay a lot. `fsync=False` is for tests: a power cut loses everything.
    It blocks; from a running loop use `asyncio.to_thread`. Raises CannotStart.
    """
    deadline = time.monotonic() + timeout_seconds
    place = _settle(home)
    users = _open(place, "users.lock")
    try:
        _wait(lambda: _locked(users, fcntl.LOCK_SH), deadline, f"Another process is stopping PostgreSQL in {home}")
        _start(place, fsync=fsync, deadline=deadline)
        yield url(home)
    finally:
        _leave(place, users)


def _settle(home: Path) -> _Place:
    """The folder, made if need be, private, and given to the account that will run the server."""
    home = home.resolve()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _claim(home)
        account = account_for(home)
        if account.uid is not None and account.gid is not None:
            os.chown(home, account.uid, account.gid)
        home.chmod(0o700)
    except PermissionError as problem:
        raise CannotStart(f"The database folder {home} is not ours ({problem}). Run as its owner") from problem
    _make_sockets(_sockets(home), home, account)
    return _Place(home, _sockets(home), programs_for(account), account)


def _claim(home: Path) -> None:
    """Never take over a folder that is somebody else's: ours is empty or has our lock in it."""
    if any(home.iterdir()) and not (home / "users.lock").exists():
        raise CannotStart(f"{home} holds other files. Give PostgreSQL a folder of its own")
    (home / "users.lock").touch(mode=0o600)


def _sockets(home: Path) -> Path:
    """The home itself, or a short stand-in when its path does not fit into a socket address."""
    if len(os.fsencode(home / _SOCKET)) <= _LONGEST_SOCKET:
        return home
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    return Path("/tmp") / f"contact-hub-{digest}"  # noqa: S108 - 0700 and its owner checked in _make_sockets


def _make_sockets(folder: Path, home: Path, account: Account) -> None:
    if folder == home:
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    found, ours = folder.lstat(), {os.geteuid(), account.uid}
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours or found.st_mode & 0o077:
        raise CannotStart(f"{folder} belongs to somebody else. Remove it, or set data_dir to a shorter path")
    if account.uid is not None and account.gid is not None:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)


def _start(place: _Place, *, fsync: bool, deadline: float) -> None:
    """Return when the server answers, whoever started it."""
    ours: subprocess.Popen[bytes] | None = None

    def is_up() -> bool:
        nonlocal ours
        answer = _answer(place)
        if answer == _SILENT and ours is None:
            ours = _launch(place, fsync=fsync)
        if ours is not None and ours.poll() is not None:
            raise CannotStart(f"PostgreSQL did not start. The end of {place.log}:\n{_tail(place.log)}")
        return answer == _ACCEPTING

    _wait(is_up, deadline, f"PostgreSQL is not ready in time, see {place.log}")


def _launch(place: _Place, *, fsync: bool) -> subprocess.Popen[bytes] | None:
    """Start the server unless one is alive. Only its own processes hold the lock afterwards."""
    lock = _open(place, "server.lock")
    try:
        if not _locked(lock, fcntl.LOCK_EX):
            return None
        for stale in (place.data / "postmaster.pid", place.sockets / _SOCKET, place.sockets / f"{_SOCKET}.lock"):
            stale.unlink(missing_ok=True)
        if not place.data.exists():
            _initialise(place, fsync=fsync)
        return _spawn(place, lock, fsync=fsync)
    finally:
        os.close(lock)


def _initialise(place: _Place, *, fsync: bool) -> None:
    """A new data folder, complete or not there at all."""
    _refuse_other_majors(place)
    fresh = place.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    with _door(place) as (home, descriptors):
        done = run(_initdb(place.programs, home / fresh.name, fsync=fsync), place.account, descriptors=descriptors)
    if done.returncode:
        raise CannotStart(f"initdb failed in {place.home}:\n{done.stdout[-2000:]}")
    with (fresh / "postgresql.conf").open("a") as configuration:
        configuration.write(_SETTINGS.format(buffers=buffers.setting()))
    fresh.rename(place.data)


def _refuse_other_majors(place: _Place) -> None:
    if others := sorted(folder.name for folder in place.home.glob("data-*")):
        raise CannotStart(
            f"{place.home} holds {', '.join(others)}, but the programs are PostgreSQL {place.programs.major}. "
            "Back up with the hub as it was before, then restore into an empty folder"
        )


def _initdb(programs: Programs, data: Path, *, fsync: bool) -> list[str]:
    words = [str(programs.folder / "initdb"), "-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    words += [f"--locale={_CTYPE}", "--text-search-config=simple", "--no-instructions"]
    if programs.major >= 17:  # the same order and case rules on every machine
        words += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return words if fsync else [*words, "--no-sync"]


def _spawn(place: _Place, lock: int, *, fsync: bool) -> subprocess.Popen[bytes]:
    careless = [] if fsync else ["-cfsync=off", "-csynchronous_commit=off", "-cfull_page_writes=off"]
    if place.log.exists() and place.log.stat().st_size > _LOG_BYTES:
        place.log.replace(place.log.with_suffix(".log.1"))
    with _door(place) as (home, descriptors), open(_open(place, place.log.name, os.O_APPEND), "ab") as log:
        sockets = home if place.sockets == place.home else place.sockets
        words = ["-D", str(home / place.data.name), "-k", str(sockets), "-clisten_addresses=", "-p5432", *careless]
        return subprocess.Popen(  # noqa: S603 - our own words, no shell
            [str(place.programs.folder / "postgres"), *words],
            user=place.account.uid,
            group=place.account.gid,
            extra_groups=place.account.groups,
            pass_fds=[lock, *descriptors],
            cwd="/",
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us; we stop the server last
        )


@contextmanager
def _door(place: _Place) -> Iterator[tuple[Path, list[int]]]:
    """The home as the server's account can reach it, and the descriptors it must inherit for that.

    When root's own folders stand in between (a checkout below /root), an inherited descriptor of the home gives
    a path through /proc that needs no right to walk the parents, so nobody's permissions are opened.
    """
    if place.account.uid is None or can_enter(place.account, place.home):
        yield place.home, []
        return
    if sys.platform != "linux":
        raise CannotStart(f"The user {place.account.name!r} cannot reach {place.home}. Choose another data_dir")
    descriptor = os.open(place.home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}"), [descriptor]
    finally:
        os.close(descriptor)


def _leave(place: _Place, users: int) -> None:
    """Let go first, then ask for all: of several who leave at once, one is the last and stops the server."""
    try:
        fcntl.flock(users, fcntl.LOCK_UN)
        if _locked(users, fcntl.LOCK_EX):
            _stop(place)
    finally:
        os.close(users)


def _stop(place: _Place) -> None:
    """Fast shutdown. Over when the lock comes free: then not one of the server's processes is left."""
    lock, asked = _open(place, "server.lock"), False

    def is_down() -> bool:
        nonlocal asked
        if _locked(lock, fcntl.LOCK_EX):
            return True
        # Only a server that answers has written the pid file itself; a stale one may name anybody.
        if not asked and _answer(place) in (_ACCEPTING, _STARTING):
            asked = _signal(place, signal.SIGINT)
        return False

    try:
        _wait(is_down, time.monotonic() + _STOP_SECONDS, "PostgreSQL does not stop")
    except CannotStart:
        if asked:
            _signal(place, signal.SIGQUIT)  # it recovers at the next start
    finally:
        os.close(lock)


def _signal(place: _Place, what: signal.Signals) -> bool:
    try:
        os.kill(int((place.data / "postmaster.pid").read_text().split()[0]), what)
    except (OSError, ValueError, IndexError):  # gone, or not written yet
        return False
    return True


def _answer(place: _Place) -> int:
    words = ["-q", "-h", str(place.sockets), "-p", "5432", "-U", "postgres"]
    return run([str(place.programs.folder / "pg_isready"), *words], Account()).returncode


def _open(place: _Place, name: str, flags: int = 0) -> int:
    descriptor = os.open(place.home / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | flags, 0o600)
    if place.account.uid is not None and place.account.gid is not None:
        os.fchown(descriptor, place.account.uid, place.account.gid)
    return descriptor


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(is_so: Callable[[], bool], deadline: float, otherwise: str) -> None:
    while not is_so():
        if time.monotonic() > deadline:
            raise CannotStart(otherwise)
        time.sleep(0.02)


def _tail(log: Path) -> str:
    return log.read_bytes()[-2000:].decode(errors="replace") if log.exists() else "(empty)"
