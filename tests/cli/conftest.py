"""The real commands, each a process of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell, company


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A company's folder: the shipped configuration, free ports, a database of its own that is not there yet."""
    return company(tmp_path)


@pytest.fixture
def quick(shell: Shell, database_url: str) -> Shell:
    """The same on a database that is there already, which saves starting one."""
    return shell.with_(HUB_DATABASE__URL=database_url)
