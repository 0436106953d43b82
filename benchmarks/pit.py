"""The contenders' environments, apart from Redeem's own: locked, and installed under `.bench/` on first use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
_ENVIRONMENTS: Final = ROOT / ".bench"
_LOCKS: Final = ROOT / "benchmarks" / "contenders"


def python(name: str) -> Path:
    """The interpreter of the environment that `contenders/<name>.txt` locks, installed if need be."""
    environment, lock = _ENVIRONMENTS / name, _LOCKS / f"{name}.txt"
    stamp, interpreter = environment / ".locked", environment / "bin" / "python"
    if not stamp.exists() or stamp.read_bytes() != lock.read_bytes():
        print(f"setting up {environment} from PyPI", file=sys.stderr, flush=True)  # noqa: T201 - it takes a while
        uv = _uv()
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, environment], check=True)  # noqa: S603
        sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--only-binary", ":all:"]
        subprocess.run([*sync, "--python", interpreter, lock], check=True)  # noqa: S603 - as above: uv and our own files
        stamp.write_bytes(lock.read_bytes())
    return interpreter


def _uv() -> str:
    """The machine's, else the one that `./run` has fetched."""
    fetched = sorted(str(path) for path in ROOT.glob(".uv/*/bin/uv"))
    found = shutil.which("uv") or (fetched[-1] if fetched else None)
    if found is None:
        raise FileNotFoundError("no uv: start this by ./run, which fetches it")
    return found
