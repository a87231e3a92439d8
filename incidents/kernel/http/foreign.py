"""What somebody else's code asks by ``requests`` goes by our connection too, while it is on an errand of ours."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import BaseAdapter
from urllib3.exceptions import HTTPError

from . import MOST_BYTES, Answer, Blocked, Unreachable, wire
from .errands import Errand, is_under_way, under_way


def stand_before_requests() -> None:
    """Have whatever uses ``requests`` on an errand use our connection, at each step of a redirect too.

    Done once a process, by who lets somebody else's code ask; outside an errand nothing changes.
    """
    if getattr(requests.Session.get_adapter, "is_ours", False):
        return
    theirs, netrc = requests.Session.get_adapter, requests.sessions.get_netrc_auth

    def get_adapter(self: requests.Session, url: str) -> BaseAdapter:
        if is_under_way() and not isinstance(self, wire.Session):
            return _Foreign(under_way())
        return theirs(self, url)

    get_adapter.is_ours = True  # type: ignore[attr-defined]
    setattr(requests.Session, "get_adapter", get_adapter)  # noqa: B010 - mypy reads it as a mistake
    requests.sessions.get_netrc_auth = lambda *args, **more: None if is_under_way() else netrc(*args, **more)


class _Foreign(BaseAdapter):
    """Asks for somebody else's code: a redirect is an answer, and an answer is read to the limit and no further."""

    def __init__(self, mine: Errand) -> None:
        super().__init__()
        self._mine = mine

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        mine = self._mine
        request.headers["Accept-Encoding"] = "identity"
        mine.answer = mine.trouble = None
        try:
            adapter = requests.Session.get_adapter(wire.session(mine), str(request.url))
            response = adapter.send(request, stream=True, timeout=(wire.CONNECT, wire.READ))
            body, is_whole = wire.read_to(response.raw, MOST_BYTES)
        except Blocked as blocked:
            mine.trouble = blocked
            raise
        except (requests.RequestException, HTTPError, OSError, ValueError) as broken:
            mine.trouble = Unreachable(wire.NO_ANSWER if mine.is_over else wire.reason(broken))
            raise requests.ConnectionError(str(mine.trouble)) from broken
        mine.answer = Answer(
            response.status_code, {name.lower(): value for name, value in response.headers.items()}, body, is_whole
        )
        response.headers.pop("Location", None)
        response._content = body  # noqa: SLF001 - where requests keeps what it has read
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return response

    def close(self) -> None:
        """The thread keeps the connection."""
