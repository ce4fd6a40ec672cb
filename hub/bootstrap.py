"""Building the hub from its settings: everything that is held while it runs, opened in order, closed in reverse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from channels.adapter import Authority, Channel, TokenSource
from channels.message import Kind
from channels.providers import Granting, authority, closed, open_channel
from hub import clock
from hub.customers import purchases
from hub.database import embedded, migrating
from hub.database.engine import Database
from hub.inbound.receive import Reception
from hub.interactions import partitions
from hub.kept_secret import kept_secret
from hub.live import Live
from hub.mailboxes.tokens import MailboxTokens
from hub.models import METADATA
from hub.models.vocabulary import Unit
from hub.outbound import senders
from hub.outbound.question import Rules
from hub.outbound.request import Gate
from hub.outbound.senders import Limits
from hub.queue import install
from hub.sealing import Sealer
from hub.settings import Settings
from hub.signing import Signer
from hub.storage import Storage, open_storage


@dataclass(frozen=True, slots=True)
class Hub:
    """What the doors need. One per process."""

    settings: Settings
    database: Database
    channels: Mapping[str, Channel]
    storage: Storage
    signer: Signer
    sealer: Sealer
    live: Live
    gate: Gate
    reception: Reception


@contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """The URL of the database: the configured one, or the bundled server, started if need be and held while inside."""
    if settings.database.url is not None:
        yield settings.database.url.get_secret_value()
        return
    with embedded.server(settings.hub.data_dir / "postgres") as url:
        yield url


async def prepare(url: str) -> None:
    """Migrate, install the job queue's tables, and make the log's partitions for the coming months. Raises Misfit."""
    await migrating.upgrade(url)
    await migrating.fit(url, {table.name: [one.name for one in table.columns] for table in METADATA.sorted_tables})
    await install(url)
    database = Database(url, pool_size=1)
    try:
        async with database.unit() as session:
            await partitions.ensure_months(session, clock.now())
    finally:
        await database.close()


@asynccontextmanager
async def open_hub(settings: Settings, url: str) -> AsyncIterator[Hub]:
    """Open every part on a migrated database. Raises ConfigurationError or channels.errors.Misconfigured."""
    async with AsyncExitStack() as stack:
        database = Database(url)
        stack.push_async_callback(database.close)
        live = Live(url)
        stack.push_async_callback(live.close)
        sealing = sealer(settings)
        channels = open_channels(settings, granting(settings, database, sealing))
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        yield await _assemble(settings, database, live, channels, sealing)


def granting(settings: Settings, database: Database, sealer: Sealer) -> Granting:
    """Where channels whose accounts' owners let us in get their tokens: what was allowed lies in the database."""

    def source(name: str, asked: Authority) -> TokenSource:
        remedy = f"Connect it: {mailboxes_page(settings)}, or `hub mailboxes connect {name}`"
        return MailboxTokens(database, sealer, name, asked, remedy=remedy)

    return source


def needs_grants(settings: Settings) -> bool:
    """Is there a channel whose account's owner lets us in? Then trying the channels takes the database."""
    tables = settings.channels.items()
    return any(authority(name, t.kind, t.provider, t.provider_settings) is not None for name, t in tables)


def mailboxes_page(settings: Settings) -> str:
    """Where mailboxes are connected. Owners come back from their provider below it, at `/callback`."""
    return f"{settings.hub.public_url}/settings/mailboxes"


def open_channels(settings: Settings, granting: Granting = closed) -> dict[str, Channel]:
    """Every configured channel, connected to nothing yet."""
    return {
        name: open_channel(
            name,
            table.kind,
            table.provider,
            table.provider_settings,
            webhook_base=f"{settings.hub.public_url}/webhooks/{name}",
            granting=granting,
        )
        for name, table in settings.channels.items()
    }


async def _assemble(
    settings: Settings, database: Database, live: Live, channels: dict[str, Channel], sealing: Sealer
) -> Hub:
    storage = open_storage(settings.storage.url or str(settings.hub.data_dir / "blobs"))
    signer = Signer(signing_secret(settings), previous=previous_secrets(settings))
    gate = _gate(settings, channels, signer)
    async with database.unit() as session:
        await purchases.use(session, settings.rfm)
        for name, table in settings.channels.items():
            limits = Limits(Unit(table.unit), table.daily_cap, table.reserve, table.ramp_days, settings.hub.timezone)
            await senders.register(
                session, name, table.kind, rate=table.rate, burst=table.burst, now=clock.now(), limits=limits
            )
    reception = Reception(
        storage=storage,
        gate=gate,
        channels=channels,
        calls=settings.calls,
        company=settings.hub.name,
        acknowledges=settings.automations.acknowledge,
    )
    return Hub(settings, database, channels, storage, signer, sealing, live, gate, reception)


def _gate(settings: Settings, channels: Mapping[str, Channel], signer: Signer) -> Gate:
    by_kind: dict[Kind, tuple[str, ...]] = {}
    for channel in channels.values():
        by_kind[channel.kind] = (*by_kind.get(channel.kind, ()), channel.name)
    return Gate(
        rules=Rules.from_settings(settings.gate, settings.hub.timezone),
        senders=by_kind,
        signer=signer,
        public_url=settings.hub.public_url,
        company=settings.hub.name,
        default_language=settings.hub.languages[0],
        short_url=settings.tracking.short_url or "",
        own=frozenset(one.address.value for one in channels.values() if one.kind is Kind.EMAIL),
    )


def signing_secret(settings: Settings) -> bytes:
    """The configured secret, else the one in the data folder, made at the first start (mode 0600)."""
    if settings.hub.secret is not None:
        return settings.hub.secret.get_secret_value().encode()
    return kept_secret(settings.hub.data_dir / "secret")


def sealer(settings: Settings) -> Sealer:
    """What seals and opens with the hub's secret."""
    return Sealer(signing_secret(settings), previous=previous_secrets(settings))


def previous_secrets(settings: Settings) -> list[bytes]:
    """What was signed or sealed with these is still read. Nothing new is."""
    return [secret.get_secret_value().encode() for secret in settings.hub.previous_secrets]
