"""Tells systemd how the worker is, where it runs as a service of `Type=notify` (sd_notify(3)); elsewhere nothing."""

from __future__ import annotations

import socket
from collections.abc import Mapping

import structlog

log = structlog.get_logger("redeem.liveness")


class Systemd:
    """`environ` is the process's; without NOTIFY_SOCKET in it every word goes nowhere."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address  # an abstract socket's spelling
        self._deaf = False

    def tell(self, *assignments: str) -> None:
        """Send `READY=1`, `WATCHDOG=1`, `STATUS=…`; where nobody listens, one line in the log says so."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to:
                to.settimeout(0)  # whoever watches for hangs must not hang
                to.sendto("\n".join(assignments).encode(), self._address)
        except OSError as error:
            if not self._deaf:
                log.warning("liveness.systemd_unheard", error=str(error))
            self._deaf = True
        else:
            self._deaf = False
