"""Which Redis commands a Lua script of ours can come to call, all its branches included: read off its text."""

from __future__ import annotations

import re

_FUNCTION = re.compile(r"^local function (\w+)\((?:.*end$|.*?\n(?:.*\n)*?end$)", re.MULTILINE)
_CALL = re.compile(r"redis\.p?call\(([^,)]*)")
_COMMAND = re.compile(r"'([A-Z|]+)'")


def commands_in(script: str) -> set[str]:
    """Lower-case names of the commands that the script's body can reach, through the functions it calls.

    For scripts written as ours are: functions stand at the line's beginning and end with `end` there.
    """
    script = re.sub(r"--.*", "", script).replace("'XINFO', 'STREAM'", "'XINFO|STREAM'")
    functions = {found[1]: found[0] for found in _FUNCTION.finditer(script)}
    body = _FUNCTION.sub("", script)
    reached: set[str] = set()
    texts = [body]
    while texts:
        text = texts.pop()
        called = {name for name in functions if re.search(rf"(?<!function )\b{name}\(", text)} - reached
        reached |= called
        texts += [functions[name] for name in called]
    within = [body, *(functions[name] for name in reached)]
    return {name.lower() for text in within for first in _CALL.findall(text) for name in _COMMAND.findall(first)}
