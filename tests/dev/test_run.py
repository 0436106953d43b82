"""`./run` on machines of many kinds. A stand-in for uv says what it was asked; .ci/run uses the real one."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "run"
TOOLS = ("sh", "cat", "dirname", "find", "mkdir", "readlink", "rm", "touch")

UV = """#!/bin/sh
[ "$1" != --version ] || { echo "uv VERSION (stand-in)"; exit; }
echo "$* | cache=$UV_CACHE_DIR downloads=$UV_PYTHON_DOWNLOADS venv=$VIRTUAL_ENV python=$UV_PYTHON" >> "$UV_LOG"
case $1 in
    python) exit FOUND ;;
    sync) mkdir -p CHECKOUT/.venv/bin && : > CHECKOUT/.venv/bin/python && exit SYNCED ;;
esac
"""


@dataclass
class Machine:
    """A checkout, and a PATH that holds nothing but what a test puts there."""

    checkout: Path
    path: Path
    home: Path
    log: Path

    def has(self, name: str, script: str, *, folder: Path | None = None) -> None:
        program = (folder or self.path) / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(script)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def has_uv(self, version: str = "0.13.9", *, found: int = 0, synced: int = 0, folder: Path | None = None) -> None:
        script = UV.replace("VERSION", version).replace("FOUND", str(found)).replace("SYNCED", str(synced))
        self.has("uv", script.replace("CHECKOUT", f"'{self.checkout}'"), folder=folder)

    def run(
        self,
        *command: str,
        script: Path | None = None,
        environment: Mapping[str, str] | None = None,
        given: str = "",
        cwd: Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(script or self.checkout / "run"), *command],
            env={
                "PATH": str(self.path),
                "HOME": str(self.home),
                "UV_LOG": str(self.log),
                **(environment or {}),
            },
            input=given,
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd or self.home,
        )

    def asked(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    checkout = tmp_path / "a checkout; 100 % $HOME ü"
    path, home = tmp_path / "bin", tmp_path / "home"
    for directory in (checkout, path, home):
        directory.mkdir()
    shutil.copy(RUN, checkout / "run")
    for lock in ("uv.lock", "pyproject.toml"):
        (checkout / lock).touch()
        os.utime(checkout / lock, (1, 1))
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, tool
        (path / tool).symlink_to(found)
    return Machine(checkout, path, home, tmp_path / "uv.log")


def test_sets_up_from_the_lock_and_then_runs_the_command(machine: Machine) -> None:
    machine.has_uv()
    done = machine.run("sh", "-c", 'echo "$VIRTUAL_ENV"; echo "${PATH%%:*}"')
    assert done.stdout.splitlines() == [f"{machine.checkout}/.venv", f"{machine.checkout}/.venv/bin"]
    assert f"sync --locked --inexact --quiet --all-extras --project {machine.checkout} " in machine.asked()[-1]


def test_says_that_it_sets_up_the_first_time_only(machine: Machine) -> None:
    machine.has_uv()
    assert "setting up" in machine.run("sh", "-c", ":").stderr
    assert machine.run("sh", "-c", ":").stderr == ""
    (machine.checkout / "uv.lock").touch()
    os.utime(machine.checkout / ".venv" / ".set-up", (1, 1))
    assert "setting up" in machine.run("sh", "-c", ":").stderr


def test_directory_input_output_and_status_are_the_commands_own(machine: Machine, tmp_path: Path) -> None:
    machine.has_uv()
    done = machine.run("sh", "-c", "cat; pwd -P; exit 7", given="events\n", cwd=tmp_path)
    assert (done.stdout, done.returncode) == (f"events\n{tmp_path.resolve()}\n", 7)


def test_arguments_arrive_as_they_were_given(machine: Machine) -> None:
    machine.has_uv()
    done = machine.run("sh", "-c", 'printf "<%s>" "$@"', "sh", "a b", "", "*", "$HOME")
    assert done.stdout == "<a b><><*><$HOME>"


def test_the_command_takes_the_shells_place_so_that_signals_reach_it(machine: Machine) -> None:
    machine.has_uv()
    process = subprocess.Popen(
        [str(machine.checkout / "run"), "sh", "-c", "echo $$"],
        env={"PATH": str(machine.path), "HOME": str(machine.home), "UV_LOG": str(machine.log)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.communicate()[0].strip() == str(process.pid)


def test_works_through_a_symbolic_link(machine: Machine, tmp_path: Path) -> None:
    machine.has_uv()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "first").symlink_to(machine.checkout / "run")
    (tmp_path / "elsewhere" / "second").symlink_to("../first")
    assert machine.run("sh", "-c", ":", script=tmp_path / "elsewhere" / "second").returncode == 0
    assert f"--project {machine.checkout} " in machine.asked()[-1]


def test_somebody_elses_virtual_environment_is_not_used_and_no_python_downloaded(machine: Machine) -> None:
    machine.has_uv()
    machine.run("sh", "-c", ":", environment={"VIRTUAL_ENV": "/elsewhere"})
    assert "downloads=never venv= " in machine.asked()[-1]


@pytest.mark.parametrize(("folder", "locale"), [("a folder; 100 %", "de_DE"), ("ü", "C.UTF-8")])
def test_python_starts_in_a_folder_whose_letters_the_locale_lacks(
    machine: Machine, short_path: Path, folder: str, locale: str
) -> None:
    machine.checkout = Path(shutil.move(machine.checkout, short_path / folder))
    machine.has_uv()
    assert machine.run("sh", "-c", "echo $LC_ALL", environment={"LC_ALL": "de_DE"}).stdout == f"{locale}\n"


def test_what_python_compiles_is_kept_whatever_the_caller_does_elsewhere(machine: Machine) -> None:
    machine.has_uv()
    done = machine.run("sh", "-c", "echo kept:$PYTHONDONTWRITEBYTECODE", environment={"PYTHONDONTWRITEBYTECODE": "1"})
    assert done.stdout == "kept:\n"


@pytest.mark.parametrize("home", ["/dev/null/none", ""], ids=["unwritable", "unset"])
def test_without_a_home_the_cache_is_in_the_checkout(machine: Machine, home: str) -> None:
    machine.has_uv()
    machine.run("sh", "-c", ":", environment={"HOME": home})
    assert f"cache={machine.checkout}/.uv-cache " in machine.asked()[-1]


def test_with_a_home_the_cache_is_uvs_own(machine: Machine) -> None:
    machine.has_uv()
    machine.run("sh", "-c", ":")
    assert "cache= " in machine.asked()[-1]


def test_a_failed_set_up_is_explained_and_runs_nothing(machine: Machine) -> None:
    machine.has_uv(synced=2)
    done = machine.run("sh", "-c", "echo ran")
    assert (done.returncode, done.stdout) == (1, "")
    assert "set-up failed" in done.stderr


def test_a_certificate_that_only_the_system_knows_is_accepted(machine: Machine) -> None:
    """uv trusts its own certificates first: behind a company's proxy the first set-up fails."""
    machine.has_uv(synced=0)
    machine.has("uv", (machine.path / "uv").read_text().replace("&& exit 0", '&& [ "$UV_SYSTEM_CERTS" = 1 ]; exit'))
    done = machine.run("sh", "-c", "echo ran")
    assert (done.returncode, done.stdout) == (0, "ran\n")
    assert sum(line.startswith("sync") for line in machine.asked()) == 2


def test_an_old_python_only_is_explained(machine: Machine) -> None:
    machine.has_uv(found=2)
    machine.has("python3", '#!/bin/sh\n[ "$1" != --version ] || echo Python 3.9.18\n')
    done = machine.run("sh", "-c", "echo ran")
    assert (done.returncode, done.stdout) == (1, "")
    assert "needs Python 3.11 or later; python3 here is Python 3.9.18" in done.stderr


def test_a_python_that_uv_overlooks_is_named_to_it(machine: Machine) -> None:
    machine.has_uv(found=2)
    machine.has("python3", "#!/bin/sh\necho /opt/python3.12\n")
    assert machine.run("sh", "-c", ":").returncode == 0
    assert machine.asked()[-1].endswith("python=/opt/python3.12")


PIP = """#!/bin/sh
[ "$2" = pip ] || exit 1
[ "$3" != --version ] || exit 0
while [ "$1" != --target ]; do shift; done
mkdir -p "$2/bin" && cat "SPARE" > "$2/bin/uv" && chmod +x "$2/bin/uv" && echo "installed $3" >> "$UV_LOG"
"""


@pytest.mark.parametrize("old", [None, "0.6.17", "mock 1.0"], ids=["none", "too old", "something else"])
def test_fetches_uv_into_the_checkout_once(machine: Machine, tmp_path: Path, old: str | None) -> None:
    if old:
        machine.has_uv(old)
    machine.has_uv(folder=tmp_path / "spare")
    (machine.path / "chmod").symlink_to(shutil.which("chmod") or "")
    (machine.path / "mv").symlink_to(shutil.which("mv") or "")
    # pip is a stand-in; the rename that places uv is done by whatever python3 is asked with -c
    rename = '[ "$1" != -c ] || { mv "$3" "$4"; exit; }\n'
    pip = PIP.replace("SPARE", str(tmp_path / "spare" / "uv"))
    machine.has("python3", pip.replace("#!/bin/sh\n", f"#!/bin/sh\n{rename}"))

    first, second = machine.run("sh", "-c", ":"), machine.run("sh", "-c", ":")
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "fetching uv 0.13 into" in first.stderr
    assert machine.asked()[0] == "installed uv==0.13.*"
    assert sum(line.startswith("installed") for line in machine.asked()) == 1
    assert [entry.name for entry in (machine.checkout / ".uv").iterdir()] == ["0.13"]


def test_neither_uv_nor_python_is_explained(machine: Machine) -> None:
    done = machine.run("sh", "-c", "echo ran")
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not install uv" in done.stderr
    assert "python3-venv" in done.stderr
    assert list((machine.checkout / ".uv").iterdir()) == []


def test_without_a_command_it_says_how_it_is_used(machine: Machine) -> None:
    done = machine.run()
    assert done.returncode == 2
    assert "usage: ./run COMMAND" in done.stderr
