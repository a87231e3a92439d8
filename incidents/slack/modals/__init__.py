"""Forms in Slack: each does what the browser's does, by the same actions, and loses no text when it is refused."""

from __future__ import annotations

from . import declare, escalate, posted, preview, resolve, roles, update  # noqa: F401 - importing one puts it into the tables
