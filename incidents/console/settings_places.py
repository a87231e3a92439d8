"""The list beside every settings screen: what there is, and who may see it."""

from __future__ import annotations

from flask import Flask, current_app

from .. import access
from ..access import Role

Place = tuple[str, str, str]

# heading → (id, word, endpoint); a screen that is not registered, or not for this person, is not listed
_ALL: tuple[tuple[str, tuple[Place, ...]], ...] = (
    (
        "Status page",
        (
            ("page", "Page", "console_settings_page.page"),
            ("components", "Components", "console_components.page"),
            ("notice", "Pinned notice", "console_pinned_notice.page"),
            ("sharing", "Feeds and badges", "console_sharing.page"),
            ("subscribers", "Subscribers", "console_subscribers.page"),
            ("notices", "What was told", "console_public_notices.page"),
        ),
    ),
    (
        "Response",
        (
            ("severities", "Severities and cadence", "console_severities.page"),
            ("escalation", "Escalation", "console_escalation.page"),
            ("templates", "Message templates", "console_message_templates.page"),
            ("postmortems", "Post-mortems", "console_postmortem_templates.page"),
            ("words", "Roles and causes", "console_team_words.page"),
            ("tags", "Tags", "console_settings_tags.page"),
        ),
    ),
    (
        "Workspace",
        (
            ("people", "People and roles", "console_people.page"),
            ("tokens", "API tokens", "console_tokens.page"),
            ("mail", "E-mail", "console_mail.page"),
            ("audit", "Audit", "console_audits.audit"),
        ),
    ),
)


def init_app(app: Flask) -> None:
    """Give templates ``settings_places()``."""
    app.add_template_global(settings_places)


def settings_places() -> list[tuple[str, list[Place]]]:
    """Headings with (id, word, address) of each screen that exists and is open to whoever looks."""
    shown = [(heading, [_addressed(place) for place in places if _is_open(place[2])]) for heading, places in _ALL]
    return [(heading, places) for heading, places in shown if places]


def _addressed(place: Place) -> Place:
    name, word, endpoint = place
    rule = next(iter(current_app.url_map.iter_rules(endpoint)))
    return name, word, rule.rule


def _is_open(endpoint: str) -> bool:
    if endpoint not in current_app.view_functions:
        return False
    needed = access.access_of(current_app, endpoint)
    return needed in list(Role) and access.me().may(Role(needed))
