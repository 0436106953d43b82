"""What logs, events and Flower show of an `orders.completed` message: order id and shop, and nothing else.

Celery shows the sender's own `argsrepr`, or the arguments as they are: the customer's address with them. This stands
in between, in the worker, for every sender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from celery.worker.request import Request
from kombu.exceptions import ContentDisallowed, DecodeError

from tasks.plain_text import without_addresses


class OrderRequest(Request):
    """Celery's request with a readable, redacted picture of its arguments."""

    def __init__(self, message: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own signature
        super().__init__(message, **kwargs)
        shown = describe_event(_arguments(message))
        self._argsrepr = shown
        self._kwargsrepr = "{}"
        # Celery hands this dict to the task as its context, and shows it in `inspect` and in logs.
        self.request_dict.update(argsrepr=shown, kwargsrepr="{}")

    def info(self, safe: bool = False) -> Any:  # noqa: ANN401, ARG002, FBT001, FBT002 - Celery's own signature
        """What `celery inspect` and Flower's worker page show of a message in hand: never the arguments themselves."""
        return super().info(safe=True)


def describe_event(arguments: object) -> str:
    """`(145789 @ uk)` for the arguments of an orders.completed message; never anything else of it."""
    first = arguments[0] if isinstance(arguments, Sequence) and not isinstance(arguments, str) and arguments else None
    if not isinstance(first, Mapping):
        return "(no event)"
    return f"({_word(first.get('order_id'))} @ {_word(first.get('shop', 'default'))})"


def _word(value: object) -> str:
    """An order number or a shop's name; anything with a space or an @ in it, however that is spelled, is none."""
    text = str(value) if isinstance(value, str | int) else "?"
    return text[:64] if text.isprintable() and " " not in text and without_addresses(text) == text else "?"


def _arguments(message: Any) -> object:  # noqa: ANN401 - kombu's message
    try:
        payload = message.payload
    except (DecodeError, ContentDisallowed):
        return None
    if isinstance(payload, Mapping):  # Celery's first message protocol
        return payload.get("args")
    return payload[0] if isinstance(payload, Sequence) and payload else None
