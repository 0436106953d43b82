"""Checks of single values that have no file of their own. Each raises ValueError that says what is wrong."""

from __future__ import annotations

import ipaddress
import re


def check_key_prefix(value: str) -> str:
    """The first part of every key in the broker: letters, digits, `_`, `.` and `-`, as nothing else needs quoting."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]+", value):
        raise ValueError("must be letters, digits, and _ . - only")
    return value


def check_sentry_dsn(value: str) -> str:
    """A DSN as Sentry's project page shows it, `https://<key>@<host>/<project number>`."""
    if re.fullmatch(r"https?://[^\s/@]+@(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:/[^\s?#]*)?/\d+", value) is None:
        raise ValueError("must be a DSN as Sentry shows it: https://<key>@<host>/<project number>")
    return value


def check_basic_auth(value: str) -> str:
    """`user:password`, neither empty."""
    user, _, password = value.partition(":")
    if not user or not password:
        raise ValueError("must be user:password")
    return value


def check_dsn(value: str) -> str:
    """A database's URL as SQLAlchemy has it; which databases there are, the relay says."""
    if re.fullmatch(r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?://.*", value) is None:
        raise ValueError("must be SQLAlchemy's URL of a database: postgresql://user:password@host/database")
    return value


def is_loopback(host: str) -> bool:
    """Whether a host's name or address, as a URL has it, can mean this machine only."""
    name = host.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def lower(value: object) -> object:
    """Text in lower case, everything else untouched."""
    return value.lower() if isinstance(value, str) else value


def upper(value: object) -> object:
    """Text in upper case, everything else untouched."""
    return value.upper() if isinstance(value, str) else value
