"""Every error's way out: a page in calm words, or problem+json for programs (RFC 9457)."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, current_app, json, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError

from . import log as logs
from .database import db
from .errors import Malformed, NotAllowed, Outdated, Refusal, TooMany

NOTHING_RECORDED = "Nothing was recorded, try again."
_BUSY, _FULL = 503, 507
_RETRY_SECONDS = {_BUSY: 5, _FULL: 30}
_DATABASE_WORDS = {
    _BUSY: f"The database does not answer at the moment. {NOTHING_RECORDED}",
    _FULL: f"The disk is full. {NOTHING_RECORDED}",
}
_SQLITE_FULL = ("database or disk is full",)
_SQLITE_BUSY = ("database is locked", "unable to open database", "disk i/o error", "database table is locked")
# PostgreSQL's classes: connection lost, resources gone, an operator stepped in, a deadlock or a lock that was not got
_POSTGRESQL_FULL = ("53100",)
_POSTGRESQL_BUSY = ("08", "53", "57", "40001", "40P01", "55P03", "25006")

WORDS: Mapping[int, tuple[str, str]] = {
    400: ("This could not be understood", "Something in the request is not as it should be. Nothing was recorded."),
    401: ("Sign in first", "This needs somebody who is signed in."),
    403: ("Not for you", "Your account may not see or do this."),
    404: ("Not found", "There is nothing at this address. It may have moved, or the link is incomplete."),
    405: ("Not possible here", "This address cannot be used in that way."),
    409: ("Not at this moment", "The rules do not allow this as things stand."),
    410: ("Gone", "What stood here is no longer available."),
    413: ("Too large", "What was sent is larger than one megabyte. Nothing was recorded."),
    415: ("Not readable", "What was sent is in a form that is not understood here. Nothing was recorded."),
    422: ("Something is missing or wrong", "What was sent cannot be used as it is. Nothing was recorded."),
    429: ("Too often", "There were too many requests. Wait a little, then try again."),
    500: (
        "Something broke on our side",
        "It is written down under the reference below. What you did may not be saved.",
    ),
    503: ("Not available at the moment", _DATABASE_WORDS[503]),
    507: ("The disk is full", _DATABASE_WORDS[507]),
}

# how errors are told at the addresses that begin so: a status and its sentences make an answer
Voice = Callable[[int, Sequence[str]], Response]
_VOICES = "sevenbells.voices"

log = structlog.get_logger(__name__)


def init_app(app: Flask) -> None:
    """Answer every error in one voice."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(DBAPIError, _database)
    app.register_error_handler(PoolTimeout, _pool_exhausted)
    app.register_error_handler(OSError, _operating_system)
    app.register_error_handler(InternalServerError, _broken)


def speak(app: Flask, beginning: str, voice: Voice) -> None:
    """Tell the errors of every address that begins so in another voice: for programs that know somebody else's."""
    app.extensions.setdefault(_VOICES, {})[beginning] = voice


def problem(
    status: int,
    detail: str,
    *,
    title: str | None = None,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> Response:
    """An answer in problem+json. ``errors`` are ``{"pointer": "#/name", "detail": …}``; ``more`` is added as it is."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title or WORDS.get(status, (HTTPStatus(status).phrase, ""))[0],
        "status": status,
        "detail": detail,
        "instance": quote(logs.masked_path(request.path)),
        "reference": logs.request_id(),
        **more,
    }
    if errors:
        body["errors"] = [dict(error) for error in errors]
    response = Response(json.dumps(body), status, mimetype="application/problem+json")
    response.headers.extend(headers or {})
    return response


def page(status: int, sentence: str, *, title: str | None = None, sentences: Sequence[str] = ()) -> Response:
    """A plain page that says what happened; it needs neither the database nor a session."""
    known = WORDS.get(status, (HTTPStatus(status).phrase, ""))
    shown = render_template(
        "errors/error.html",
        status=status,
        title=title or known[0],
        sentence=sentence,
        sentences=sentences,
        reference=logs.request_id(),
        in_console=request.path.startswith("/console"),
    )
    return make_response(shown, status)


def wants_problem_json() -> bool:
    """Whether a program is asking: everything under /api."""
    return request.path.startswith("/api/")


def _answer(status: int, sentence: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    if wants_problem_json():
        return problem(status, sentence, headers=headers, **more)
    sentences = [error["detail"] for error in more.get("errors", ())]
    voice = _voice_here()
    response = page(status, sentence, sentences=sentences) if voice is None else voice(status, sentences or [sentence])
    response.headers.extend(headers or {})
    return response


def _voice_here() -> Voice | None:
    voices: Mapping[str, Voice] = current_app.extensions.get(_VOICES, {})
    return next((voice for beginning, voice in voices.items() if request.path.startswith(beginning)), None)


def _refused(refusal: Refusal) -> Response:
    db.session.rollback()
    if isinstance(refusal, Malformed):
        errors = [{"pointer": f"#/{name}", "detail": sentence} for name, sentence in refusal.fields.items()]
        return _answer(refusal.status, WORDS[422][1], errors=errors)
    if isinstance(refusal, TooMany):
        return _answer(refusal.status, refusal.sentence, headers={"Retry-After": str(max(1, refusal.retry_after))})
    if isinstance(refusal, Outdated):
        return _answer(refusal.status, refusal.sentence, version=refusal.version, theirs=refusal.theirs)
    if isinstance(refusal, NotAllowed) and refusal.missing:
        return _answer(refusal.status, refusal.sentence, missing=list(refusal.missing))
    return _answer(refusal.status, refusal.sentence)


def http_error(error: HTTPException) -> HTTPException | Response:
    """The answer to an error that has a number of its own."""
    if error.code is None or error.code < 400 or error.response is not None:
        return error
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return _answer(error.code, _sentence(error), headers=headers)


def _sentence(error: HTTPException) -> str:
    code = error.code or 500
    if isinstance(error, CSRFError):
        return "This form is too old, or came from somewhere else. Open its page again. Nothing was recorded."
    said = error.description
    if said and said != type(error).description:
        return said
    return WORDS.get(code, ("", HTTPStatus(code).phrase))[1]


def _database(error: DBAPIError) -> Response:
    status = database_status(error)
    if status is None:
        raise error
    return _database_answer(status, error)


def _pool_exhausted(error: PoolTimeout) -> Response:
    return _database_answer(_BUSY, error)


def _operating_system(error: OSError) -> Response:
    if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
        raise error
    return _database_answer(_FULL, error)


def _database_answer(status: int, error: Exception) -> Response:
    db.session.rollback()
    log.error("database_unavailable", status=status, cause=str(getattr(error, "orig", error)))
    return _answer(status, _DATABASE_WORDS[status], headers={"Retry-After": str(_RETRY_SECONDS[status])})


def database_status(error: DBAPIError) -> int | None:
    """503 while the database is away, locked or overloaded, 507 when its disk is full; None for a mistake of ours."""
    said = str(error.orig).lower()
    state = getattr(error.orig, "sqlstate", None) or ""
    if any(words in said for words in _SQLITE_FULL) or state.startswith(_POSTGRESQL_FULL):
        return _FULL
    if any(words in said for words in _SQLITE_BUSY) or (state and state.startswith(_POSTGRESQL_BUSY)):
        return _BUSY
    lost = error.connection_invalidated or (type(error.orig).__module__.startswith("psycopg") and not state)
    return _BUSY if lost and type(error.orig).__name__ in {"OperationalError", "InterfaceError"} else None


def _broken(error: InternalServerError) -> Response:
    """The last resort: Flask has logged the traceback under the request's id."""
    db.session.rollback()
    try:
        return _answer(500, WORDS[500][1])
    except Exception:  # nothing may fail behind the last resort
        current_app.logger.exception("the error page itself broke")
        return Response(f"{WORDS[500][1]} Reference: {logs.request_id()}\n", 500, mimetype="text/plain")
