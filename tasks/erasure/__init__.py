"""Erasing an order or a customer from everything that Redeem keeps, and telling what it cannot reach.

`subject` says what it is about, `search` finds it, `carrying_out` erases what was found, `erasing` does so until there
is nothing left; `disk` has Redis' files written anew.
"""

from tasks.erasure.erasing import Erased, Refusal, erase, look
from tasks.erasure.found import Found
from tasks.erasure.search import search
from tasks.erasure.subject import Subject
from tasks.erasure.turn import NotNow

__all__ = ["Erased", "Found", "NotNow", "Refusal", "Subject", "erase", "look", "search"]
