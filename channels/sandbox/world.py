"""The pretend outside world as a whole: mail, telephones, and the page on which one plays the people in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.sandbox.authority import App, Authority
from channels.sandbox.carrier import Carrier
from channels.sandbox.mail import Account, MailWorld
from channels.sandbox.page import Page
from channels.sandbox.resources import CompanyNumber


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """`mailboxes` says who reads the company's addresses; ports of 0 are chosen by the system."""

    account_sid: str
    auth_token: str = field(repr=False)
    mailboxes: Mapping[str, Account] = field(default_factory=dict, repr=False)
    numbers: tuple[CompanyNumber, ...] = ()
    http_port: int = 0
    smtp_port: int = 0
    imap_port: int = 0
    apps: tuple[App, ...] = ()  # registered with the pretend provider that lets into the mailboxes without a password
    pace: float = 0.2  # seconds that each step of a message or call takes


class World:
    """Everything listens on loopback only. `page_url` is where a person goes."""

    def __init__(self, settings: SandboxSettings) -> None:
        self._settings = settings
        owners = [account.user for account in settings.mailboxes.values() if not account.password]
        self.authority = Authority(owners, settings.apps) if owners else None
        self.mail = MailWorld(settings.mailboxes, authority=self.authority)
        self.carrier = Carrier(settings.account_sid, settings.auth_token, settings.numbers, pace=settings.pace)
        self._names: dict[str, str] = {}
        self._page: Page | None = None

    @property
    def page_url(self) -> str:
        return f"{self.carrier.base_url}/"

    def introduce(self, names: Mapping[str, str]) -> None:
        """Names of people by mail address or number, whom the page offers to play in this order."""
        self._names.update(names)

    async def start(self) -> None:
        """Start all of it, or nothing: what was started is stopped when the rest fails."""
        self._page = Page(self.carrier, self.mail, tuple(self._settings.mailboxes), self._names)
        await self.mail.start(self._settings.smtp_port, self._settings.imap_port)
        try:
            allowing = self.authority.routes() if self.authority else []
            await self.carrier.start(self._settings.http_port, [*self._page.routes(), *allowing])
        except BaseException:
            await self.mail.stop()
            raise

    async def stop(self) -> None:
        if self._page:
            self._page.close()
        await self.carrier.stop()
        await self.mail.stop()
