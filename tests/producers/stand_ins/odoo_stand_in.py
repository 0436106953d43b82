"""Of Odoo's ORM as much as our module uses: recordsets, a transaction of fields, a scheduled action's trigger.

Importing it makes `odoo` importable.
"""

from __future__ import annotations

import sys
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Records:
    """A recordset: empty, one, or several; a field is read of one, and is False where it is unset."""

    def __init__(self, *rows: dict[str, Any], env: Env | None = None) -> None:
        self.__dict__.update(rows=rows, env=env)

    def __iter__(self) -> Iterator[Any]:
        return (type(self)(row, env=self.env) for row in self.rows)

    def __bool__(self) -> bool:
        return bool(self.rows)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Records) and self.rows == other.rows

    __hash__ = None  # type: ignore[assignment]  # as unhashable as a list; Odoo's are hashed by id

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a field of any type
        if not self.rows:
            return False if name in ("reward_type", "is_payment_program", "code") else Records()
        values = [row.get(name, False) for row in self.rows]
        assert len(values) == 1, f"{name} is read of several records"
        return Records() if values[0] is None else values[0]

    def __setattr__(self, name: str, value: object) -> None:
        self.write({name: value})

    def write(self, values: dict[str, object]) -> None:
        for row in self.rows:
            row.update(values)

    def filtered(self, wanted: str | Callable[[Any], object]) -> Any:  # noqa: ANN401 - of its own type
        keep = wanted if callable(wanted) else lambda one: getattr(one, wanted)
        return type(self)(*(one.rows[0] for one in self if keep(one)), env=self.env)

    def mapped(self, name: str) -> list[Any]:
        return [getattr(one, name) for one in self]


class Base(Records):
    """models.Model, with what sale.order inherits from sale and mail."""

    def action_confirm(self) -> bool:
        self.write({"state": "sale"})
        return True

    def message_post(self, *, body: str) -> None:
        self.write({"posted": [*self.posted, body]})

    def search(self, domain: list[tuple[str, str, object]]) -> Any:  # noqa: ANN401 - of its own type
        assert self.env
        wanted = {name: value for name, _, value in domain}
        rows = [row for row in self.env.cr.rows if wanted.items() <= {name: row.get(name) for name in wanted}.items()]
        return type(self)(*rows, env=self.env)


class Cursor:
    """What is written to orders is in the transaction until it is committed."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = rows
        self.commit()

    def commit(self) -> None:
        self._committed = [dict(row) for row in self.rows]

    def rollback(self) -> None:
        for row, before in zip(self.rows, self._committed, strict=True):
            row.clear()
            row.update(before)


class Env:
    """The environment: models by name, records by their external id."""

    def __init__(self, model: type[Base], rows: list[dict[str, Any]]) -> None:
        self._model = model
        self.cr = Cursor(rows)
        self.triggered = False

    def __getitem__(self, name: str) -> Base:
        assert name == self._model._inherit  # type: ignore[attr-defined]  # noqa: SLF001 - Odoo's name for it
        return self._model(env=self)

    def ref(self, name: str) -> Env:
        assert name == "redeem_report.send"
        return self

    def _trigger(self) -> None:
        """ir.cron's: it runs after the commit."""
        self.triggered = True
        self.cr.commit()


def records(order: dict[str, Any]) -> dict[str, Any]:
    """An order as the database has it; what JSON cannot say is made here."""
    made = {name: _record(value) for name, value in order.items()}
    return {**made, "date_order": datetime.fromisoformat(order["date_order"]), "redeem_state": False, "posted": []}


def _record(value: object) -> object:
    if isinstance(value, dict):
        return Records({name: _record(one) for name, one in value.items()})
    if isinstance(value, list):
        return Records(*({name: _record(part) for name, part in one.items()} for one in value))
    return value


def database(model: type[Base], rows: list[dict[str, Any]]) -> Env:
    """One with these orders in it."""
    return Env(model, rows)


def _module(name: str, **names: object) -> ModuleType:
    made = ModuleType(name)
    made.__dict__.update(names)
    sys.modules[name] = made
    return made


class Field:
    """A declared field: a record holds what is written to it."""

    def __init__(self, *_choices: object, **_options: object) -> None:
        self.name = ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self.name = name

    def __get__(self, record: Records, _owner: type) -> Any:  # noqa: ANN401 - of any type
        return record.__getattr__(self.name)


_module(
    "odoo",
    api=_module("odoo.api", model=lambda method: method),
    fields=_module("odoo.fields", Selection=Field, Char=Field),
    models=_module("odoo.models", Model=Base),
)
