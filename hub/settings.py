"""config.toml and HUB_* environment variables, read once and validated whole."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from channels.message import Kind


class ConfigurationError(Exception):
    """What is wrong in config.toml or the environment: table, key, value, and what is allowed."""


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as e:
        raise ValueError("is not an IANA time zone, such as Europe/Warsaw") from e
    return name


def _public_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


_MOST = 2**31 - 1  # what a column of the database holds
Zone = Annotated[str, AfterValidator(_zone)]
Language = Literal["en", "pl", "bg", "ru"]
Capped = Literal["reminders", "greetings", "marketing"]  # purposes: an answer is never one too many


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HubTable(Table):
    """[hub]"""

    name: str = "Our company"  # what customers know us as
    public_url: Annotated[str, AfterValidator(_public_url)] = "http://127.0.0.1:8000"
    data_dir: Path = Path("data")
    languages: tuple[Language, ...] = ("en", "pl", "bg", "ru")
    timezone: Zone = "UTC"
    country: str = "PL"  # reads telephone numbers written without a country code
    secret: SecretStr | None = None  # signs public links; unset: made once and kept in data_dir/secret
    previous_secrets: tuple[SecretStr, ...] = ()  # still read, never used: for changing the secret


class DatabaseTable(Table):
    """[database]"""

    url: SecretStr | None = None  # unset: the bundled PostgreSQL in data_dir


class StorageTable(Table):
    """[storage]"""

    url: str | None = None  # unset: data_dir/blobs; s3://bucket/prefix


class Link(Table):
    name: str
    url: Annotated[str, AfterValidator(_public_url)]


class WebTable(Table):
    """[web]"""

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    links: tuple[Link, ...] = ()  # more entries at the foot of the rail
    trusted_proxies: tuple[str, ...] = ()  # whose X-Forwarded-For is believed


class GateTable(Table):
    """[gate]: what every outgoing word is held against."""

    quiet_from: time = time(21)
    quiet_until: time = time(8)
    unknown_zone_from: time = time(10)  # the window when nobody knows the customer's zone
    unknown_zone_until: time = time(18)
    marketing_per_week: int = Field(default=3, ge=1)
    default_ranking: tuple[Kind, ...] = (Kind.EMAIL, Kind.SMS, Kind.VOICE)
    quiet_dates: tuple[date, ...] = Field(default=(), max_length=366)  # no marketing, by the customer's calendar
    per_week: dict[Kind, dict[Capped, Annotated[int, Field(ge=0)]]] = Field(default_factory=dict)  # to one customer
    overdue_hours: int = Field(default=72, ge=0)  # no marketing for whoever waits longer for an answer; 0: no such rule
    unhappy_labels: tuple[str, ...] = ("dissatisfied",)  # no marketing for customers with one of them


Share = Annotated[float, Field(gt=0, le=1)]


class CampaignsTable(Table):
    """[campaigns]: when a campaign pauses itself, in shares of the messages that were tried."""

    most_complaints: Share = 0.003
    most_bounces: Share = 0.05  # addresses that do not exist
    most_refusals: Share = 0.05  # filtered or refused for what they say
    most_errors: Share = 0.25  # all of these, and everything else that failed
    sample: int = Field(default=500, ge=1)  # fewer messages are taken for so many
    tests_a_day: int = Field(default=100, ge=0)  # test messages of one member of staff


class TrackingTable(Table):
    """[tracking]: what is known of opens and of links that were followed."""

    short_url: Annotated[str, AfterValidator(_public_url)] | None = None  # links in SMS begin with it
    scanners: tuple[IPvAnyNetwork, ...] = ()  # more networks whose opens and clicks are machines'


class CallsTable(Table):
    """[calls]"""

    greeting: str = "Thank you for calling. Please hold the line."
    voicemail: str = "Nobody can take your call right now. Please leave a message after the tone."
    language: Language = "en"
    ring_seconds: int = Field(default=20, ge=5, le=120)


class DeskTable(Table):
    """[desk]"""

    undo_seconds: int = Field(default=5, ge=0, le=60)  # an agent's message waits so long; 0: it leaves at once


class WebhooksTable(Table):
    """[webhooks]: other programs that are told of what happens."""

    loopback: bool = False  # endpoints may lie on this machine, by http too


class AutomationsTable(Table):
    """[automations]: what the hub does by itself."""

    acknowledge: bool = False  # answer the mail that opens a conversation: we have it
    merge_customers: bool = False  # make one of two who are sure to be one person, without asking anybody


Points = Annotated[Decimal, Field(ge=0, max_digits=6)]
CurrencyCode = Annotated[str, Field(pattern="^[A-Z]{3}$")]  # ISO 4217
_A_CENTURY = 36_500  # days


class Recent(Table):
    """A last purchase that is at most so many days old is worth so many points."""

    days: int = Field(ge=1, le=_A_CENTURY)
    points: Points


class RfmTable(Table):
    """[rfm]: how a customer's purchases are scored."""

    recency: tuple[Recent, ...] = Field(
        default=tuple(
            Recent(days=days, points=Decimal(points)) for days, points in ((91, 24), (183, 12), (274, 6), (365, 3))
        ),
        max_length=20,
    )
    days: int = Field(default=365, ge=1, le=_A_CENTURY)  # of frequency and money
    frequency_points: Points = Decimal(4)  # of each purchase
    money_share: Annotated[Decimal, Field(ge=0, max_digits=6)] = Decimal("0.1")  # of an amount
    money_most: Points = Decimal(9)
    money_most_of: Literal["purchase", "all"] = "purchase"
    currency: CurrencyCode = "EUR"  # points are of this one
    rates: dict[CurrencyCode, Annotated[Decimal, Field(gt=0, max_digits=10)]] = Field(
        default_factory=dict, max_length=200
    )

    @model_validator(mode="after")
    def _older_is_worth_less(self) -> RfmTable:
        days, points = [one.days for one in self.recency], [one.points for one in self.recency]
        if days != sorted(set(days)) or points != sorted(points, reverse=True):
            raise ValueError("recency must go from the fewest days to the most, and its points may not grow with them")
        return self


Days = Annotated[int, Field(ge=1, le=36_500)]


class RetentionTable(Table):
    """[retention]: after how many days what is deleted by itself; unset: never."""

    raw_mail: Days | None = None  # mails as they came, once they were read; their words stay
    parked_mail: Days | None = None  # mails that nobody understood
    recordings: Days | None = None  # of calls, and voicemail
    strangers: Days | None = None  # people nobody has looked at, since they were last heard of
    audit: Annotated[int, Field(ge=30, le=36_500)] | None = None  # rows of the audit trail
    webhook_log: Days = 30  # what other programs were told
    imports: Days = 30  # files brought in at the desk, with their rejected rows
    uploads: Days = 1  # of these what nobody has imported
    exports: Days = 7  # archives of a person's data, since they were made


class Ramp(Table):
    """A new sender's first days: `start` on the first one, each day `factor` times as many as the day before."""

    start: int = Field(ge=1)
    factor: float = Field(default=1.5, gt=1, le=10)
    days: int = Field(default=14, ge=1, le=90)

    @property
    def daily(self) -> tuple[int, ...]:
        return tuple(min(int(self.start * self.factor**day), _MOST) for day in range(self.days))


class ChannelTable(BaseModel):
    """[channels.NAME]: the keys that the hub itself reads; all others belong to the provider."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: Kind
    provider: str
    rate: float = Field(default=1.0, gt=0)  # units a second
    burst: float = Field(default=1.0, ge=1)
    unit: Literal["messages", "segments"] = "messages"  # of rate, burst, daily_cap, reserve and ramp
    daily_cap: int | None = Field(default=None, ge=1)  # in a day of [hub] timezone
    reserve: int = Field(default=0, ge=0)  # of the day's cap, kept for people
    ramp: Ramp | tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(), union_mode="left_to_right")

    price: Decimal | None = Field(default=None, ge=0, max_digits=12)  # of an SMS segment, a call, a mail
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")  # ISO 4217

    @model_validator(mode="after")
    def _limits_fit(self) -> ChannelTable:
        if self.unit == "segments" and self.kind is not Kind.SMS:
            raise ValueError('unit = "segments" is for SMS: everything else is counted in messages')
        caps = (*self.ramp_days, *([self.daily_cap] if self.daily_cap else ()))
        if self.reserve and self.reserve >= min(caps, default=0):
            raise ValueError(
                "reserve must be less than daily_cap and than every day of ramp, or no campaign ever leaves"
            )
        return self

    @property
    def ramp_days(self) -> tuple[int, ...]:
        """What may leave on each of the first days."""
        return self.ramp.daily if isinstance(self.ramp, Ramp) else self.ramp

    @property
    def provider_settings(self) -> dict[str, object]:
        return dict(self.model_extra or {})


class Settings(BaseSettings):
    """The whole configuration. Frozen; handed down from `hub.bootstrap`."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix="HUB_",
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    hub: HubTable = HubTable()
    database: DatabaseTable = DatabaseTable()
    storage: StorageTable = StorageTable()
    web: WebTable = WebTable()
    gate: GateTable = GateTable()
    campaigns: CampaignsTable = CampaignsTable()
    tracking: TrackingTable = TrackingTable()
    calls: CallsTable = CallsTable()
    desk: DeskTable = DeskTable()
    webhooks: WebhooksTable = WebhooksTable()
    automations: AutomationsTable = AutomationsTable()
    rfm: RfmTable = RfmTable()
    retention: RetentionTable = RetentionTable()
    channels: dict[str, ChannelTable] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file; nothing else is read."""
        return env_settings, init_settings


def load(path: Path | None = None) -> Settings:
    """Read `path` (default: $HUB_CONFIG, else ./config.toml, else built-in defaults) under the HUB_* environment.

    Raises ConfigurationError with the table, the key, the value and what is allowed or known.
    """
    file = _config_file(path)
    tables = _secrets(_read(file), file.parent, "") if file else {}
    try:
        return Settings(**tables)
    except ValidationError as e:
        raise ConfigurationError(_explain(e, file)) from e


def _config_file(path: Path | None) -> Path | None:
    if path is not None:
        return path
    named = os.environ.get("HUB_CONFIG")
    here = Path(named) if named else Path("config.toml")
    return here if named or here.exists() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as e:
        raise ConfigurationError(f"{file}: there is no such file. Copy the shipped config.toml there") from e
    except OSError as e:
        raise ConfigurationError(f"{file}: cannot be read: {e.strerror}") from e
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise ConfigurationError(f"{file}: is not valid TOML: {e}") from e


def _secrets(value: Any, base: Path, where: str) -> Any:
    """Replace every `{env = "…"}` and `{file = "…"}` by what it points to."""
    if isinstance(value, list):
        return [_secrets(item, base, where) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"env"}:
        return _from_env(str(value["env"]), where)
    if value.keys() == {"file"}:
        return _from_file(base / str(value["file"]), where)
    return {k: _secrets(v, base, f"{where}.{k}" if where else k) for k, v in value.items()}


def _from_env(name: str, where: str) -> str:
    if name not in os.environ:
        raise ConfigurationError(f"{where}: the environment variable {name} is not set")
    return os.environ[name]


def _from_file(file: Path, where: str) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as e:
        raise ConfigurationError(f"{where}: cannot read the secret file {file}: {e.strerror}") from e


def _explain(error: ValidationError, file: Path | None) -> str:
    return "\n".join(_line(dict(problem), file) for problem in error.errors())


def _line(problem: Mapping[str, Any], file: Path | None) -> str:
    path = [str(part) for part in problem["loc"]]
    where = f"{file or 'environment'}: [{'.'.join(path[:-1])}] {path[-1]}" if len(path) > 1 else f"{file}: [{path[0]}]"
    if problem["type"] == "extra_forbidden":
        return f"{where}: unknown key. {_nearest(path)}"
    words = problem["msg"].removeprefix("Value error, ")
    return f"{where} = {problem['input']!r}: {words}"


def _nearest(path: list[str]) -> str:
    known = _known(path[:-1])
    near = difflib.get_close_matches(path[-1], known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(sorted(known))}"


def _known(tables: list[str]) -> list[str]:
    model: Any = Settings
    for name in tables:
        field = getattr(model, "model_fields", {}).get(name)
        model = field.annotation if field else None
    return list(getattr(model, "model_fields", {}))
