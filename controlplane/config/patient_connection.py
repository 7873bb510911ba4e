"""A database connection that gives up on a server which has stopped answering, its own time-outs included."""

from typing import Any, ClassVar, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus

from controlplane.config.environment import read_environment

Answer = TypeVar("Answer")

CHECK_SECONDS = 2.0
# Postgres ends a statement by itself; what comes later than this does not come.
SPARE_SECONDS = 3.0


class PatientConnection(psycopg.Connection[Any]):
    """Waits for each answer a little longer than a statement may take, and closes itself when none came."""

    longest_statement: ClassVar[int] = read_environment().database_statement_timeout_ms
    _is_checking = False

    def execute(self, query: Any, params: Any = None, **options: Any) -> psycopg.Cursor[Any]:
        """Run a statement; the empty one is how the pool sees whether the server still answers."""
        self._is_checking = query == ""
        try:
            return super().execute(query, params, **options)
        finally:
            self._is_checking = False

    def wait(self, gen: PQGen[Answer], interval: float = 0.1, timeout: float | None = None) -> Answer:
        """Wait for one answer. Raises OperationalError."""
        try:
            return super().wait(gen, interval, self._seconds() if timeout is None else timeout)
        except psycopg.OperationalError:
            # An answer is still owed: whoever used this connection next would get it.
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise

    def _seconds(self) -> float | None:
        if self._is_checking:
            return CHECK_SECONDS
        return self.longest_statement / 1000 + SPARE_SECONDS if self.longest_statement else None
