"""Empty files that tell a supervisor how the worker is: by their age, or by being there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from config.complaints import SettingsError

log = structlog.get_logger("redeem.liveness")


class SignFile:
    """The file that the setting `variable` names; with `path` None nobody wants one, and nothing happens."""

    def __init__(self, variable: str, path: Path | None) -> None:
        self._variable = variable
        self._path = path.absolute() if path else None  # whatever directory the worker changes to
        self._failing = False

    def prepare(self) -> None:
        """Show that it can be written, and take away what a killed worker left. Raises SettingsError."""
        path = self._path
        if path is None:
            return
        try:
            if path.exists() and (not path.is_file() or path.stat().st_size):
                raise SettingsError(
                    f"{self._variable}: is something else than an empty file, so it is not ours to take"
                )
            path.touch()
            path.unlink()
        except OSError as error:
            raise SettingsError(f"{self._variable}: cannot be written: {error.strerror}") from error

    def touch(self) -> None:
        """Make it be there, and of this moment. A disk that fails meanwhile is told in the log, and ends nothing."""
        self._try(Path.touch)

    def remove(self) -> None:
        """Harmless when there is none; otherwise as `touch`."""
        self._try(lambda path: path.unlink(missing_ok=True))

    def _try(self, act: Callable[[Path], None]) -> None:
        if self._path is None:
            return
        try:
            act(self._path)
        except OSError as error:
            if not self._failing:
                log.warning("liveness.unwritable", setting=self._variable, error=error.strerror)
            self._failing = True
        else:
            self._failing = False
