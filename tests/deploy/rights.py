"""What deploy/redis/users.acl grants, as sets to compare with what was heard and with what scripts can call."""

from __future__ import annotations

import re
from typing import Final

from kombu.transport import redis as kombu_redis

from tasks.ledger import scripts
from tests.deploy.guarded_broker import REDIS
from tests.deploy.lua_calls import commands_in
from worker.transport import channel
from worker.transport.scripts import source

_OURS: Final = scripts.texts()
_TRANSPORTS: Final = {name: source(name) for name in ("take", "beat", "give_back", "register")}
_KOMBUS: Final = {
    "put": channel._PUT,  # noqa: SLF001 - its text is what is asked about
    "refresh_binding": kombu_redis.REFRESH_BINDING,
    "sweep_bindings": kombu_redis.SWEEP_BINDINGS,
}
SCRIPTS: Final = {name: commands_in(text) for name, text in (_OURS | _TRANSPORTS | _KOMBUS).items()}
"""Every script there is → the commands it can come to."""

_READING: Final = {"survey", "report", "glance"}
_REMOTE: Final = {"put", "refresh_binding", "sweep_bindings"}  # Celery's events and remote control
_DECIDING: Final = {"open", "ring", "replay", "discard", "pause", "resume", "hasten", "note"}
RUNS: Final[dict[str, set[str]]] = {
    "shop": set(),
    "door": {"open", "glance", "keep"},
    "worker": {"open", "claim", "release", "settle", "bury", "park", "defer", "wake", "keep", "watch", "survey"}
    | _REMOTE
    | set(_TRANSPORTS),
    "operator": _DECIDING | _READING,
    "eraser": {"note", "glance", "erase", "amend", "swap", "rebuild", "sift", "sift_stream"},
    "flower": _DECIDING | {"survey", "glance"} | _REMOTE,
    "monitor": _READING,
}
"""User → the scripts that its programs run."""


def granted(user: str) -> set[str]:
    """The commands that the file grants a user, for whichever keys."""
    text = re.sub(r"^\s*#.*$", "", (REDIS / "users.acl").read_text(encoding="utf-8"), flags=re.MULTILINE)
    (rules,) = re.findall(rf"^user {user} on (.*?)(?=^user |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"\+([\w|]+)", rules))


def scripted(user: str) -> set[str]:
    """The commands that the user's scripts can come to."""
    return {command for name in RUNS[user] for command in SCRIPTS[name]}
