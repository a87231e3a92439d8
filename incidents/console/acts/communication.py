"""The communication template at this moment: as plain text, and on a page to copy it from."""

from __future__ import annotations

from flask import Response, request
from flask.typing import ResponseReturnValue

from ...access import Role, may
from ...reports.communication import template_text
from ..incident_pages import load
from .asking import page
from .blueprint import bp


@bp.get("/communication.txt")
@may(Role.VIEWER)
def communication(ref: str) -> ResponseReturnValue:
    """The seven lines; ``?for=public`` with the latest public update."""
    text = template_text(load(ref), for_public=request.args.get("for") == "public")
    return Response(text + "\n", mimetype="text/plain")


@bp.get("/communication")
@may(Role.VIEWER)
def communication_page(ref: str) -> ResponseReturnValue:
    """The same to copy with one click."""
    return page(
        "communication",
        load(ref),
        lambda incident: {
            "for_colleagues": template_text(incident),
            "for_public": template_text(incident, for_public=True),
        },
    )
