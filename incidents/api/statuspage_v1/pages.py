"""The page itself: there is one, and its settings are ours by their names."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from ...access import Scope, actor
from ...actions import status_page
from ...kernel.errors import Malformed
from ...kernel.settings import Settings
from ...published.page_settings import PageSettings, page_settings
from . import page
from .routes import Given, Tell, address
from .shapes import stamp
from .values import text

_TAKES = {"name": text(500), "time_zone": text(100), "support_url": text(500)}
_OURS = {"name": "name", "time_zone": "zone", "support_url": "support_url"}
# theirs, of which we have nothing
_NONE = (
    "page_description", "headline", "subdomain", "notifications_email_footer", "twitter_username", "ip_restrictions", "city",
    "state", "country", "css_body_background_color", "css_font_color", "css_light_font_color", "css_greens", "css_yellows",
    "css_oranges", "css_blues", "css_reds", "css_border_color", "css_graph_color", "css_no_data", "favicon_logo",
    "transactional_logo", "hero_cover", "email_logo", "twitter_logo",
)  # fmt: skip


@address("GET", "", scope=Scope.READ)
def list_pages(given: Given) -> Tell:
    return lambda: [_shape(page_settings())]


@address("GET", "/<page_id>", scope=Scope.READ)
def show_page(given: Given) -> Tell:
    return lambda: _shape(page_settings())


@address("PATCH PUT", "/<page_id>", scope=Scope.ADMIN, takes=_TAKES, wrapped_in="page")
def change_page(given: Given) -> Tell:
    changes = {_OURS[name]: value for name, value in given.items() if value is not None or name == "support_url"}
    try:
        if changes:
            status_page.change_page(by=actor(), **changes)
    except Malformed as wrong:
        theirs = {ours: name for name, ours in _OURS.items()}
        raise Malformed({theirs.get(name, name): said for name, said in wrong.fields.items()}) from None
    return lambda: _shape(page_settings())


def _shape(settings: PageSettings) -> dict[str, Any]:
    ours: Settings = current_app.extensions["sevenbells.settings"]
    at = stamp(settings.updated_at)
    return {
        "id": page.public_id(),
        "created_at": at,
        "updated_at": at,
        "name": settings.name,
        "url": page.base(),
        "domain": urlsplit(page.base()).hostname,
        "support_url": settings.support_url,
        "time_zone": "Etc/UTC" if settings.zone == "UTC" else settings.zone,
        "branding": "basic",
        "hidden_from_search": False,
        "allow_page_subscribers": True,
        "allow_incident_subscribers": False,
        "allow_email_subscribers": bool(ours.smtp_url),
        "allow_sms_subscribers": False,
        "allow_rss_atom_feeds": True,
        "allow_webhook_subscribers": True,
        "notifications_from_email": ours.mail_from,
        "activity_score": 0,
        "viewers_must_be_team_members": False,
        "css_link_color": settings.accent,
        **dict.fromkeys(_NONE),
    }
