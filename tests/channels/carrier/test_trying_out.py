"""What trying a channel out says when the carrier is not there, or does not know us."""

from __future__ import annotations

from typing import Any

import pytest

from channels.message import Kind
from channels.providers import open_channel


@pytest.mark.parametrize("kind", [Kind.SMS, Kind.VOICE])
async def test_a_carrier_that_is_not_reached_is_told_once_and_nobody_is_sent_to_the_token(
    kind: Kind, company: Any, unused_tcp_port: int
) -> None:
    (finding,) = await _tried(kind, company, base_url=f"http://127.0.0.1:{unused_tcp_port}")
    assert (finding.step, finding.ok) == ("account", False)
    assert finding.detail.startswith("Twilio cannot be reached: ")
    assert finding.remedy.startswith("See whether this machine reaches the internet")
    assert "token" not in finding.remedy


@pytest.mark.parametrize("kind", [Kind.SMS, Kind.VOICE])
async def test_a_wrong_token_is_told_once_and_named(kind: Kind, desk: Any, company: Any) -> None:
    (finding,) = await _tried(kind, company, base_url=desk.carrier.base_url, auth_token="0" * 32)
    assert (finding.step, finding.ok) == ("account", False)
    assert finding.remedy == "Check account_sid, auth_token and base_url"


async def _tried(kind: Kind, company: Any, **own: str) -> Any:
    table = {"account_sid": company.sid, "auth_token": company.token, "number": company.number} | own
    channel = open_channel("line", kind, "twilio", table, webhook_base=f"https://hub.example/hooks/{kind}")
    try:
        return await channel.check()
    finally:
        await channel.close()
