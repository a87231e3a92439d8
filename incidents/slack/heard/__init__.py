"""What is heard in Slack without a word to us: pins, the :pushpin: reaction, and shortcuts on a message."""

from __future__ import annotations

from . import pins, shortcuts  # noqa: F401 - importing it names what is done
