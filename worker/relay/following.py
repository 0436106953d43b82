"""Reading redemptions, and what they live on as.

A dead letter that is replayed with another order number or code is closed, and its history names what it became.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tasks.ledger import Record, State
from tasks.runtime import Runtime
from worker.relay.outcome import FIELDS

_READ_AT_ONCE: Final = 1000  # records; Redis does nothing else for some milliseconds


def find_all(runtime: Runtime, ids: Iterable[str], fields: Sequence[str] = FIELDS) -> dict[str, Record]:
    """The records of those ids that the ledger has, by id. Raises redis.RedisError."""
    wanted = list(dict.fromkeys(ids))
    pages = (wanted[start : start + _READ_AT_ONCE] for start in range(0, len(wanted), _READ_AT_ONCE))
    return {record.id: record for page in pages for record in runtime.ledger.find_all(page, fields)}


def follow(runtime: Runtime, ids: Iterable[str]) -> tuple[dict[str, Record], dict[str, list[str]]]:
    """The records of those ids and of what they became, by id; and of each id that lives on, as which.

    Raises redis.RedisError.
    """
    records: dict[str, Record] = {}
    heirs: dict[str, list[str]] = {}
    wanted = list(ids)
    while wanted:
        found = find_all(runtime, wanted)
        records |= found
        closed = [id_ for id_, record in found.items() if record.state is State.DISCARDED]
        became = {id_: _heirs(record) for id_, record in find_all(runtime, closed, ("history",)).items()}
        heirs |= {id_: some for id_, some in became.items() if some}
        wanted = [id_ for some in became.values() for id_ in some if id_ not in records]
    return records, heirs


def today(ids: Iterable[str], heirs: Mapping[str, Sequence[str]]) -> list[str]:
    """These ids, each replaced by what it lives on as."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    waiting = [*ids][::-1]
    while waiting:
        id_ = waiting.pop()
        if id_ in heirs and id_ not in seen:
            seen.add(id_)
            waiting += reversed(heirs[id_])
        elif id_ not in heirs:
            found[id_] = None
    return [*found]


def _heirs(record: Record) -> list[str]:
    entries = [entry for entry in record.history() if entry.get("outcome") == "replayed" and entry.get("as")]
    return [str(id_) for id_ in entries[-1]["as"]] if entries else []
