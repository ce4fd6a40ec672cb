"""The long-lived commands, where they cannot start."""

from __future__ import annotations

import socket
from typing import Any

import pytest


@pytest.mark.parametrize("command", ["run", "web", "demo"])
async def test_a_taken_port_is_named_before_anything_starts(command: str, shell: Any, tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = await shell.hub(command, HUB_WEB__PORT=str(port), HUB_DATABASE__URL="postgresql://nobody@127.0.0.1:1/x")
    assert ran.code == 3
    assert f"127.0.0.1:{port}: Address already in use" in ran.err
    assert "set [web] port" in ran.err
