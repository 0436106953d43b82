"""Every option of `celery worker`: heeded, without effect, or refused because Redeem cannot keep what it promises.

One table, held by a test against the options of the Celery that is installed. A worker that heeded half of them in
silence lost orders: a killed child of `-P processes` took what it had in hand along, `--purge` deletes the orders.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import click
from celery import concurrency, platforms
from celery.utils.nodenames import default_nodename, host_format, node_format
from click.core import ParameterSource
from typing_extensions import override

Check: TypeAlias = Callable[[click.Context, Any], str | None]
"""Takes the command's context and the option's value; returns why that value cannot be used, or None."""

POOLS: Final = ("threads", "solo")
"""The pools that keep what is in hand: a call ends with its worker's process, which the other workers notice."""

_PREFORK_ONLY: Final = "is for pools of child processes, and Redeem's workers have threads"
_NO_BEAT: Final = "has nothing to schedule: retries are in the ledger"
_EXPANDS: Final = "has a % that stands for nothing: there are %n, %h, %d and %i, and %% for the sign itself"
_NO_TIME_LIMIT: Final = "cannot end a thread; REDEEM_PARTNERS__<PARTNER>__READ_TIMEOUT bounds each call to a partner"


@dataclass(frozen=True)
class Option:
    """What becomes of an option that is given."""

    why: str
    """A refused option: why, as the operator reads it after the option's name. Any other: what it does here."""
    refused: bool = False
    check: Check | None = None
    """Looks at the value of an option that is heeded."""


def _known_queues(context: click.Context, value: list[str]) -> str | None:
    known = _queues(context)
    strange = [name for name in value if name not in known]
    return f"names {', '.join(map(repr, strange))}; the queues are {', '.join(known)}" if strange else None


def _leaves_a_queue(context: click.Context, value: list[str]) -> str | None:
    if wrong := _known_queues(context, value):
        return wrong
    left = set(context.params.get("queues") or _queues(context)) - set(value)
    return None if left else "leaves no queue to consume"


def _one_each(_context: click.Context, value: int) -> str | None:
    return None if value == 1 else "must be 1: each queue's share of the threads is worked out from that"


def _in_background(context: click.Context, _value: object) -> str | None:
    if not context.params.get("logfile"):
        return "needs --logfile: a worker in the background has nowhere else to log to"
    if wrong := _can_be_written(context, context.params["logfile"]):  # Celery would end with status 0
        return f"needs another --logfile, which {wrong}"
    # Celery hands its arguments on without these options, but with the values that follow them.
    split = {"--uid", "--gid"} & set(sys.argv)
    return f"needs {' and '.join(f'{one}=NAME' for one in sorted(split))}, in one word" if split else None


def _expands(context: click.Context, value: str) -> str | None:
    try:
        _of_node(context, value)
    except ValueError:
        return _EXPANDS
    return None


def _can_be_written(context: click.Context, value: str) -> str | None:
    if wrong := _expands(context, value):
        return wrong
    path = Path(_of_node(context, value))
    if not path.parent.is_dir():
        return f"cannot be written: there is no directory {path.parent}"
    if path.is_dir():
        return "cannot be written: it is a directory"
    return None if os.access(path if path.exists() else path.parent, os.W_OK) else "cannot be written: no permission"


def _of_node(context: click.Context, path: str) -> str:
    """The path with the node's name in place of `%n`, as Celery writes it."""
    return str(node_format(path, context.params["hostname"]))


def _known_user(_context: click.Context, value: str) -> str | None:
    return _said(platforms.parse_uid, value)


def _known_group(_context: click.Context, value: str) -> str | None:
    return _said(platforms.parse_gid, value)


def _said(read: Callable[[str], object], value: str) -> str | None:
    try:
        read(value)
    except KeyError as error:
        return f"cannot be used: {error.args[0]}"
    return None


def _umask(_context: click.Context, value: str) -> str | None:
    octal = value.isascii() and value.isdecimal() and not set(value) & {"8", "9"}
    return None if octal else "must be octal, such as 022"


def _importable(_context: click.Context, value: list[str]) -> str | None:
    missing = [name for name in value if not _is_there(name)]
    return f"names {', '.join(map(repr, missing))}, which is no module here" if missing else None


def _is_there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ModuleNotFoundError, ValueError):  # of its package; of an empty name
        return False


OPTIONS: Final[Mapping[str, Option]] = {
    "hostname": Option("the node's name"),  # NodeName looks at it
    "detach": Option("runs in the background", check=_in_background),
    "loglevel": Option("outranks REDEEM_LOG_LEVEL for this worker"),
    "logfile": Option("takes the log in REDEEM_LOG_FORMAT; reopened when it was moved away", check=_expands),
    "pidfile": Option("holds the process id while the worker runs", check=_can_be_written),
    "uid": Option("drops privileges", check=_known_user),
    "gid": Option("drops privileges", check=_known_group),
    "umask": Option("of a detached worker", check=_umask),
    "executable": Option("of a detached worker"),
    "pool": Option("threads, or solo: one task at a time"),  # Pools knows what was typed
    "concurrency": Option("the number of threads"),
    "queues": Option("the queues to consume", check=_known_queues),
    "exclude_queues": Option("the queues not to consume", check=_leaves_a_queue),
    "include": Option("imports modules; tasks of theirs do not run on Redeem's queues", check=_importable),
    "prefetch_multiplier": Option("no effect at 1", check=_one_each),
    "disable_prefetch": Option("is what Redeem's workers do anyway, in a way of their own", refused=True),
    "optimization": Option("no effect: it is about child processes"),
    "task_events": Option("no effect: events are on"),
    "without_gossip": Option("no effect: workers do not gossip"),
    "without_mingle": Option("no effect: workers do not mingle"),
    "without_heartbeat": Option("Flower shows the worker as offline; what it has in hand stays its own"),
    "heartbeat_interval": Option("how often Flower hears of the worker"),
    "statedb": Option("keeps the ids of revoked tasks, and Redeem's tasks cannot be revoked", refused=True),
    "time_limit": Option(_NO_TIME_LIMIT, refused=True),
    "soft_time_limit": Option(_NO_TIME_LIMIT, refused=True),
    "max_tasks_per_child": Option(_PREFORK_ONLY, refused=True),
    "max_memory_per_child": Option(_PREFORK_ONLY, refused=True),
    "pool_start_method": Option(_PREFORK_ONLY, refused=True),
    "purge": Option("would delete orders that nobody else has", refused=True),
    "autoscale": Option("cannot change the number of threads; start more workers, or set --concurrency", refused=True),
    "beat": Option(_NO_BEAT, refused=True),
    "schedule_filename": Option(_NO_BEAT, refused=True),
    "scheduler": Option(_NO_BEAT, refused=True),
}
"""By click's name of the option. `--help` comes from click itself."""


class NodeName(click.ParamType[str]):
    """The node's name with `%h` and the like expanded, as by Celery's own type, which lets an unknown one crash."""

    name = "hostname"

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The whole name."""
        try:
            return str(host_format(default_nodename(value)))
        except ValueError:
            self.fail(f"{value!r} {_EXPANDS}", param, ctx)


class Pools(click.Choice[str]):
    """The pools to choose from; Celery takes `prefork` for whatever `worker_pool` says, without a word."""

    name = "pool"

    def __init__(self) -> None:
        super().__init__(POOLS)

    @override
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Celery's class of that pool."""
        if value not in POOLS:
            self.fail(
                f"{value!r} cannot be used: when a child process is killed, or a green thread hangs, the order in its "
                f"hands is lost or late. Use {' or '.join(POOLS)}.",
                param,
                ctx,
            )
        return concurrency.get_implementation(value)


def guard(command: click.Command) -> None:
    """Let Celery's `worker` command look at its options before it does anything; what is refused leaves its --help.

    Raises click.UsageError, exit status 2, when it is run with an option that is refused.
    """
    run = command.callback
    assert run is not None  # noqa: S101 - a command without one does nothing
    command.help = "Start a worker. What each option does here: docs/celery.md."  # Celery's shows refused ones
    for parameter in command.params:
        if parameter.name == "hostname":
            parameter.type = NodeName()
        if parameter.name == "pool":
            parameter.type, parameter.default = Pools(), POOLS[0]
        if isinstance(parameter, click.Option) and OPTIONS[parameter.name or ""].refused:
            parameter.hidden = True

    @functools.wraps(run)
    def guarded(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's
        context = click.get_current_context()
        if wrong := list(complaints(context)):
            raise click.UsageError("; ".join(wrong), context)
        if _given(context, "loglevel"):
            context.obj.app.log_level = context.params["loglevel"]
        return run(*args, **kwargs)

    command.callback = guarded


def complaints(context: click.Context) -> Iterator[str]:
    """What is wrong with the options that were given, each by its name on the command line."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if not _given(context, name):
            continue
        option, spelled = OPTIONS[name], next(one for one in parameter.opts if one.startswith("--"))
        wrong = option.why if option.refused else option.check and option.check(context, context.params[name])
        if wrong:
            yield f"{spelled} {wrong}"
    if context.args:  # Celery would take them for settings of its own, which outrank ours
        yield f"{' '.join(map(repr, context.args))}: Redeem is set by REDEEM_… settings only"


def _given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) in {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}


def _queues(context: click.Context) -> list[str]:
    return [queue.name for queue in context.obj.app.conf.task_queues]
