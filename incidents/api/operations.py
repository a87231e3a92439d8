"""The one table of what the API can do: each entry is a route, its access, its description and its way of answering."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Blueprint, Response, json, request
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotAcceptable

from ..access import Scope, token_may, viewer
from ..kernel.database import db
from ..kernel.errors import NotAllowed
from . import bodies, conditional, idempotency, paging, ratelimit
from .fields import Body, Field
from .paging import Page

PREFIX = "/api/v1"
JSON, PLAIN = bodies.JSON_TYPE, "text/plain"

Given = Mapping[str, Any]
Thing = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """A thing with what stands beside it in the headers. ``status`` replaces the operation's own."""

    thing: Thing
    version: int | None = None
    location: str | None = None
    status: int | None = None


Result = Answer | Page[Thing] | Thing | str | None
View = Callable[..., Result]


@dataclass(frozen=True)
class Operation:
    """One method on one address. ``gives`` names a schema of ``shapes``, None where there is no body to answer."""

    name: str
    method: str
    rule: str
    scope: Scope
    summary: str
    body: Body
    query: Body
    gives: str | None
    status: int
    is_list: bool
    media: str
    also: str | None  # a second media type, given to whoever prefers it by Accept
    tag: str

    @property
    def writes(self) -> bool:
        return self.method != "GET"


OPERATIONS: list[Operation] = []

log = structlog.get_logger(__name__)

bp = Blueprint("api", __name__, url_prefix=PREFIX)


@bp.before_request
def _count() -> None:
    ratelimit.take_one(viewer().id)


def operation(
    method: str,
    rule: str,
    *,
    scope: Scope,
    summary: str,
    gives: str | None,
    body: Body = bodies.NOTHING,
    query: Mapping[str, Field] | None = None,
    status: int = 200,
    is_list: bool = False,
    media: str = JSON,
    also: str | None = None,
) -> Callable[[View], View]:
    """Put a view into the table and on its address.

    The view is called with what was given (the body's and the address's parameters) and the parts of the path; it
    loads, acts and answers with a thing. Parsing comes before it, the one commit after it.
    """

    def register(view: View) -> View:
        parameters = {**(query or {}), **(paging.QUERY if is_list else {})}
        entry = Operation(
            name=view.__name__,
            method=method,
            rule=rule,
            scope=scope,
            summary=summary,
            body=body,
            query=Body(optional=parameters),
            gives=gives,
            status=status,
            is_list=is_list,
            media=media,
            also=also,
            tag=rule.split("/")[1],
        )
        OPERATIONS.append(entry)

        @token_may(scope)
        @functools.wraps(view)
        def run(**path: str) -> Response:
            return _run(entry, view, path)

        bp.add_url_rule(rule, view.__name__, run, methods=[method], provide_automatic_options=False)
        return view

    return register


def _run(entry: Operation, view: View, path: Mapping[str, str]) -> Response:
    _check_accept(entry)
    given = {**bodies.asked(entry.query), **(bodies.read(entry.body) if entry.writes else {})}

    def act() -> Response:
        return _response(entry, view(given, **path))

    if not entry.writes:
        return act()
    key = idempotency.key_of_request() if entry.method == "POST" else None
    with one_commit(entry.name):
        return act() if key is None else idempotency.once(act, key=key, token_id=viewer().id)


@contextmanager
def one_commit(name: str) -> Iterator[None]:
    """Commit what was done inside. Raises NotAllowed where the tables refuse what a check could not see."""
    try:
        yield
        db.session.commit()
    except IntegrityError as refused:
        # somebody else did the same at this moment
        db.session.rollback()
        log.warning("refused_by_the_tables", operation=name, cause=str(refused.orig))
        raise NotAllowed("Somebody changed the same thing at this moment. Nothing was recorded, try again.") from None


def _check_accept(entry: Operation) -> None:
    # plain text harms no program that says it takes JSON only, as many do on every request
    accepted = request.accept_mimetypes
    known = [JSON, *([entry.also] if entry.also else [])]
    if entry.gives and entry.media == JSON and accepted and not accepted.best_match(known):
        raise NotAcceptable(f"This address answers {' or '.join(known)} only.")


def _response(entry: Operation, result: Result) -> Response:
    if result is None:
        return Response(status=204)
    if isinstance(result, str):
        return _written(entry, Response(result, entry.status, content_type=f"{entry.also or PLAIN}; charset=utf-8"))
    if isinstance(result, Page):
        response = Response(json.dumps({"items": list(result.rows)}, sort_keys=False), entry.status, mimetype=JSON)
        if result.cursor:
            response.headers["Link"] = paging.next_link(result.cursor)
        return response
    answer = result if isinstance(result, Answer) else Answer(result)
    response = Response(json.dumps(answer.thing, sort_keys=False), answer.status or entry.status, mimetype=JSON)
    if answer.version is not None:
        response.headers["ETag"] = conditional.etag(answer.version)
    if answer.location is not None:
        response.headers["Location"] = PREFIX + answer.location
    return _written(entry, response)


def _written(entry: Operation, response: Response) -> Response:
    if entry.also is not None:
        response.vary.add("Accept")
    return response


def prefers(media: str) -> bool:
    """Whether the asker would rather have this media type than JSON; who says nothing gets JSON."""
    return bool(request.accept_mimetypes) and request.accept_mimetypes.best_match([JSON, media]) == media
