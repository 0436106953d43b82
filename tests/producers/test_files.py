"""An export that is emitted whole, or stays where it is with every refusal named."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.producers.house import House, Told
from tests.producers.page import paste

if TYPE_CHECKING:
    from collections.abc import Sequence


def emit(house: House, folder: Path, lines: Sequence[object]) -> subprocess.CompletedProcess[str]:
    paste(folder, "emit-export.sh")
    (folder / "orders.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    path = f"{Path(sys.executable).parent}:{house.system.environment['PATH']}"
    return subprocess.run(
        ("sh", "-u", "emit-export.sh", "orders.jsonl"),
        cwd=folder,
        env=house.system.environment | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_export_is_put_aside_once_all_of_it_is_taken(house: House, order_id: str, tmp_path: Path) -> None:
    good = {"order_id": order_id, "shop": "uk", "coupons": [{"code": "SKD1"}]}
    bad = {**good, "order_id": f"{order_id}-bad", "order_valeu": "1.00"}
    first = emit(house, tmp_path, [bad, good])
    assert first.returncode == 1
    assert "order_valeu" in first.stderr
    assert (tmp_path / "orders.jsonl").exists()
    assert [*house.reported(order_id)] == [("sovendus", "SKD1")]

    second = emit(house, tmp_path, [good])
    assert second.returncode == 0, second.stderr
    assert (tmp_path / "orders.jsonl.done").exists()
    assert house.reported(order_id) == {("sovendus", "SKD1"): Told(None, None)}
