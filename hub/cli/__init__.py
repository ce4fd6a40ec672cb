"""The command line. Exit codes: 0 done · 1 something failed or was found wrong · 2 wrong usage · 3 configuration
· 4 the database cannot be reached · 130 interrupted."""

from __future__ import annotations

import sys

import typer
from rich.console import Console
from sqlalchemy.exc import InterfaceError, OperationalError

from channels.errors import Misconfigured
from hub.cli import checking, customers, demo, mail, running, sandbox, users
from hub.database.binaries import CannotStart
from hub.settings import ConfigurationError

app = typer.Typer(
    name="hub",
    help="Contact Hub: every word between a company and its customers, in one log and out through one gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo.demo)
app.command()(running.run)
app.command()(running.web)
app.command()(running.worker)
app.command()(checking.migrate)
app.command()(checking.check)
app.command()(checking.doctor)
app.command()(mail.ingest)
app.command("import-mail")(mail.import_mail)
app.add_typer(customers.app, name="customers")
app.add_typer(users.app, name="users")
app.command("sandbox")(sandbox.sandbox)


def main() -> None:
    """Run the command line; what an operator can mend is told in a sentence, without a traceback."""
    try:
        app()
    except (ConfigurationError, Misconfigured) as e:
        _fail(str(e), 3)
    except (CannotStart, OperationalError, InterfaceError, ConnectionError) as e:
        _fail(f"The database cannot be reached: {_root(e)}", 4)
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(message: str, code: int) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[red]error[/] {message}", markup=True)
    sys.exit(code)


def _root(error: BaseException) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).splitlines()[0]
