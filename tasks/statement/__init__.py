"""A partner's statement: a file of whoever made it, read without guessing.

Its columns are found by their names, its encoding, delimiter and decimal sign by what the whole file holds. What can be
read in two ways is refused, the file or the line, with the reason.
"""

from tasks.statement.amounts import Decimals
from tasks.statement.columns import Columns, Wishes
from tasks.statement.layout import Layout
from tasks.statement.lines import Line, Statement
from tasks.statement.unreadable import NoStatement

__all__ = ["Columns", "Decimals", "Layout", "Line", "NoStatement", "Statement", "Wishes"]
