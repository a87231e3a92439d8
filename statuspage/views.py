"""The same pages as Flask views: for plain ``flask run``, and for what the door does not keep ready."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, current_app, request
from flask.typing import ResponseReturnValue

from . import contents
from .frontdoor import preflight, send, send_missing
from .older_pages import Unavailable
from .prepared import Prepared
from .renewer import Renewer

blueprint = Blueprint("statuspage", __name__)
EXTENSION = "sevenbells.page"


def current_renewer() -> Renewer:
    """What prepares this process's pages, brought up to date where no thread of its own does that."""
    renewer: Renewer = current_app.extensions[EXTENSION]
    if not renewer.is_running or not renewer.pages:
        renewer.renew_now()
    return renewer


def _answer(prepared: Prepared) -> Response:
    return Response.from_app(partial(send, prepared), request.environ)  # type: ignore[return-value] # our class, their hint


@blueprint.get("/", endpoint="home")
@blueprint.get("/history", endpoint="history")
@blueprint.get("/history.atom", endpoint="history_atom")
@blueprint.get("/history.rss", endpoint="history_rss")
@blueprint.get("/history.json", endpoint="history_json")
@blueprint.get("/maintenance.ics", endpoint="maintenance_calendar")
@blueprint.get("/api/v2/summary.json", endpoint="summary")
@blueprint.get("/api/v2/status.json", endpoint="status")
@blueprint.get("/api/v2/components.json", endpoint="components")
@blueprint.get("/api/v2/incidents.json", endpoint="incidents")
@blueprint.get("/api/v2/incidents/unresolved.json", endpoint="unresolved_incidents")
@blueprint.get("/api/v2/scheduled-maintenances.json", endpoint="scheduled_maintenances")
@blueprint.get("/api/v2/scheduled-maintenances/upcoming.json", endpoint="upcoming_maintenances")
@blueprint.get("/api/v2/scheduled-maintenances/active.json", endpoint="active_maintenances")
@blueprint.get("/badge.svg", endpoint="badge")
@blueprint.get("/badge.json", endpoint="badge_json")
@blueprint.get("/embed", endpoint="embed")
@blueprint.get("/robots.txt", endpoint="robots")
@blueprint.get("/sitemap.xml", endpoint="sitemap")
@blueprint.get("/favicon.ico", endpoint="favicon")
@blueprint.get("/subscribe", endpoint="subscribe")
@blueprint.get("/history/<month>", endpoint="month")
@blueprint.get("/incidents/<public_id>.json", endpoint="incident_json")
@blueprint.get("/incidents/<public_id>/rca", endpoint="incident_rca")
@blueprint.get("/incidents/<public_id>", endpoint="incident")
@blueprint.get("/components/<public_id>.json", endpoint="component_json")
@blueprint.get("/components/<public_id>", endpoint="component")
@blueprint.get("/components/<public_id>/badge.svg", endpoint="component_badge")
@blueprint.get("/components/<public_id>/badge.json", endpoint="component_badge_json")
@blueprint.get("/components/<public_id>/history.atom", endpoint="component_atom")
@blueprint.get("/components/<public_id>/history.rss", endpoint="component_rss")
@blueprint.get("/components/<public_id>/history.json", endpoint="component_json_feed")
@blueprint.get("/maintenances/<public_id>", endpoint="maintenance")
def published(**_named: str) -> ResponseReturnValue:
    """Whatever is published at this address, in the bytes that the front door would send."""
    renewer = current_renewer()
    try:
        prepared = renewer.find(renewer.address(request.path, _query()))
    except Unavailable:
        return _away(renewer)
    return _answer(prepared) if prepared is not None else _missing(renewer)


published.__access__ = "public"  # type: ignore[attr-defined] # said here, because this side cannot see incidents.access


def _query() -> str:
    return request.query_string.decode("latin-1")


def _away(renewer: Renewer) -> Response:
    document = None if request.path.endswith(".json") else renewer.away(_query())
    words = b"Our database does not answer. What is open now stands on the first page.\n"
    away = Response(document.body if document else words, 503, mimetype="text/html" if document else "text/plain")
    away.headers.update(document.headers if document else {})
    away.headers.update({"Retry-After": "30", "Cache-Control": "no-store"})
    return away


def _missing(renewer: Renewer) -> Response:
    return Response.from_app(partial(send_missing, renewer.missing(_query())), request.environ)  # type: ignore[return-value] # as above


@blueprint.before_request
def _may_others_read() -> Response | None:
    if request.method != "OPTIONS" or not contents.OPEN.fullmatch(request.path):
        return None
    return Response.from_app(preflight, request.environ)  # type: ignore[return-value] # as above
