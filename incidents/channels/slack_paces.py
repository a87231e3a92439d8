"""How often each method of Slack's may be asked, and until when it asked to be left alone."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ..kernel import clock

_WINDOW = timedelta(minutes=1)
_T2, _T3 = 20, 50
# a minute, for the whole workspace: https://docs.slack.dev/apis/web-api/rate-limits
TIERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "conversations.create": _T2,
        "conversations.archive": _T2,
        "conversations.unarchive": _T2,
        "conversations.rename": _T2,
        "conversations.setTopic": _T2,
        "conversations.setPurpose": _T2,
        "pins.add": _T2,
        "bookmarks.add": _T2,
        "bookmarks.edit": _T2,
        "bookmarks.remove": _T2,
        "bookmarks.list": _T3,
        "conversations.invite": _T3,
        "conversations.kick": _T3,
        "conversations.info": _T3,
        "conversations.history": _T3,
        "users.conversations": _T3,
        "auth.test": 100,
    }
)


class MethodPaces:
    """Of this process. What other processes ask meanwhile, Slack says with a pause."""

    def __init__(self) -> None:
        self._asked: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._until: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def wait_for(self, method: str) -> timedelta | None:
        """How long to leave it alone; None where it may be asked now, which is then counted."""
        now = clock.now()
        with self._lock:
            until = self._until.get(method, now)
            if until > now:
                return until - now
            asked = self._asked[method]
            # a moment that lies ahead is of a clock that was set back
            while asked and not now - _WINDOW < asked[0] <= now:
                asked.popleft()
            if len(asked) >= TIERS[method]:
                return asked[0] + _WINDOW - now
            asked.append(now)
            return None

    def pause(self, method: str, wait: timedelta) -> None:
        """Slack itself asked for it."""
        with self._lock:
            self._until[method] = clock.now() + wait

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._asked.clear()
            self._until.clear()
