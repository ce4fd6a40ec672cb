"""The documentation, held against the code: a setting, a command or a word that is not described is a failure."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import pytest
import sqlalchemy
import typer
from pydantic import BaseModel
from sqlmodel import select

from channels.message import Kind, Progress, Reason
from channels.providers import TABLE
from channels.sandbox import magic, mail
from hub import settings
from hub.cli import app
from hub.customers import directory
from hub.customers.sheets import FIELDS
from hub.database.engine import Database
from hub.models import Campaign, Interaction, Occasion, Outbox
from hub.models.vocabulary import CampaignState, OccasionKind, Origin, Purpose, State, Withheld
from hub.outbound import rendering, request
from hub.outbound.question import Rules
from hub.outbound.request import Gate, Request, Words
from hub.segments import fields
from hub.signing import Signer
from hub.webhooks.events import EVENTS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")] + sorted(DOCS.rglob("*.md"))
KNOWN_PROGRAMS = {
    *("git", "make", "hub", "cp", "mkdir", "curl", "openssl", "systemctl", "journalctl", "podman", "docker", "sudo"),
    *("pip", "python3", "nginx", "certbot", "useradd", "psql", "pg_dump", "pg_restore", "createdb", "tar", "cat"),
    *("export", "cd", "install", "chown", "sqlite3", "bash"),
}

_RULE = r"(?:[A-Z]\d{1,2}|3\.\d)\b"


def text(path: str) -> str:
    return (DOCS / path).read_text(encoding="utf-8")


def sections(page: str) -> dict[str, str]:
    """Heading (without its marks) → what stands below it, up to the next heading."""
    parts = re.split(r"^#{1,4} +(.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cells(section: str) -> set[str]:
    """What stands in code marks in the first cell of a table's rows."""
    rows = (line.split("|")[1] for line in section.splitlines() if line.startswith("|"))
    return {word for row in rows for word in re.findall(r"`([^`]+)`", row)}


# ---- settings -------------------------------------------------------------------------------


def described_tables() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in settings.Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield f"[{name}]", field.annotation
    yield "[channels.NAME]", settings.ChannelTable


@pytest.mark.parametrize(("heading", "model"), list(described_tables()), ids=lambda value: str(value))
def test_every_setting_of_the_hub_is_described_and_nothing_else(heading: str, model: type[BaseModel]) -> None:
    described = cells(sections(text("reference/configuration.md"))[heading])
    assert described == set(model.model_fields)


@pytest.mark.parametrize(("kind", "provider"), list(TABLE))
def test_every_setting_of_a_provider_is_described_and_nothing_else(kind: str, provider: str) -> None:
    described = cells(sections(text("reference/configuration.md"))[f"{kind} by {provider}"])
    assert described == set(_all_keys(TABLE[kind, provider].settings))  # type: ignore[index]


def _all_keys(model: type[BaseModel]) -> Iterator[str]:
    """The model's keys and those of the tables in it."""
    for name, field in model.model_fields.items():
        yield name
        for inner in _models(field.annotation):
            yield from _all_keys(inner)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)


def test_the_shipped_configuration_is_valid_and_all_of_it_is_described() -> None:
    settings.load(ROOT / "config.toml")
    shipped = tomllib.loads((ROOT / "config.toml").read_text(encoding="utf-8"))
    page = text("reference/configuration.md")
    assert [key for key in _keys(shipped) if f"`{key}`" not in page] == []


def test_every_key_that_the_shipped_configuration_comments_out_is_a_real_one() -> None:
    names = re.findall(r"^# (\w+) = ", (ROOT / "config.toml").read_text(encoding="utf-8"), re.MULTILINE)
    known = {key for _, model in described_tables() for key in model.model_fields}
    assert names
    assert [name for name in names if name not in known] == []


def _keys(table: dict[str, Any]) -> Iterator[str]:
    for name, value in table.items():
        if not isinstance(value, dict):
            yield name
            continue
        yield from _keys(value) if name != "channels" else (k for one in value.values() for k in _keys(one))


# ---- commands -------------------------------------------------------------------------------


def commands() -> Iterator[tuple[str, click.Command]]:
    yield from _commands("hub", typer.main.get_command(app))


def _commands(path: str, command: Any) -> Iterator[tuple[str, click.Command]]:
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", inner)
    if not getattr(command, "commands", {}):
        yield path, command


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_is_described_with_all_its_options(name: str, command: click.Command) -> None:
    described = sections(text("reference/commands.md")).get(name)
    assert described, f"docs/reference/commands.md has no heading {name}"
    everywhere = {"--config", "-c", "--json", "--help", "-h"}
    options = {o for p in command.params if p.param_type_name == "option" for o in p.opts} - everywhere
    assert cells(described) - everywhere == options


def test_no_command_is_described_that_does_not_exist() -> None:
    headings = {heading for heading in sections(text("reference/commands.md")) if heading.startswith("hub ")}
    assert headings == {name for name, _ in commands()}


def test_every_exit_code_of_the_command_line_is_described() -> None:
    from hub import cli

    codes = set(re.findall(r"(?:^|· |codes: )(\d+) ", (cli.__doc__ or "").replace("\n", " ")))
    rows = re.findall(r"^\| (\d+) \|", text("reference/exit-codes.md"), re.MULTILINE)
    assert codes == set(rows)


# ---- words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("State of an interaction", State),
        ("Withheld: why the gate says no", Withheld),
        ("Occasions", OccasionKind),
        ("Reason: why a message failed", Reason),
        ("Progress: how far a provider says a message is", Progress),
    ],
)
def test_every_word_of_a_closed_list_is_described(heading: str, words: type[State]) -> None:
    assert cells(sections(text("reference/states.md"))[heading]) == {word.value for word in words}


@pytest.mark.parametrize("words", [State, Progress])
def test_the_ranks_that_are_told_are_the_ranks_that_count(words: type[State]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d) \|", text("reference/states.md"), re.MULTILINE)
    assert {(word.value, str(word.rank)) for word in words} <= set(rows)


def test_the_sandboxs_tables_are_told_as_they_stand_in_the_code() -> None:
    page = text("reference/sandbox.md")
    assert [
        f"| `{one.ending}` | {one.what} |" for one in magic.table() if f"| `{one.ending}` | {one.what} |" not in page
    ] == []
    addresses = re.findall(r"^\| (`\w+-ana@…`) +\| (.+?) *\|$", mail.__doc__ or "", re.MULTILINE)
    assert addresses
    assert [f"| {a} | {what} |" for a, what in addresses if f"| {a} | {what} |" not in page] == []


def test_every_file_of_a_template_is_described() -> None:
    assert cells(sections(text("reference/templates.md"))["Message templates"]) == set(rendering.FILES.values())


def test_every_event_of_webhooks_is_described_with_its_keys_and_nothing_else() -> None:
    rows = re.findall(r"^\| `([a-z.]+)` \| (.+?) \|", text("how-to/outgoing-webhooks.md"), re.MULTILINE)
    assert {event: tuple(re.findall(r"`(\w+)`", keys)) for event, keys in rows} == dict(EVENTS)


def test_every_column_that_can_be_imported_is_described() -> None:
    page = text("how-to/import-customers.md")
    assert [field for field in FIELDS if f"`{field}`" not in page] == []


def test_every_field_of_segments_is_described() -> None:
    page = (DOCS / "reference/segments.md").read_text()
    assert [field for field in fields.FIELDS if f"`{field}`" not in page] == []


async def test_after_the_restores_statements_nothing_waits_to_leave(database: Database, now: datetime) -> None:
    (sql,) = _blocks(DOCS / "how-to" / "back-up-and-restore.md", "sql")
    async with database.unit() as session:
        ana = await directory.create(
            session, directory.NewCustomer(name="Ana", emails=("ana@people.example",)), now=now
        )
        words = Request(ana.id, Purpose.SERVICE, Origin.AGENT, Words("Hello", subject="Hello"))
        placed = await request.send(session, words, gate=_gate(), now=now)
        session.add(Campaign(name="Spring", state=CampaignState.RUNNING, created_at=now))
    async with database.unit() as session:
        for statement in _statements(sql):
            await session.execute(sqlalchemy.text(statement))
    async with database.unit() as session:
        interaction = await session.get(Interaction, placed.interaction_id)
        assert interaction is not None
        assert (interaction.state, interaction.state_rank) == (State.CANCELLED, State.CANCELLED.rank)
        assert (await session.exec(select(Outbox))).all() == []
        assert [c.state for c in await session.exec(select(Campaign))] == [CampaignState.PAUSED]
        assert [o.enabled for o in await session.exec(select(Occasion))] == [False]


def _statements(sql: str) -> list[str]:
    bare = re.sub(r"^--.*$", "", sql, flags=re.MULTILINE).replace(":00", r"\:00")
    return [statement for statement in bare.split(";") if statement.strip()]


def _gate() -> Gate:
    rules = Rules.from_settings(settings.GateTable(), "UTC")
    signer = Signer(b"a secret of the tests")
    return Gate(rules, {Kind.EMAIL: ("mail",)}, signer, "https://hub.example", "Meadow & Sons", "en")


def test_every_rule_that_code_cites_is_told() -> None:
    told = set(re.findall(r"^\| ([A-Z]?\d[\d.]*) \|", text("reference/rules.md"), flags=re.MULTILINE))
    code = "".join(p.read_text(encoding="utf-8") for top in ("hub", "channels") for p in (ROOT / top).rglob("*.py"))
    cited = {
        rule
        for group in re.findall(rf"[Rr]equirements? ({_RULE}(?:(?:,| and| to|-) ?{_RULE})*)", code)
        for rule in re.findall(_RULE, group)
    }
    assert cited > {"M12", "S6", "U6"}
    assert cited - told == set()


# ---- pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_documentation_leads_somewhere(page: Path) -> None:
    assert [link for link in _links(page) if not _leads(page, link)] == []


def _links(page: Path) -> list[str]:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found = re.findall(r"!?\[[^\]]*\]\(([^)\s]+)\)", prose)
    return [link for link in found if not link.startswith(("http://", "https://", "mailto:"))]


def _leads(page: Path, link: str) -> bool:
    file, _, anchor = link.partition("#")
    target = (page.parent / file) if file else page
    if not target.exists():
        return False
    return not anchor or anchor in {_anchor(heading) for heading in sections(target.read_text(encoding="utf-8"))}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_to_type_begin_with_commands_that_exist(page: Path) -> None:
    lines = [line for block in _blocks(page, "console") for line in block.splitlines() if line.startswith("$ ")]
    assert [line for line in lines if not _is_a_command(line.removeprefix("$ "))] == []


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def _is_a_command(line: str) -> bool:
    words = [word for word in line.split() if not re.match(r"[A-Z_]+=|--user=", word)]
    words = words[1:] if words[0] == "sudo" else words
    program = Path(words[0]).name
    if program == "hub":
        return any(" ".join(words[:n]).replace(words[0], "hub", 1) in {c for c, _ in commands()} for n in (2, 3))
    if program == "make":
        return len(words) == 1 or words[1] in _targets()
    return program in KNOWN_PROGRAMS


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_the_readmes_two_commands_are_targets_of_the_makefile() -> None:
    typed = {line.removeprefix("$ ") for block in _blocks(ROOT / "README.md", "console") for line in block.splitlines()}
    assert {"make demo", "make test"} <= typed
    assert {"demo", "test", "lint", "bench"} <= _targets()


@pytest.mark.parametrize("target", ["demo", "test", "lint", "bench"])
def test_make_knows_what_to_do_for(target: str) -> None:
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_speaks_of_a_machine_it_was_written_on(page: Path) -> None:
    here = [str(ROOT.parent), os.path.expanduser("~") + "/", "/tmp/", "/work/", "file://"]
    assert [path for path in here if len(path) > 2 and path in page.read_text(encoding="utf-8")] == []


def test_every_page_of_the_documentation_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        waiting += [page.parent / link.partition("#")[0] for link in _links(page) if link.partition("#")[0]]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page.resolve() not in reached] == []


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=lambda page: page.name)
def test_a_decision_is_short_and_numbered(page: Path) -> None:
    if page.name == "README.md":  # their list
        return
    assert re.match(r"\d{4}-[a-z0-9-]+\.md$", page.name)
    assert len(page.read_text(encoding="utf-8").splitlines()) <= 40
