"""The command line. Exit codes: 0 done · 1 something failed or was found wrong · 2 wrong usage · 3 configuration
· 4 the database cannot be used · 130 interrupted.

A command's module is imported when the command is used: reading one mail does not load a web server.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

COMMANDS: Mapping[str, str] = {
    "demo": "hub.cli.demo:demo",
    "run": "hub.cli.running:run",
    "web": "hub.cli.running:web",
    "worker": "hub.cli.running:worker",
    "migrate": "hub.cli.checking:migrate",
    "check": "hub.cli.checking:check",
    "doctor": "hub.cli.checking:doctor",
    "senders": "hub.cli.sending:show",
    "ingest": "hub.cli.ingesting:ingest",
    "import-mail": "hub.cli.reading:import_mail",
    "mailboxes": "hub.cli.mailboxes:app",
    "customers": "hub.cli.customers:app",
    "import-purchases": "hub.cli.purchases:import_purchases",
    "import-appointments": "hub.cli.appointments:import_appointments",
    "occasions": "hub.cli.occasions:app",
    "retention": "hub.cli.retention:keep_no_longer",
    "users": "hub.cli.users:app",
    "sandbox": "hub.cli.sandbox:sandbox",
}
_SETTINGS = {"help_option_names": ["-h", "--help"]}


class Commands(Mapping[str, Any]):
    """The table above, each command made when it is asked for."""

    def __getitem__(self, name: str) -> Any:
        return _command(name)

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class _Group(TyperGroup):
    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = Commands()  # type: ignore[assignment]

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)


app = typer.Typer(
    name="hub",
    cls=_Group,
    help="Contact Hub: every word between a company and its customers, in one log and out through one gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)


@app.callback()
def _hub() -> None:
    """Only so that `app` is a group before any command is loaded."""


def main() -> None:
    """Run the command line; what an operator can mend is told in a sentence, without a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as e:
        told = import_module("hub.cli.failures").told(e)
        if told is None:
            raise
        sys.exit(told)


@cache
def _command(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    target = getattr(import_module(module), attribute)
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False, context_settings=_SETTINGS)
        single.command(name)(target)
        target = single
    command = typer.main.get_command(target)
    command.name = name
    return command
