"""What a lane has delivered and is not done with: kombu's bookkeeping. Redis is told of it by the bookings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kombu.transport import virtual

if TYPE_CHECKING:
    from worker.transport.lane import Lane


class InHand(virtual.QoS):
    """One lane's messages in hand."""

    channel: Lane

    def can_consume(self) -> bool:
        """Whether the lane may take anything."""
        return self.channel.credit() > 0

    def in_hand(self) -> int:
        """How many messages were delivered and are not done with."""
        return len(self._delivered)

    def ack(self, delivery_tag: str) -> None:
        """It is done with."""
        self._delivered.pop(delivery_tag, None)
        self.channel.bookings.finish(delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:  # noqa: FBT001, FBT002 - kombu's signature
        """It is done with; or not, and wanted back."""
        self._delivered.pop(delivery_tag, None)
        (self.channel.bookings.refuse if requeue else self.channel.bookings.finish)(delivery_tag)

    def restore_unacked(self, **_: Any) -> list[Any]:  # noqa: ANN401 - kombu's signature
        """Nothing to do for one lane: the bookings give back everything at once."""
        self._delivered.clear()
        return []
