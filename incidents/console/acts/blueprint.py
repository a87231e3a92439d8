"""The blueprint that every act on an incident hangs on: its address is a noun, its view is called the same."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("console_acts", __name__, url_prefix="/console/incidents/<ref>")

FORM = ["GET", "POST"]  # each form is a page of its own, and acts on POST
