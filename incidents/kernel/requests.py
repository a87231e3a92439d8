"""What comes in, refused when it is too large, disguised or unreadable, before any view looks at it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, redirect, request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import BadRequest, NotFound, UnsupportedMediaType
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from .settings import Settings

LARGEST_BODY = 1_000_000  # bytes
_MOST_FIELDS = 1_000
_DEEPEST_JSON = 32
_LARGEST_WHOLE = 2**63
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_PRIVATE_PATHS = ("/console", "/login", "/logout", "/setup", "/invitations", "/ack", "/calendars")


class CheckedRequest(Request):
    """A request whose form cannot hold what a database refuses."""

    def _load_form_data(self) -> None:
        super()._load_form_data()
        if any("\x00" in name or "\x00" in value for name, value in self.form.items(multi=True)):
            raise BadRequest("The form holds a character that cannot be stored.")


class CheckedJson(DefaultJSONProvider):
    """JSON without what a database, a later parser or a stack would stumble over."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Raises ValueError, which a request turns into 400."""
        try:
            found = super().loads(s, **kwargs)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        _check_json([found], 0)
        return found


def _check_json(values: Iterable[Any], depth: int) -> None:
    if depth > _DEEPEST_JSON:
        raise ValueError("it is nested too deeply")
    for value in values:
        if isinstance(value, str):
            _check_string(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise ValueError("a number is not finite")
        elif isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
            raise ValueError("a number is too large")
        elif isinstance(value, list):
            _check_json(value, depth + 1)
        elif isinstance(value, dict):
            _check_json(value, depth + 1)
            _check_json(value.values(), depth + 1)


def _check_string(value: str) -> None:
    if "\x00" in value:
        raise ValueError("a text holds a character that cannot be stored")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a text holds half a character") from None


def init_app(app: Flask, settings: Settings) -> None:
    """Set the limits, and look at every request before its view does."""
    app.request_class = CheckedRequest
    app.json = CheckedJson(app)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.config["MAX_FORM_MEMORY_SIZE"] = LARGEST_BODY
    app.config["MAX_FORM_PARTS"] = _MOST_FIELDS
    page_host = urlsplit(settings.page_url).netloc if settings.page_url else None
    if page_host == urlsplit(settings.base_url).netloc:
        page_host = None

    def look() -> BaseResponse | None:
        if isinstance(request.routing_exception, RequestRedirect):
            return _stay_here(request.routing_exception)
        _refuse_compressed()
        _refuse_unreadable()
        if page_host and request.host == page_host and request.path.startswith(_PRIVATE_PATHS):
            raise NotFound  # the console is not to be seen on the public page's own host
        return None

    app.before_request_funcs.setdefault(None, []).insert(0, look)


def _stay_here(moved: RequestRedirect) -> BaseResponse:
    """The redirect to a tidier address (one slash more, or fewer) without a host: werkzeug takes that from the asker."""
    tidy = urlsplit(moved.new_url)
    path = "/" + tidy.path.lstrip("/")
    return redirect(f"{path}?{tidy.query}" if tidy.query else path, 308)


def _refuse_compressed() -> None:
    # a kilobyte can hold a gigabyte
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise UnsupportedMediaType("Send the body without compression.")


def _refuse_unreadable() -> None:
    try:
        query = unquote_to_bytes(request.query_string).decode()
    except UnicodeDecodeError:
        raise BadRequest("The address is not written in UTF-8.") from None
    if "\x00" in query or "\x00" in request.path:
        raise BadRequest("The address holds a character that cannot be stored.")


def is_reading() -> bool:
    """Whether this request only asks: GET, HEAD or OPTIONS."""
    return request.method in _READS
