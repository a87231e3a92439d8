"""`sevenbells slack`: what is needed to install the Slack app."""

from __future__ import annotations

import click

from . import slack_manifest, starting


@click.group("slack")
def slack() -> None:
    """Help with the Slack app."""


@slack.command("manifest")
@click.option("--socket-mode", "by_socket", is_flag=True, help="For a Sevenbells that Slack cannot reach.")
def manifest(*, by_socket: bool) -> None:
    """Print the Slack app manifest for this BASE_URL, as slack-app-manifest.yaml.

    Socket mode is chosen by itself where SLACK_APP_TOKEN is set and BASE_URL is not public.
    """
    settings = starting.settings()
    is_public = slack_manifest.is_public(settings.base_url)
    by_socket = by_socket or (bool(settings.slack_app_token) and not is_public)
    click.echo(slack_manifest.as_yaml(slack_manifest.manifest(settings.base_url, by_socket=by_socket)), nl=False)
    if not by_socket and not is_public:
        click.echo(
            f"Slack cannot reach {settings.base_url}: set BASE_URL to a public https address, or use --socket-mode.",
            err=True,
        )


commands = [slack]
