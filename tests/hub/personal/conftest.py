"""A reception to which mail and SMS come, as in `tests.hub.inbound`."""

from __future__ import annotations

from tests.hub.inbound.conftest import bring, channels, reception, rows

__all__ = ["bring", "channels", "reception", "rows"]
