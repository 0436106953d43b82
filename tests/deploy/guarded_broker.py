"""A broker as deploy/ sets one up: `redis.conf` as it stands, users and passwords made by `users.sh`.

`TEST_REDIS_SERVER=redis-server` in the environment takes another server's program than the embedded Valkey.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.acceptance.kit.polling import eventually
from tests.faked_clock import same_clock
from tests.ports import lasting_port
from tests.short_paths import short_directory
from tests.tools import tool
from worker.dev.broker import server_binary
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

ROOT: Final = Path(__file__).parents[2]
REDIS: Final = ROOT / "deploy" / "redis"
CERTIFICATE: Final = ROOT / "tests" / "tasks" / "certificates" / "localhost.pem"
PROGRAM: Final = os.environ.get("TEST_REDIS_SERVER") or str(server_binary())


class GuardedBroker:
    """A context manager. Users log in over TCP; `admin` is the test itself, over a socket, so that the two differ."""

    def __init__(self, directory: Path, *options: str, tls: bool = False) -> None:
        self.directory = directory
        self._tls = tls
        # the embedded Valkey is built without TLS
        if tls and same_clock():
            pytest.skip("Debian's Redis does not start under a faked clock")
        self._program = tool("redis-server", package="redis-server") if tls else PROGRAM
        self._sockets = short_directory()
        self._socket = Path(self._sockets.name) / "admin.sock"
        self._port = lasting_port()
        self._process: subprocess.Popen[bytes] | None = None
        make_users(directory, *options, *(["-o"] if _is_redis_7_0(self._program) else []))

    def password(self, user: str) -> str:
        """As `users.sh` made it."""
        return (self.directory / f"{user}.password").read_text(encoding="utf-8").strip()

    def url(self, user: str) -> str:
        """`REDEEM_BROKER_URL` for that user."""
        scheme, rest = ("rediss", f"?ssl_ca_certs={quote(str(CERTIFICATE))}") if self._tls else ("redis", "")
        return f"{scheme}://{user}:{self.password(user)}@{LOOPBACK}:{self._port}/0{rest}"

    @property
    def admin_url(self) -> str:
        """The admin's, over the socket."""
        return f"unix://admin:{self.password('admin')}@{self._socket}?db=0"

    def admin(self, socket_timeout: float | None = 10) -> Redis:
        """A client that may do everything."""
        return Redis.from_url(self.admin_url, decode_responses=True, socket_timeout=socket_timeout)

    def __enter__(self) -> Self:
        port = "--tls-port" if self._tls else "--port"
        words = [port, str(self._port), "--bind", LOOPBACK, "--unixsocket", str(self._socket)]
        log = self.directory / "server.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [self._program, str(self._configuration()), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        eventually(self._answers, within=10, what=str(log))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._sockets.cleanup()

    def _configuration(self) -> Path:
        """The file that is shipped, but for the two places that only a server's machine has."""
        text = (REDIS / "redis.conf").read_text(encoding="utf-8")
        places = {"/var/lib/valkey": self.directory, "/etc/valkey/users.acl": self.directory / "users.acl"}
        for place, here in places.items():
            assert re.search(rf"^\w+ {place}$", text, re.MULTILINE), place
            text = text.replace(f" {place}\n", f' "{here}"\n')
        if self._tls:
            text = re.sub(r"^# (port 0|tls-.*)$", r"\1", text, flags=re.MULTILINE)
            for name in ("server.crt", "ca.crt"):
                text = text.replace(f"/etc/valkey/tls/{name}", f'"{CERTIFICATE}"')
            key = CERTIFICATE.with_name("localhost.key.pem")
            text = text.replace("/etc/valkey/tls/server.key", f'"{key}"')
        made = self.directory / "redis.conf"
        made.write_text(text, encoding="utf-8")
        return made

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.directory / "server.log").read_text(encoding="utf-8")
        try:
            with self.admin() as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False


def _is_redis_7_0(program: str) -> bool:
    asked = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return asked.stdout.startswith("Redis server v=7.0.")


def make_users(directory: Path, *words: str) -> None:
    """Run `users.sh` with these options."""
    subprocess.run(["sh", str(REDIS / "users.sh"), *words, str(directory)], check=True, capture_output=True)
