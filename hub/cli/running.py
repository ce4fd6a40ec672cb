"""`hub run`, `hub web`, `hub worker`: the long-lived processes, and the one that watches over them."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import nullcontext, suppress
from pathlib import Path

import structlog

from hub import bootstrap
from hub.bootstrap import Hub
from hub.cli import options
from hub.database.binaries import CannotStart
from hub.jobs import worker as jobs
from hub.settings import ConfigurationError, Settings

GRACE_SECONDS = 10
DATABASE_SECONDS = 5  # between two looks at the bundled server
_log = structlog.get_logger("run")


def run(config: options.Config = None, workers: int = 1) -> None:
    """Run everything: the database (if bundled), the web server and the workers. Ctrl-C stops it cleanly."""
    options.set_up_logs(name="run")
    demand_port(options.settings(config))
    with options.database(config) as (chosen, _url):
        options.out.print(f"Contact Hub at [bold]{chosen.hub.public_url}[/]  (Ctrl-C stops)")
        commands = {
            "web": command("web", config),
            **{f"worker-{n}": command("worker", config) for n in range(1, workers + 1)},
        }
        options.run(supervise(commands, settings=chosen))


def web(config: options.Config = None) -> None:
    """Run the web server alone: pages, API, webhooks, public links."""
    options.set_up_logs(name="web")
    demand_port(options.settings(config))
    options.with_hub(config, serve)


def worker(config: options.Config = None) -> None:
    """Run one worker alone: sending, receiving, schedules, background jobs. Start as many as you like."""
    options.set_up_logs(name="worker")
    options.with_hub(config, work)


async def serve(hub: Hub) -> None:
    """Serve HTTP until SIGTERM or SIGINT; requests in flight are finished first."""
    import uvicorn  # workers start often and serve nothing: they do without the web's modules

    from hub.app import create_app

    server = uvicorn.Server(
        uvicorn.Config(
            create_app(hub),
            host=hub.settings.web.host,
            port=hub.settings.web.port,
            log_config=None,
            access_log=False,
            proxy_headers=bool(hub.settings.web.trusted_proxies),
            forwarded_allow_ips=list(hub.settings.web.trusted_proxies),
            server_header=False,
            timeout_graceful_shutdown=5,
        )
    )
    jobs.leave_imports_alone()
    await server.serve()


async def work(hub: Hub) -> None:
    """Work until SIGTERM or SIGINT; what is in flight is finished first, within the grace period."""
    jobs.leave_imports_alone()
    await jobs.run(hub, stop_signal())


def demand_port(settings: Settings) -> None:
    """Raises ConfigurationError when the web server could not listen, before anything else is started."""
    host, port = settings.web.host, settings.web.port
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as e:
            raise ConfigurationError(
                f"[web] the hub cannot listen on {host}:{port}: {e.strerror}. "
                "Is another hub running? Stop it, or set [web] port (HUB_WEB__PORT) to a free one"
            ) from e


def command(name: str, config: Path | None) -> list[str]:
    """The command line that starts another `hub` process with the same configuration."""
    return [sys.executable, "-m", "hub", name, *(["--config", str(config)] if config else [])]


def stop_signal() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return stop


async def supervise(
    commands: dict[str, list[str]], stop: asyncio.Event | None = None, *, settings: Settings, log: Path | None = None
) -> None:
    """Keep one process per command running until `stop` (default: SIGTERM, SIGINT); a crashed one is started again.

    So is the bundled database. With `log` their logs are added to that file instead of standard error.
    """
    stop = stop or stop_signal()
    async with asyncio.TaskGroup() as group:
        if settings.database.url is None:
            group.create_task(_keep_database(settings, stop))
        for name, line in commands.items():
            group.create_task(_keep_running(name, line, stop, log))


async def _keep_running(name: str, line: list[str], stop: asyncio.Event, log: Path | None) -> None:
    pause = 1.0
    while not stop.is_set():
        started = asyncio.get_running_loop().time()
        # its own session: a Ctrl-C at the terminal reaches the supervisor alone, which then stops the others in order
        with log.open("ab") if log else nullcontext() as stderr:
            process = await asyncio.create_subprocess_exec(*line, start_new_session=True, stderr=stderr)
        code = await _until_end(process, stop)
        if stop.is_set():
            return
        pause = 1.0 if asyncio.get_running_loop().time() - started > 60 else min(pause * 2, 30)
        _log.error("process ended, starting it again", name=name, code=code, pause=pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def _keep_database(settings: Settings, stop: asyncio.Event) -> None:
    """Look after the bundled server: entering it again revives one that died."""
    while not stop.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), DATABASE_SECONDS)
            return
        try:
            await asyncio.to_thread(_revive, settings)
        except CannotStart as e:
            _log.error("the database does not start", error=str(e))


def _revive(settings: Settings) -> None:
    with bootstrap.running_database(settings):
        pass


async def _until_end(process: asyncio.subprocess.Process, stop: asyncio.Event) -> int:
    ended, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not ended.done():
        process.terminate()
        with suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(ended), GRACE_SECONDS + 2)
        process.kill()
    return await ended
