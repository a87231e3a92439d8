"""Structured logs: one line an event, in text or JSON, with the request it belongs to and without secrets."""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from flask import Flask, Response, g, request
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars

from .settings import Settings

_SECRET_NAMES = re.compile(
    r"authorization|cookie|password|passwd|secret|token|api_?key|database_url|smtp_url|webhook", re.IGNORECASE
)
# what stands behind these in a path opens a door
_SECRET_PATHS = re.compile(r"^(/(?:setup|login/reset|invitations|ack|subscriptions|calendars|ping|hooks/[^/]*))/[^?#]+")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_URL_PASSWORD = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^/\s:@]*):[^/\s@]+@")
_TOKENS = re.compile(r"\b(?:xox[abprs]-|xapp-|whsec_|sb_)[\w-]{6,}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MASKED = "[masked]"

Event = MutableMapping[str, Any]
log = structlog.get_logger(__name__)


def set_up(settings: Settings) -> None:
    """Send everything that is logged, by us and by libraries, to stderr in one shape."""
    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        without_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else _as_text
    )
    handler = _Stderr()
    handler.set_name("sevenbells")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == "sevenbells"]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for chatty in ("apscheduler", "urllib3", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is at the time, also when it was replaced since."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def init_app(app: Flask, settings: Settings) -> None:
    """Set the log up, give every request a short id, and log how it ended."""
    set_up(settings)
    app.before_request_funcs.setdefault(None, []).insert(0, _begin)
    app.after_request(_end)


def request_id() -> str:
    """The short reference that stands in the log and on an error page; "" outside a request."""
    return str(g.get("request_id", ""))


def _begin() -> None:
    clear_contextvars()
    g.request_id = secrets.token_hex(5)
    g.request_began = time.monotonic()
    bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    began = g.get("request_began")
    if began is not None:
        response.headers["X-Request-Id"] = g.request_id
        log.log(
            logging.DEBUG if response.status_code < 400 else logging.INFO,
            "request",
            method=request.method,
            path=masked_path(request.path),
            status=response.status_code,
            ms=round((time.monotonic() - began) * 1000, 1),
        )
    clear_contextvars()
    return response


def masked_path(path: str) -> str:
    """The path with what would open a door masked; the query is never part of it."""
    return _SECRET_PATHS.sub(rf"\1/{MASKED}", path.partition("?")[0])


def without_secrets(_logger: Any, _method: str, event: Event) -> Event:
    """A structlog processor: masks what is secret by its name or its looks, and keeps one event on one line."""
    for name, value in event.items():
        if name not in {"event", "exception"} and _SECRET_NAMES.search(name):
            event[name] = MASKED
        elif isinstance(value, str):
            event[name] = _clean(value, keep_lines=name == "exception")
        elif isinstance(value, dict | list | tuple):
            event[name] = _clean(repr(value))
    return event


def _clean(value: str, *, keep_lines: bool = False) -> str:
    value = _BEARER.sub(rf"\1 {MASKED}", value)
    value = _URL_PASSWORD.sub(rf"\1:{MASKED}@", value)
    value = _TOKENS.sub(MASKED, value)
    value = re.sub(
        r"(/(?:setup|login/reset|invitations|ack|subscriptions|calendars))/[\w.~-]{8,}", rf"\1/{MASKED}", value
    )
    return _CONTROLS.sub(lambda found: "\n" if keep_lines and found[0] == "\n" else repr(found[0])[1:-1], value)


def _as_text(_logger: Any, _method: str, event: Event) -> str:
    when, level = str(event.pop("timestamp", "")), str(event.pop("level", "info"))
    message, trace = event.pop("event", ""), event.pop("exception", None)
    event.pop("logger", None)
    pairs = "".join(f" {name}={_quoted(value)}" for name, value in event.items())
    # a traceback has many lines: indented, none of them can pass for an event of its own
    below = "".join(f"\n    {line}" for line in str(trace).splitlines()) if trace else ""
    return f"{when[:19]}Z {level:<7} {message}{pairs}{below}"


def _quoted(value: Any) -> str:
    text = str(value)
    return repr(text) if " " in text or text == "" else text
