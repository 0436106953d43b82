"""The servers that the tests here stand on: what was committed outlives a kill, what was not does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from tests.databases import connected

if TYPE_CHECKING:
    from tests.databases import DatabaseServer


def test_a_killed_server_comes_back_with_all_that_was_committed(server: DatabaseServer) -> None:
    database = server.database()
    database.run("CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1);")
    with connected(database.url) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
        server.kill()
        with pytest.raises(sa.exc.DBAPIError):
            connection.commit()
        connection.invalidate()
    server.revive()
    with connected(database.url) as connection:
        assert connection.scalars(sa.text("SELECT n FROM t")).all() == [1]
    assert server.database().url != database.url
