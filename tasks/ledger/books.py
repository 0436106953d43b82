"""The ledger as it can be read: single records, pages of many, and what they are found by. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from redis import Redis

from tasks.ledger.calling import ScriptCaller
from tasks.ledger.record import Record
from tasks.persistence import classified

_SURVEYED_AT_ONCE: Final = 500  # records; the server does nothing else for as long
_REPORTED_AT_ONCE: Final = 500  # outcomes, likewise
_RECORD_END: Final = "\x1e"
_FIELD_END: Final = "\x1f"


class LedgerBooks:
    """All records under one key prefix. Safe to share between threads. Every method may raise redis.RedisError."""

    def __init__(self, redis: Redis, key_prefix: str) -> None:
        self.redis: Any = redis  # with decode_responses, which redis-py's types do not follow
        self._prefix = key_prefix + ":"
        self._scripts = ScriptCaller(redis)

    def key(self, *parts: str) -> str:
        """The name of one of our keys."""
        return self._prefix + ":".join(parts)

    @classified()
    def find(self, redemption_id: str) -> Record | None:
        """The record of that id."""
        fields = self.redis.hgetall(self.key("redemption", redemption_id))
        return Record(redemption_id, fields) if fields else None

    def find_all(self, ids: Iterable[str], fields: Sequence[str] = ()) -> list[Record]:
        """The records of those ids that exist, in one round trip; with all their fields, or with `fields` only."""
        ids = list(ids)
        if not ids:
            return []
        page = self._run("glance", len(ids), *ids, *fields)
        answers = (record.split(_FIELD_END)[:-1] for record in page.split(_RECORD_END)[:-1])
        found = []
        for id_, values in zip(ids, answers, strict=True):
            pairs = zip(fields, values, strict=False) if fields else zip(values[::2], values[1::2], strict=True)
            record = {name: value for name, value in pairs if value}
            if record:
                found.append(Record(id_, record))
        return found

    def survey(self, key: str, fields: Sequence[str]) -> Iterator[list[str]]:
        """Some fields of every record in `dead` or in `wake:<account>`, the earliest first; empty where it has none.

        The first of the fields must be one that each record has. Raises redis.RedisError.
        """
        position: Sequence[str | int] = ("-inf", 0)
        while position:
            page, *position = self._run("survey", key, *position, _SURVEYED_AT_ONCE, *fields)
            for record in page.split(_RECORD_END)[:-1]:
                yield record.split(_FIELD_END)

    def report(self, wanted: Mapping[str, Any]) -> Iterator[Record]:
        """The outcomes there are by now that `wanted` lets through, as `report.lua` has it; the earliest first.

        Each record has the fields of its outcome, and `at`. Raises redis.RedisError.
        """
        with classified():
            newest = self.redis.xrevrange(self.key("outcomes"), count=1)
        position = ""
        while newest:
            page, position = self._run("report", position, newest[0][0], _REPORTED_AT_ONCE, json.dumps(wanted))
            for fields in json.loads(page):
                yield Record(fields["id"], fields)
            if not position:
                return

    def raw(self, letter_id: str) -> str:
        """What came with such a letter: large perhaps, so that lists leave it where it is. Empty once it is gone."""
        return self.redis.get(self.key("raw", letter_id)) or ""

    @classified()
    def accounts(self) -> set[str]:
        """The names of all accounts that ever had a redemption."""
        return set(self.redis.smembers(self.key("accounts")))

    def now(self) -> datetime:
        """The server's time, which moments in the ledger are to be compared with; this machine's may be another."""
        seconds, microseconds = self.redis.time()
        return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)

    def _run(self, name: str, *arguments: str | int | bytes) -> Any:  # noqa: ANN401 - each script has its own shape
        with classified():
            return self._scripts.call(name, self._prefix, *arguments)
