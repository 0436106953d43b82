"""Which accounts the sandbox accepts and how it words its refusals; a test may change it at run time."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class PolicyError(ValueError):
    """A policy that cannot be; the text names the field."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The sandbox's settings; frozen, so that a change is one assignment."""

    accepted_keys: frozenset[str] | None = None
    """Uniqodo API keys; None: every key that does not start with `wrong`."""
    wrong_ids: frozenset[str] = frozenset({"9999"})
    """Sovendus traffic source numbers and medium ids that are well-formed but wrong: they answer 500."""
    error_status: int = 200
    """The HTTP status of Uniqodo's application errors."""
    error_code_as_text: bool = False
    """Uniqodo's error codes as `"201"` rather than `201`."""
    require_validation_key: bool = False
    """Refuse Uniqodo calls without `valKey`."""

    def accepts_key(self, key: str) -> bool:
        """Whether a Uniqodo API key is good."""
        if self.accepted_keys is None:
            return not key.lower().startswith("wrong")
        return key in self.accepted_keys

    def summary(self) -> dict[str, object]:
        """Its JSON form."""
        return {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(self).items()}

    def changed(self, changes: Mapping[str, object]) -> Policy:
        """A copy with some fields changed, as JSON gives them. Raises PolicyError."""
        return replace(self, **{name: _checked(name, value) for name, value in changes.items()})  # type: ignore[arg-type]  # _checked gives each field its type


def _checked(name: str, value: object) -> object:
    if name not in {field.name for field in fields(Policy)}:
        raise PolicyError(f"{name}: no such setting")
    if name in {"accepted_keys", "wrong_ids"}:
        if value is None and name == "accepted_keys":
            return None
        if not isinstance(value, (list, tuple, set, frozenset)) or not all(isinstance(one, str) for one in value):
            raise PolicyError(f"{name}: a list of strings")
        return frozenset(value)
    if name == "error_status":
        if not isinstance(value, int) or not 200 <= value <= 599:  # noqa: PLR2004  # the range of HTTP statuses
            raise PolicyError(f"{name}: a status from 200 to 599")
    elif not isinstance(value, bool):
        raise PolicyError(f"{name}: true or false")
    return value
