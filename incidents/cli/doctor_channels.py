"""What the doctor says of the team's channels: whether Slack knows the token, and whether the others can be reached."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

from incidents.kernel.settings import Settings
from incidents.kernel.trackers import GITHUB, GITLAB, JIRA, trackers_set

Finding = tuple[str, str, str]  # about what; ok, note or wrong; what to do
_PORTS = {"https": 443, "http": 80}
_PATIENCE = 10.0  # seconds


def examine(settings: Settings) -> Iterator[Finding]:
    """What is to be said of each channel that is set; nothing is sent."""
    if settings.slack_bot_token or settings.slack_signing_secret or settings.slack_app_token:
        from . import doctor_slack

        yield from doctor_slack.examine(settings)
    if settings.pagerduty_routing_key:
        yield _pagerduty(settings)
    for number, url in enumerate(settings.apprise_urls, 1):
        yield _apprise(number, url)
    yield from _trackers(settings)


def _pagerduty(settings: Settings) -> Finding:
    url = urlsplit(settings.pagerduty_events_url)
    place = (url.hostname or "", url.port or _PORTS[url.scheme])
    return _reached("PagerDuty", place, mend="check PAGERDUTY_EVENTS_URL and the way out")


def _apprise(number: int, url: str) -> Finding:
    """The address is a secret, so that it is named by its place and its service."""
    from incidents.channels import apprise

    about = f"Apprise {number}"
    service = apprise.service_of(url)
    if service is None:
        return about, "wrong", "Apprise cannot read this address of APPRISE_URLS"
    host = getattr(service, "host", None)
    if not isinstance(host, str) or "." not in host:
        return about, "ok", f"{service.service_name}: the address can be read"
    port = getattr(service, "port", None) or (443 if getattr(service, "secure", True) else 80)
    return _reached(f"{about} ({service.service_name})", (host, int(port)), mend="check APPRISE_URLS and the way out")


def _trackers(settings: Settings) -> Iterator[Finding]:
    """Those that are set whole; one that lacks its other half makes no issue, which is said."""
    addresses = {GITHUB: settings.github_api_url, GITLAB: settings.gitlab_url, JIRA: settings.jira_url or ""}
    tokens = {GITHUB: settings.github_token, GITLAB: settings.gitlab_token, JIRA: settings.jira_token}
    for name, address in addresses.items():
        if name in trackers_set(settings):
            url = urlsplit(address)
            place = (url.hostname or "", url.port or _PORTS[url.scheme])
            yield _reached(name, place, mend=f"check {name.upper()}'s address and the way out")
        elif tokens[name]:
            yield name, "wrong", f"a token is set, and not where its issues go: see {name.upper()}_… in the settings"


def _reached(about: str, place: tuple[str, int], *, mend: str) -> Finding:
    try:
        socket.create_connection(place, timeout=_PATIENCE).close()
    except OSError as broken:
        return about, "wrong", f"{place[0]} port {place[1]} does not answer ({broken}): {mend}"
    return about, "ok", f"{place[0]} port {place[1]} answers"
