"""The composition root: the only module that knows every room."""

from __future__ import annotations

from typing import Any

from flask import Flask

import statuspage
from incidents import access, api, slack
from incidents.console import accounts, screens, settings_screens, shell
from incidents.jobs import audit, mirroring
from incidents.kernel import database, health, settings, web
from incidents.kernel.settings import Settings
from incidents.messages import about_subscriptions
from incidents.records import imports, incident_channel_settings  # noqa: F401 - tables of ours that nothing else here names
from incidents.reports import figures
from incidents.reports.insights import histograms


def create_app(chosen: Settings | None = None) -> Flask:
    """A Flask app with every room in it; ``chosen`` defaults to the environment's settings."""
    chosen = chosen or settings.load()
    app = Flask("sevenbells", template_folder="templates", static_folder="static", root_path=_root())
    app.extensions["sevenbells.settings"] = chosen
    app.secret_key = chosen.secret_key
    database.init_app(app, chosen)
    access.init_app(app, chosen)
    web.init_app(app, chosen)
    health.init_app(app, chosen)
    audit.init_app(app)
    health.register_metrics(app, figures.incident_metrics)
    health.register_metrics(app, histograms.insight_metrics)
    shell.init_app(app, chosen)
    accounts.init_app(app, chosen)
    screens.init_app(app, chosen)
    settings_screens.init_app(app, chosen)
    api.init_app(app, chosen)
    slack.init_app(app, chosen)
    if chosen.slack_bot_token:
        # slack-sdk's client is for those alone who have Slack
        from incidents.channels import slack_questions, slack_views

        slack.hand_over(app, slack_views, slack_questions.socket_address)
    statuspage.init_app(app, chosen, letters=about_subscriptions)
    if chosen.mirror_to:
        mirroring.hand_over(app, statuspage.mirror(app, chosen, chosen.mirror_to))
    return app


def __getattr__(name: str) -> Any:
    """``wsgi:app`` for ``flask run``, made when it is asked for: importing this module must not read the environment."""
    if name == "app":
        return create_app()
    raise AttributeError(name)


def _root() -> str:
    from pathlib import Path

    return str(Path(__file__).resolve().parent)
