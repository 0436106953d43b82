"""Decides which faults a call meets: first the standing ones set from outside, then the marks in its code."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Unpack, cast

from worker.dev.sandbox.books import Call, Where, matches
from worker.dev.sandbox.faults import Fault, marked_fault, parse_fault

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class StandingFault:
    """A fault, or a random mix of faults, for the calls that pass a filter."""

    number: int
    where: Where
    chances: list[tuple[Fault, float]]
    """Each fault with its probability a call."""
    seed: int
    left: int | None
    """How many more calls it fails; None: until cleared."""

    def draw(self, call: Call, attempt: int) -> Fault | None:
        """The fault for this call, or None. The same seed, order, code and attempt draw the same one."""
        if self.left == 0 or not matches(call, self.where):
            return None
        lot = _lot(f"{self.seed}:{call.partner}:{call.account}:{call.order_id}:{call.code}:{attempt}")
        for fault, chance in self.chances:
            if lot < chance:
                if self.left is not None:
                    self.left -= 1
                return fault
            lot -= chance
        return None

    def summary(self) -> dict[str, object]:
        """Its JSON form."""
        mix = {str(fault): chance for fault, chance in self.chances}
        return {"number": self.number, "mix": mix, "seed": self.seed, "left": self.left, **self.where}


class FaultPlan:
    """The standing faults and how often each code was seen; safe for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: list[StandingFault] = []
        self._numbers = 0
        self._attempts: Counter[tuple[str | None, ...]] = Counter()
        self._seen: Counter[tuple[str | None, ...]] = Counter()

    def fail(self, fault: str, times: int | None = None, **where: Unpack[Where]) -> int:
        """Sets a fault for the next `times` calls; None: for its own `x<times>`, else until cleared.

        Returns its number. Raises UnknownFaultError.
        """
        parsed = parse_fault(fault)
        return self._stand(where, [(parsed, 1.0)], 0, parsed.times if times is None else times)

    def mix(self, chances: Mapping[str, float], seed: int = 0, times: int | None = None, **where: Unpack[Where]) -> int:
        """Sets faults at random: each with its probability a call, together at most 1; returns the number.

        What a call draws hangs on the seed, its account, order, code and attempt alone, so a campaign can
        be repeated whatever the threads do. Raises UnknownFaultError, and ValueError for impossible chances.
        """
        if any(chance < 0 for chance in chances.values()) or sum(chances.values()) > 1 + 1e-9:
            raise ValueError("chances are between 0 and 1, and at most 1 together")
        return self._stand(where, [(parse_fault(name), chance) for name, chance in chances.items()], seed, times)

    def _stand(self, where: Where, chances: list[tuple[Fault, float]], seed: int, times: int | None) -> int:
        with self._lock:
            self._numbers += 1
            self._standing.append(StandingFault(self._numbers, where, chances, seed, times))
            return self._numbers

    def standing(self) -> list[StandingFault]:
        """The standing faults that are not used up, oldest first."""
        with self._lock:
            return [fault for fault in self._standing if fault.left != 0]

    def clear(self, **where: Unpack[Where]) -> None:
        """Clears the standing faults set with this filter or a narrower one; without a filter all."""
        wanted = cast("dict[str, str]", where).items()
        with self._lock:
            self._standing = [
                fault for fault in self._standing if not wanted <= cast("dict[str, str]", fault.where).items()
            ]

    def reset(self) -> None:
        """Clears all faults and forgets how often codes were seen."""
        with self._lock:
            self._standing.clear()
            self._attempts.clear()
            self._seen.clear()

    def draw(self, call: Call) -> list[Fault]:
        """The faults this call meets: any number of SLOW, then at most one of another kind.

        A code's own marks count only the calls that no standing fault took away.
        """
        with self._lock:
            attempt = (call.partner, call.account, call.order_id, call.code)
            self._attempts[attempt] += 1
            met: list[Fault] = []
            for standing in self._standing:
                fault = standing.draw(call, self._attempts[attempt])
                if fault is not None:
                    met.append(fault)
                    if fault.name != "SLOW":
                        return met
            marked = self._marked(call)
            return met if marked is None else [*met, marked]

    def _marked(self, call: Call) -> Fault | None:
        if call.code is None:
            return None
        code = (call.partner, call.account, call.code.upper())
        self._seen[code] += 1
        return marked_fault(call.code, self._seen[code] - 1)


def _lot(text: str) -> float:
    """A number in [0, 1) that hangs on the text alone."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest(), "big") / 2**48
