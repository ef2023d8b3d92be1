"""What is the database's trouble and passes, and what is in the unit and stays."""

from __future__ import annotations

import asyncpg

# Errors that say nothing about what was to be written: the server is stopped, restarts, cannot be
# reached, has no room or no connection left, or is a standby after a failover; a table or a right
# is missing for now.
TRANSIENT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a connection that is lost within a statement
    asyncpg.TransactionRollbackError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.ObjectNotInPrerequisiteStateError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
# Those that another try at once may well not meet.
PASSING = (asyncpg.TransactionRollbackError, asyncpg.LockNotAvailableError)
REFUSED = (asyncpg.PostgresError, ValueError, TypeError, OverflowError)


def why(error: BaseException) -> str:
    """Returns an error in a few words, for a log line."""
    text = " ".join(str(error).split())[:200]
    return text or type(error).__name__
