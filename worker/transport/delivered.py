"""A message in a worker's hands, as kombu passes it on: read already, so that nothing of it is decoded once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from kombu.transport import virtual

if TYPE_CHECKING:
    from tasks.messages.arrival import Arrival

_Kombus: Any = virtual.Message  # it has no types


class Delivered(_Kombus):
    """What a lane delivers. `raw` is what stood in the queue."""

    errors: Final = ()
    content_type: Final = "application/json"
    content_encoding: Final = "utf-8"

    def __init__(self, arrived: tuple[Arrival, str, bytes], channel: Any) -> None:  # noqa: ANN401 - the lane
        arrival, tag, self.raw = arrived
        self.arrival = arrival
        self.channel = channel
        self.headers = arrival.headers
        # Our own tag: a stranger's may be the same on every message.
        self.properties = {
            **arrival.properties,
            "sender_tag": arrival.properties["delivery_tag"],
            "delivery_tag": tag,
        }
        self.delivery_tag = tag
        self.delivery_info = arrival.properties["delivery_info"]
        self.accept = None
        self._state = "RECEIVED"
        self._decoded_cache: Any = (arrival.args, arrival.kwargs, {})  # what kombu calls the payload; nothing follows

    def end(self, *, requeue: bool = False) -> None:
        """It is done with, or wanted back. For any thread; the lane learns of it with the event loop's next turn."""
        self.channel.ended_soon(self.delivery_tag, requeue)

    @property
    def body(self) -> str:
        """The body as JSON, for whoever wants it so.

        kombu raises where it finds a value of a type that it does not know: such a key is spelled so that it is none.
        """
        return json.dumps(self._decoded_cache).replace('"__type__":', '"__type__ ":')
