"""What can go wrong with the relay's database, named by what happens next. Texts are for an operator, and hold no
password, no statement and nothing of a row.

    DatabaseError
    ├── WrongDatabase    wrong use: a URL that is none, another database, a server that is too old
    ├── DatabaseAway     passes, or somebody mends it: the relay waits and tries again
    └── Unusable         the table is not as it must be, or the user may not what it must: the relay ends
"""

from __future__ import annotations


class DatabaseError(Exception):
    """The base of the tree."""


class WrongDatabase(DatabaseError):  # noqa: N818 - named by what it says of the database
    """The relay cannot work with what its URL names."""


class DatabaseAway(DatabaseError):  # noqa: N818 - as above
    """The database does not answer, or refuses for now."""


class Unusable(DatabaseError):  # noqa: N818 - as above
    """The database answers, and never will do what the relay asks."""
