"""Real database servers for tests: started once a session as an ordinary user, a fresh database for each test."""

from tests.databases.database import Database, connected
from tests.databases.mariadb import MariaDB
from tests.databases.postgresql import PostgreSQL
from tests.databases.server import DatabaseServer
from tests.databases.sqlite import SQLiteFolder

__all__ = ["Database", "DatabaseServer", "MariaDB", "PostgreSQL", "SQLiteFolder", "connected"]
