"""The manage API of Statuspage (its v1), so that programs written for that work here: the same actions, another tongue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, json

from ...kernel import problems
from . import components, groups, incidents, metrics, pages, postmortems, routes, subscribers, templates, updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# importing a resource puts its addresses into the table
RESOURCES = (pages, components, groups, incidents, updates, postmortems, subscribers, templates, metrics)
_BEGINNING = "/v1/"
_ENDING = ".json"
# their programs know no 409, and take 422 for what the rules refuse
_THEIR_STATUS = {409: 422, 412: 422, 415: 400}


def init_app(app: Flask) -> None:
    """Hang it on the app, with errors in the shape that its programs read."""
    app.register_blueprint(routes.bp)
    problems.speak(app, _BEGINNING, _refusal)
    app.wsgi_app = _without_ending(app.wsgi_app)  # type: ignore[method-assign, assignment] # Flask's own way to wrap it


def _refusal(status: int, sentences: Sequence[str]) -> Response:
    said = " ".join(sentences)
    return Response(
        json.dumps({"error": said, "message": said}), _THEIR_STATUS.get(status, status), mimetype="application/json"
    )


def _without_ending(inner: WSGIApplication) -> WSGIApplication:
    """Every address of theirs is also one with ``.json`` behind it, and means the same."""

    def ask(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[Any]:
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(_BEGINNING) and path.endswith(_ENDING):
            environ["PATH_INFO"] = path.removesuffix(_ENDING)
        return inner(environ, start_response)

    return ask
