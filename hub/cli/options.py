"""What the commands share: options, consoles, logs, and the way into the hub."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import structlog
import typer
import uvloop
from structlog.tracebacks import ExceptionDictTransformer

from hub import bootstrap
from hub.bootstrap import Hub
from hub.cli.failures import reaching
from hub.cli.printing import Json, err, out, print_json, shown
from hub.settings import Settings, load

__all__ = [
    "Config",
    "Json",
    "database",
    "err",
    "opened",
    "out",
    "print_json",
    "reaching",
    "run",
    "set_up_logs",
    "settings",
    "shown",
    "with_hub",
]

T = TypeVar("T")

Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="The configuration file; default $HUB_CONFIG, else ./config.toml.", show_default=False
    ),
]


def settings(config: Path | None) -> Settings:
    """The validated configuration. Raises ConfigurationError."""
    return load(config)


@contextmanager
def database(config: Path | None) -> Iterator[tuple[Settings, str]]:
    """Settings and the URL of a running, migrated database; the bundled server is started if need be."""
    chosen = settings(config)
    with bootstrap.running_database(chosen) as url:
        with reaching(url):
            run(bootstrap.prepare(url))
        yield chosen, url


@asynccontextmanager
async def opened(chosen: Settings, url: str) -> AsyncIterator[Hub]:
    """The hub on a prepared database."""
    async with bootstrap.open_hub(chosen, url) as hub:
        yield hub


def with_hub(config: Path | None, body: Callable[[Hub], Coroutine[Any, Any, T]]) -> T:
    """Run `body` with an opened hub, on a running and migrated database."""

    async def inside(chosen: Settings, url: str) -> T:
        async with opened(chosen, url) as hub:
            return await body(hub)

    with database(config) as (chosen, url):
        return run(inside(chosen, url))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run one coroutine to its end, or until Ctrl-C."""
    if sys.platform == "win32":
        return asyncio.run(_stoppable(work))
    return uvloop.run(_stoppable(work))


async def _stoppable(work: Coroutine[Any, Any, T]) -> T:
    """What fails in work that is being stopped (a statement cut short) is no failure of its own."""
    try:
        return await work
    except Exception as e:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from e
        raise


def set_up_logs(*, name: str, quiet: bool = False) -> None:
    """One event a line on standard error: JSON for machines, words on a terminal. Never a message's text."""
    terminal = sys.stderr.isatty()
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    renderer: Any = plain if terminal else structlog.processors.JSONRenderer(ensure_ascii=False)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([] if terminal else [_exceptions()]),
    ]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR if quiet else logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    structlog.contextvars.bind_contextvars(process=name)
    _route_standard_logging(shared, renderer)


def _exceptions() -> Any:
    """Tracebacks as data, without local variables: those hold what people wrote."""
    return structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=12))


def _route_standard_logging(shared: list[Any], renderer: Any) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
