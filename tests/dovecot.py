"""A private Dovecot on loopback, for tests and benchmarks: maildirs of its own, any user, the password `s3cret`."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("dovecot", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))
PASSWORD = "s3cret"


@dataclass(frozen=True, slots=True)
class Dovecot:
    """`mail` holds one maildir for every user."""

    port: int
    mail: Path

    def fill(self, user: str, mails: Iterable[bytes]) -> None:
        """Put mails into somebody's inbox as a delivery would, which is much faster than over IMAP."""
        inbox = self.mail / user
        owner = _owner()
        for name in ("", "cur", "new", "tmp"):
            (inbox / name).mkdir(exist_ok=True)
        for number, mail in enumerate(mails):
            (inbox / "new" / f"{1_700_000_000 + number}.M{number}P1.peer").write_bytes(mail)
        if os.geteuid() == 0:
            for path in (inbox, *inbox.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)


@contextmanager
def dovecot() -> Iterator[Dovecot]:
    """Run one while inside. Raises RuntimeError with its log when it does not start."""
    with tempfile.TemporaryDirectory(prefix="hub-peer-") as name:
        home, port, owner = Path(name), _free_port(), _owner()
        home.chmod(0o755)  # the server drops its rights and must still get in
        mail = home / "mail"
        mail.mkdir()
        if os.geteuid() == 0:
            os.chown(mail, owner.pw_uid, owner.pw_gid)
        rest = "" if os.geteuid() == 0 else _UNPRIVILEGED.format(owner=owner)
        (home / "dovecot.conf").write_text(_CONF.format(home=home, port=port, owner=owner) + rest)
        process = subprocess.Popen([str(PROGRAM), "-F", "-c", str(home / "dovecot.conf")])
        try:
            _wait(port, process, home / "log")
            yield Dovecot(port, mail)
        finally:
            process.terminate()
            process.wait(10)


def _owner() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"Dovecot did not start: {log.read_text() if log.exists() else ''}")


_CONF = """
protocols = imap
mail_max_userip_connections = 100
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = no
mail_fsync = never
disable_plaintext_auth = no
mail_location = maildir:{home}/mail/%u
mail_uid = {owner.pw_uid}
mail_gid = {owner.pw_gid}
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
passdb {{
  driver = static
  args = password=s3cret
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={home}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
_UNPRIVILEGED = "default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}\n"
