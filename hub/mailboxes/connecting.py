"""Connecting a mailbox and letting go of it. Takes the database: the provider is asked while no transaction is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from channels.adapter import Authority
from channels.errors import ChannelError
from hub.database.engine import Database
from hub.mailboxes import grants
from hub.mailboxes.questions import Proof
from hub.sealing import Sealer
from hub.staff import audit


@dataclass(frozen=True, slots=True)
class By:
    """Who does it, for the audit trail. The command line has no account and no address."""

    staff_id: int | None = None
    ip: str = ""


async def with_code(
    database: Database,
    sealer: Sealer,
    channel: str,
    authority: Authority,
    code: str,
    proof: Proof,
    *,
    redirect_uri: str,
    by: By,
    now: datetime,
) -> None:
    """Exchange the code and keep what came of it. Raises what the authority raises."""
    tokens = await authority.exchange(code, redirect_uri=redirect_uri, verifier=proof.verifier)
    await keep(database, sealer, channel, tokens.refresh, by=by, now=now)


async def keep(database: Database, sealer: Sealer, channel: str, refresh: str, *, by: By, now: datetime) -> None:
    async with database.unit() as session:
        await grants.keep(session, sealer, channel, refresh, by=by.staff_id, now=now)
        subject = f"channel:{channel}"
        await audit.write(session, "mailbox.connect", staff_id=by.staff_id, subject=subject, ip=by.ip, now=now)


async def disconnect(
    database: Database, sealer: Sealer, channel: str, authority: Authority, *, by: By, now: datetime
) -> bool:
    """Forget the permission, and give it back where the provider takes it; False when it stands there still."""
    async with database.unit() as session:
        grant = await grants.find(session, sealer, channel)
        await grants.forget(session, channel)
        subject = f"channel:{channel}"
        await audit.write(session, "mailbox.disconnect", staff_id=by.staff_id, subject=subject, ip=by.ip, now=now)
    if grant is None or not grant.refresh:
        return False
    try:
        return await authority.revoke(grant.refresh)
    except ChannelError:
        return False
