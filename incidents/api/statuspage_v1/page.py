"""The one page there is, as the manage API names it."""

from __future__ import annotations

from flask import current_app

from ...kernel.database import db
from ...kernel.settings import Settings
from ...published.page_settings import THE_ROW, PageSettings

_BEFORE_IT_HAS_ONE = "000000000000"  # as in the public JSON


def public_id() -> str:
    """What stands after ``/v1/pages/``."""
    settings = db.session.get(PageSettings, THE_ROW)
    return settings.public_id if settings else _BEFORE_IT_HAS_ONE


def base() -> str:
    """Where the page is."""
    settings: Settings = current_app.extensions["sevenbells.settings"]
    return settings.page_url or settings.base_url
