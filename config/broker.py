"""Which broker URLs we can work with, told before Celery tries them with less helpful words."""

from __future__ import annotations

from urllib.parse import urlsplit

_SCHEMES = ("redis", "rediss", "unix")


def broker_url(value: str) -> str:
    """A URL of one Redis or Valkey, as redis-py reads it: `redis://`, `rediss://` (TLS) or `unix://` (socket).

    Raises ValueError with what is wrong; never with the URL, which may hold a password.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL") from None  # the original may repeat the value
    scheme = parts.scheme
    if "cluster" in scheme:
        raise ValueError(
            "Redis Cluster cannot be used, since kombu cannot: give one Redis or Valkey, redis://…"
        )
    if scheme not in _SCHEMES:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    if scheme == "unix" and not parts.path.strip("/"):
        raise ValueError("must hold the socket's absolute path: unix:///run/redis.sock")
    if scheme != "unix" and not host:
        raise ValueError("has no host: redis://localhost:6379/0")
    return value
