"""No command more and none less: what users.acl grants is what a user's programs were heard to say, and what the
scripts that they run can come to say.
"""

from __future__ import annotations

import pytest

from tests.deploy.lua_calls import commands_in
from tests.deploy.overhearing import Heard
from tests.deploy.rights import RUNS, SCRIPTS, granted, scripted
from tests.deploy.work import ELSEWHERE, OPERATORS
from worker.cli import COMMANDS

UNASKED = {"hello", "auth", "quit"}
"""What every connection may say, whatever its user may."""
UNHEARD = {
    "ping": "in a process that has lived for a while",
    "bgsave": "MONITOR keeps what is the administrator's to itself",
    "bgrewriteaof": "the same",
    "zcount": "where there are more than a list shows",
}
"""What is said so seldom that nobody hears it here, and when it is."""
REFUSED = {"eraser": {"config|get"}}
"""User → what its programs ask for and do without: whether Redis takes snapshots, for which it takes one then."""


@pytest.mark.parametrize("user", RUNS)
def test_a_users_whole_work_is_done_and_nothing_of_it_refused(user: str, heard: Heard) -> None:
    assert {entry["object"] for entry in heard.refused[user]} == REFUSED.get(user, set())


@pytest.mark.parametrize("user", RUNS)
def test_what_is_granted_is_what_is_said(user: str, heard: Heard) -> None:
    said = set(heard.by_user[user].commands) - UNASKED
    assert granted(user) - UNHEARD.keys() == (said | scripted(user)) - UNHEARD.keys()


@pytest.mark.parametrize("user", RUNS)
def test_scripts_say_nothing_that_their_text_does_not_tell(user: str, heard: Heard) -> None:
    assert set(heard.by_user[user].in_scripts) <= scripted(user)


def test_every_script_is_somebodys() -> None:
    assert set(SCRIPTS) == set().union(*RUNS.values())


def test_what_a_script_can_call_is_read_off_its_text() -> None:
    script = """
    -- redis.call('FLUSHALL')
local function deep(key) redis.call('HSET', key, 'a', 'b') end
local function called(key)
  deep(key)
end
local function never()
  redis.call('DEL', 'x')
end
called('k')
redis.call(ARGV[1] == 'last' and 'LPUSH' or 'RPUSH', 'k', 'v')
local told = redis.call('XINFO', 'STREAM', 'k')
"""
    assert commands_in(script) == {"hset", "lpush", "rpush", "xinfo|stream"}


def test_every_command_is_somebodys() -> None:
    assert {words[0] for words in OPERATORS} | ELSEWHERE.keys() == COMMANDS.keys()
