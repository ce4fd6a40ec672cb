"""`hub users`: the people who work in the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from hub import clock
from hub.bootstrap import Hub
from hub.cli import options
from hub.models.vocabulary import Role
from hub.staff import accounts

app = typer.Typer(no_args_is_help=True, help="The people who work in the hub.")

Password = Annotated[
    str,
    typer.Option(
        prompt=True,
        hide_input=True,
        confirmation_prompt=True,
        envvar="HUB_PASSWORD",
        help="At least 10 characters; better through $HUB_PASSWORD or the prompt than on the command line.",
    ),
]


@app.command()
def add(
    email: str,
    name: Annotated[str, typer.Option(prompt=True, help="As customers see it.")],
    role: Annotated[Role, typer.Option(help="What this person may do.")] = Role.AGENT,
    password: Password = "",
    phone: Annotated[str | None, typer.Option(help="Where calls reach this person, as in +48601123456.")] = None,
    config: options.Config = None,
) -> None:
    """Add a member of staff. The first one is usually an admin."""

    async def create(hub: Hub) -> int:
        async with hub.database.unit() as session:
            staff = await accounts.create(
                session,
                email=email,
                name=name,
                role=role,
                password=password,
                phone=phone,
                now=clock.now(),
                ours=hub.reception.numbers,
            )
            return staff.id or 0

    try:
        number = options.with_hub(config, create)
    except ValueError as e:
        options.err.print(f"[red]error[/] {options.shown(e)}")
        raise typer.Exit(1) from e
    options.out.print(options.shown(f"{name} ({role.value}) may sign in as {email}. Number {number}."))


@app.command("password")
def password_(email: str, password: Password = "", config: options.Config = None) -> None:
    """Give somebody a new password; whoever is signed in with the old one is signed out."""

    async def change(hub: Hub) -> None:
        async with hub.database.unit() as session:
            staff = await accounts.by_email(session, email)
            if staff is None or staff.id is None:
                raise ValueError(f"nobody signs in as {email}")
            await accounts.change_password(session, staff.id, password, now=clock.now())

    try:
        options.with_hub(config, change)
    except ValueError as e:
        options.err.print(f"[red]error[/] {options.shown(e)}")
        raise typer.Exit(1) from e
    options.out.print(options.shown(f"{email} has a new password."))


@app.command("list")
def list_(config: options.Config = None, json: options.Json = False) -> None:
    """List the staff."""

    async def listing(hub: Hub) -> list[dict[str, object]]:
        async with hub.database.unit() as session:
            people = await accounts.listing(session)
            return [
                {"id": p.id, "email": p.email, "name": p.name, "role": p.role.value, "active": p.active} for p in people
            ]

    people = options.with_hub(config, listing)
    if json:
        options.print_json(people)
        return
    for person in people:
        options.out.print(options.shown("  ".join(str(value) for value in person.values())))
