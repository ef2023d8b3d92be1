"""IDs of our own messages: sortable by time, 36 characters, the longest that OCPP allows."""

from __future__ import annotations

from uuid_utils import uuid7


def new_message_id() -> str:
    """Returns an ID that no other message has."""
    return str(uuid7())
