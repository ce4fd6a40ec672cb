"""The long-lived commands, where they cannot start."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from typing import Any

import pytest

from hub.cli import options


@pytest.mark.parametrize("command", ["run", "web", "demo"])
async def test_a_taken_port_is_named_before_anything_starts(command: str, shell: Any, tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = await shell.hub(command, HUB_WEB__PORT=str(port), HUB_DATABASE__URL="postgresql://nobody@127.0.0.1:1/x")
    assert ran.code == 3
    assert f"127.0.0.1:{port}: Address already in use" in ran.err
    assert "set [web] port" in ran.err


def test_what_fails_while_ctrl_c_stops_a_command_is_no_failure_of_its_own() -> None:
    async def cut_short() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise ConnectionError("the statement was cut short")

    with pytest.raises(KeyboardInterrupt):
        options.run(cut_short())


def test_what_fails_by_itself_is_told_as_it_is() -> None:
    async def fails() -> None:
        raise ConnectionError("the server has gone away")

    with pytest.raises(ConnectionError, match="gone away"):
        options.run(fails())
