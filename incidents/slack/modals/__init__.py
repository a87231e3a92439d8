"""Forms in Slack: each does what the browser's does, by the same actions, and loses no text when it is refused."""

from __future__ import annotations

# importing one puts it into the tables
from . import declare, escalate, note, posted, preview, resolve, roles, snooze, step, update  # noqa: F401
