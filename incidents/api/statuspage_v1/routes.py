"""The one table of the manage API's addresses: each is read first, committed once, and answered after that."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response, json
from werkzeug.exceptions import NotFound

from ...access import Scope, token_may, viewer
from ...kernel.database import db, reading
from ...kernel.requests import is_reading
from .. import ratelimit
from ..fields import Field
from ..operations import one_commit
from . import bodies, page

PREFIX = "/v1/pages"

Given = Mapping[str, Any]
Tell = Callable[[], Any]  # makes the answer, once all is committed
View = Callable[..., Tell]

bp = Blueprint("statuspage_v1", __name__, url_prefix=PREFIX)


@bp.before_request
def _count() -> None:
    ratelimit.take_one(viewer().id)


def address(
    methods: str,
    rule: str,
    *,
    scope: Scope,
    takes: Mapping[str, Field] | None = None,
    wrapped_in: str = "",
    status: int = 200,
) -> Callable[[View], View]:
    """Put a view on its address, once for each of ``methods`` (words with spaces between).

    The view is called with what it ``takes`` of the body (inside the object ``wrapped_in``) or of the query, whatever else
    is sent, and the parts of the path. It answers with a function that makes the answer; one of None is an empty answer.
    """

    def register(view: View) -> View:
        @token_may(scope)
        @functools.wraps(view)
        def run(page_id: str = "", **path: str) -> Response:
            if page_id and page_id != _the_page():
                raise NotFound
            return _run(view, takes or {}, wrapped_in, status, path)

        bp.add_url_rule(rule, view.__name__, run, methods=methods.split(), provide_automatic_options=False)
        return view

    return register


def _the_page() -> str:
    """The page's id, read without a lock: a slow body may follow."""
    with reading():
        found = page.public_id()
        db.session.rollback()
    return found


def _run(view: View, takes: Mapping[str, Field], wrapped_in: str, status: int, path: Mapping[str, str]) -> Response:
    if is_reading():
        return _answer(view(bodies.asked(takes), **path)(), status)
    given = bodies.given(takes, wrapped_in)
    with one_commit(view.__name__):
        tell = view(given, **path)
    with reading():
        answer = _answer(tell(), status)
        db.session.rollback()
    return answer


def _answer(thing: Any, status: int) -> Response:
    if thing is None:
        return Response(status=204)
    return Response(json.dumps(thing, sort_keys=False), status, mimetype="application/json")
