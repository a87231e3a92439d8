"""Forms in Slack: each does what the browser's does, by the same actions, and loses no text when it is refused."""

from __future__ import annotations

from . import declare, posted, preview, update  # noqa: F401 - importing one puts it into the tables
