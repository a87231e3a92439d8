"""Who may use what: every route and method, written by hand. A route that is not here fails test_routes_access.py.

A row is (method, rule, access): ``public``, the least role (viewer, responder, admin), or ``token:`` and the least scope.
HEAD goes with GET, and OPTIONS with every rule.
"""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """One method of one rule, and the least that it asks for."""

    method: str
    rule: str
    access: str


TABLE: tuple[Row, ...] = (
    Row("GET", "/static/<path:filename>", "public"),
    # health
    Row("GET", "/health/live", "public"),
    Row("GET", "/health/ready", "public"),
    Row("GET", "/metrics", "public"),
    # accounts
    Row("GET", "/setup/<token>", "public"),
    Row("POST", "/setup/<token>", "public"),
    Row("GET", "/console/setup/page", "admin"),
    Row("POST", "/console/setup/page", "admin"),
    Row("GET", "/console/setup/components", "admin"),
    Row("POST", "/console/setup/components", "admin"),
    Row("GET", "/console/setup/mail", "admin"),
    Row("POST", "/console/setup/mail", "admin"),
    Row("GET", "/login", "public"),
    Row("POST", "/login", "public"),
    Row("POST", "/logout", "viewer"),
    Row("GET", "/login/reset", "public"),
    Row("POST", "/login/reset", "public"),
    Row("GET", "/login/reset/<token>", "public"),
    Row("POST", "/login/reset/<token>", "public"),
    Row("GET", "/invitations/<token>", "public"),
    Row("POST", "/invitations/<token>", "public"),
    Row("GET", "/console/me", "viewer"),
    Row("POST", "/console/me", "viewer"),
    Row("POST", "/console/me/preferences", "viewer"),
    Row("POST", "/console/me/password", "viewer"),
    Row("POST", "/console/me/sessions", "viewer"),
    Row("POST", "/console/me/sessions/<int:session_id>", "viewer"),
    Row("GET", "/console/settings/people", "admin"),
    Row("POST", "/console/settings/people", "admin"),
    Row("POST", "/console/settings/people/invitations/<int:link_id>", "admin"),
    Row("GET", "/console/settings/people/<int:person_id>", "admin"),
    Row("POST", "/console/settings/people/<int:person_id>/role", "admin"),
    Row("POST", "/console/settings/people/<int:person_id>/disabled", "admin"),
    Row("POST", "/console/settings/people/<int:person_id>/enabled", "admin"),
    Row("POST", "/console/settings/people/<int:person_id>/reset", "admin"),
    Row("GET", "/console/settings/mail", "admin"),
    Row("POST", "/console/settings/mail", "admin"),
    Row("GET", "/console/settings/tokens", "admin"),
    Row("POST", "/console/settings/tokens", "admin"),
    Row("POST", "/console/settings/tokens/<int:token_id>/revoked", "admin"),
)
