"""A partner's statement: a file of whoever made it, read without guessing.

Its columns are found by their names, its encoding, delimiter and decimal sign by what the whole file holds. What can be
read in two ways is refused, the file or the line, with the reason.
"""

from tasks.reports.statement.amounts import Decimals
from tasks.reports.statement.columns import Columns, Wishes
from tasks.reports.statement.layout import Layout
from tasks.reports.statement.lines import Line, Statement
from tasks.reports.statement.unreadable import NoStatement

__all__ = ["Columns", "Decimals", "Layout", "Line", "NoStatement", "Statement", "Wishes"]
