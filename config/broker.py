"""Which broker URLs we can work with, told before Celery tries them with less helpful words."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

_SCHEMES = ("redis", "rediss", "unix")
_NO_CLUSTER = "Redis Cluster cannot be used, since Celery's transport cannot: give one Redis or Valkey, redis://…"
_NO_SENTINEL = "Sentinel cannot be used yet: give the address of one Redis or Valkey, redis://…"


def check_broker_url(value: str) -> str:
    """The URL of one Redis or Valkey, as redis-py reads it: `redis://`, `rediss://` (TLS) or `unix://` (a socket).

    Raises ValueError with what is wrong; never with the URL, which may hold a password.
    """
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is no URL: redis://localhost:6379/0") from None  # the original repeats parts of the value
    if "cluster" in parts.scheme:
        raise ValueError(_NO_CLUSTER)
    if "sentinel" in parts.scheme:
        raise ValueError(_NO_SENTINEL)
    if parts.scheme not in _SCHEMES:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    _check_place(parts.scheme, host or "", parts.path)
    _check_options(parts.scheme, parts.query)
    return value


def _check_place(scheme: str, host: str, path: str) -> None:
    if scheme == "unix":
        if not path.strip("/"):
            raise ValueError("must hold the socket's absolute path: unix:///run/redis.sock")
        return
    if not host or "," in host:
        raise ValueError("must name one host: redis://localhost:6379/0")
    if path.strip("/") and not path.strip("/").isdecimal():
        raise ValueError("must end with the number of a database, or nothing: redis://localhost:6379/0")


def _check_options(scheme: str, query: str) -> None:
    """redis-py takes many more than kombu, which fails over them with the first message it sends."""
    unix = {"db", "username", "password"} if scheme == "unix" else set()
    for name in parse_qs(query, keep_blank_values=True):
        if name not in unix and not (scheme == "rediss" and name.startswith("ssl_")):
            raise ValueError(
                "has an option after the ? that cannot stand there: rediss:// takes ssl_…, unix:// takes db"
            )


def kombu_url(url: str) -> str:
    """The same broker for kombu, which writes a socket as `redis+socket://user:password@/path?virtual_host=0`."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    query = parse_qs(parts.query)
    password = parts.password or quote(query.get("password", [""])[0], safe="")
    user = parts.username or quote(query.get("username", [""])[0], safe="")
    login = f"{user}:{password}@" if password else ""
    return f"redis+socket://{login}{parts.path}?virtual_host={query.get('db', ['0'])[0]}"
