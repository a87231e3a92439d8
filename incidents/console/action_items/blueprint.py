"""The blueprint that every screen of action items hangs on."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("console_action_items", __name__, url_prefix="/console")

LIST = "/console/action-items"
