"""How many files, and so connections, a process may have open: raised where the system's default is small."""

from __future__ import annotations

import resource
from typing import Final

_ENOUGH: Final = 4096


def raise_limit() -> None:
    """Let this process, and all that it starts from now on, have 4096 files open, or as many as its hard limit allows.

    macOS' default is 256 and most Linux systems' 1024. A higher limit stays as it is.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
