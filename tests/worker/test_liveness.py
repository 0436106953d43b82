"""The watchdog's parts: how it counts, what it does to files, and what it tells systemd."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from config.complaints import SettingsError
from worker.liveness import Looks
from worker.sign_file import SignFile
from worker.systemd import Systemd
from worker.vital_signs import MAIN, WAKER, VitalSigns


def test_looks_in_vain_are_counted_by_part_and_forgotten_with_the_next_mark() -> None:
    signs = VitalSigns()
    looks = Looks(signs)
    assert looks.look(MAIN) == 0, "the first look has nothing to compare with"
    signs.mark(WAKER)
    assert [looks.look(MAIN) for _ in range(3)] == [1, 2, 3]
    signs.mark(MAIN)
    assert [looks.look(MAIN), looks.look(MAIN)] == [0, 1]


def test_a_part_that_is_pardoned_is_counted_anew() -> None:
    looks = Looks(VitalSigns())
    assert [looks.look(MAIN) for _ in range(3)] == [0, 1, 2]
    looks.pardon(MAIN)
    assert [looks.look(MAIN), looks.look(MAIN)] == [0, 1]


def test_what_a_killed_worker_left_is_gone_before_the_next_one_is_well(tmp_path: Path) -> None:
    (tmp_path / "ready").touch()
    SignFile("REDEEM_READINESS_FILE", tmp_path / "ready").prepare()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("missing/alive", "REDEEM_LIVENESS_FILE: cannot be written: No such file or directory"),
        ("full/alive", "REDEEM_LIVENESS_FILE: cannot be written: Not a directory"),
        ("", "REDEEM_LIVENESS_FILE: is something else than an empty file, so it is not ours to take"),
        ("full", "REDEEM_LIVENESS_FILE: is something else than an empty file, so it is not ours to take"),
    ],
)
def test_a_path_that_is_no_use_is_told_and_nothing_is_touched(path: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "full").write_text("precious")
    with pytest.raises(SettingsError) as caught:
        SignFile("REDEEM_LIVENESS_FILE", tmp_path / path).prepare()
    assert str(caught.value) == complaint
    assert (tmp_path / "full").read_text() == "precious"


def test_a_directory_that_goes_away_meanwhile_is_told_once_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "run"
    directory.mkdir()
    file = SignFile("REDEEM_LIVENESS_FILE", directory / "alive")
    file.prepare()
    directory.rmdir()
    file.touch()
    file.touch()
    assert capsys.readouterr().out.count("liveness.unwritable") == 1
    directory.mkdir()
    file.touch()
    assert (directory / "alive").exists()


def test_nobody_wants_a_file() -> None:
    file = SignFile("REDEEM_LIVENESS_FILE", None)
    file.prepare()
    file.touch()
    file.remove()


@pytest.mark.parametrize("address", ["{}/notify", "@redeem-{}"])
def test_systemd_is_told(address: str, short_path: Path) -> None:
    name = address.format(str(short_path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1))
        Systemd({"NOTIFY_SOCKET": name}).tell("READY=1", "STATUS=Consumes")
        assert listening.recv(100) == b"READY=1\nSTATUS=Consumes"


def test_a_systemd_that_is_gone_ends_nothing(short_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = Systemd({"NOTIFY_SOCKET": str(short_path / "notify")})
    gone.tell("WATCHDOG=1")
    gone.tell("WATCHDOG=1")
    assert capsys.readouterr().out.count("liveness.systemd_unheard") == 1
    Systemd({}).tell("WATCHDOG=1")
