"""Customers as segments see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hub import clock
from hub.models import Customer


def customer(name: str, now: datetime, **more: Any) -> Customer:
    return Customer(id=clock.uuid7(now), name=name, created_at=now, updated_at=now, **more)
