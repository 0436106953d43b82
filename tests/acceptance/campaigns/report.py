"""What a campaign found, as figures: for people a table, for programs one JSON object."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tasks.ledger import State
from tests.acceptance.campaigns.histories import ambiguities
from tests.acceptance.campaigns.verdict import DONE, RULES, Finding, judge, money

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.campaigns.evidence import Evidence
    from tests.acceptance.campaigns.sizes import Sizes

_SHOWN: Final = 20
"""Findings that the table shows in full."""


@dataclass(frozen=True)
class Report:
    """One campaign's; counts are by kind, `seconds` is how long it took."""

    name: str
    sizes: Sizes
    faults: Mapping[str, int]
    acknowledged: Mapping[str, int]
    refused: Mapping[str, int]
    exits: Mapping[str, int]
    measured: Mapping[str, Any]
    seconds: float
    evidence: Evidence

    @cached_property
    def findings(self) -> list[Finding]:
        """Everything that is wrong; a clean campaign has none."""
        return judge(self.evidence)

    def figures(self) -> dict[str, Any]:
        """All there is to tell, in the table's order."""
        records = [record for record in self.evidence.records.values() if record.is_redemption]
        broken = Counter(finding.rule for finding in self.findings)
        twice = {id_ for id_, entries in self.evidence.booked.items() if sum(one.commits for one in entries) > 1}
        return {
            "campaign": self.name,
            "sizes": asdict(self.sizes),
            "faults": dict(self.faults),
            "unplanned worker exits": dict(self.exits),
            "events acknowledged": dict(self.acknowledged),
            "sendings refused and repeated": dict(self.refused),
            "redemptions promised": len(self.evidence.promises),
            "partner calls": sum(map(len, self.evidence.calls.values())),
            "settled": dict(Counter(record.state.value for record in records if record.state in DONE)),
            "dead by reason": dict(Counter(record.reason for record in records if record.state is State.DEAD)),
            "ambiguous": sum(bool(ambiguities(record)) for record in records),
            "doubled after an ambiguous attempt": len(twice) - broken["doubled"],
            **{rule.__name__.replace("_", " "): broken[rule.__name__] for rule in RULES},
            "money": {
                currency: f"{accepted} accepted = {settled} settled + {dead} dead"
                for currency, (accepted, settled, dead) in money(self.evidence).items()
            },
            **self.measured,
            "seconds": round(self.seconds, 1),
            "verdict": "clean" if not self.findings else f"{len(self.findings)} findings",
        }

    def as_json(self) -> dict[str, Any]:
        """The figures under names without blanks, and every finding."""
        figures = {"_".join(re.findall(r"\w+", name)): value for name, value in self.figures().items()}
        return figures | {"findings": [asdict(finding) for finding in self.findings]}

    def lines(self) -> list[str]:
        """The table, a line each, and the first findings."""
        figures = {name: _plain(value) for name, value in self.figures().items()}
        width = max(map(len, figures))
        shown = [f"  {one.rule}  {one.id}\n    {one.detail}" for one in self.findings[:_SHOWN]]
        return [f"{name.ljust(width)}  {value}" for name, value in figures.items()] + shown


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items()) or "–"
    return str(value)
