"""An operator without a browser: the pages over HTTP, and their forms filled in."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from collections.abc import Mapping


class Visitor:
    """Somebody at a Flower's pages; `login` is name and password."""

    def __init__(self, url: str, login: tuple[str, str] | None = None) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = login

    def get(self, path: str, **query: str) -> requests.Response:
        """A page, whatever its status."""
        return self.session.get(self.url + path, params=query, timeout=60)

    def text(self, path: str, **query: str) -> str:
        """A page's HTML; fails unless there is one."""
        answer = self.get(path, **query)
        assert answer.ok, (answer.status_code, answer.text)
        return answer.text

    def post(
        self,
        path: str,
        fields: Mapping[str, str | list[str]],
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Press a button; the token is that of a page seen before, unless given."""
        if token is None:
            self.text("/overview")
            token = self.session.cookies["_xsrf"]
        data = {**fields, "_xsrf": token}
        return self.session.post(self.url + path, data=data, headers=dict(headers or {}), timeout=60)

    def press(self, question: str) -> requests.Response:
        """Say yes to a question: send its form as it stands."""
        action = re.search(r'<form method="post" action="([^"]+)" data-once>(.*?)</form>', question, re.DOTALL)
        assert action, question
        fields: dict[str, list[str]] = {}
        for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', action[2]):
            fields.setdefault(name, []).append(html.unescape(value))
        return self.post(action[1], dict(fields))


def letters(page: str) -> list[str]:
    """The ids in the table of dead letters, from top to bottom."""
    return [html.unescape(one) for one in re.findall(r'name="id" value="([^"]*)"', page)]


def words(page: str) -> str:
    """What one reads of a page: its text without markup, the blanks between words as one."""
    shown = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", shown)).split())
