"""The Slack app as a manifest: what one pastes to make it, with the addresses of this Sevenbells."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

NAME = "Sevenbells"

# by permission, what is lost without it
SCOPES: Mapping[str, str] = MappingProxyType(
    {
        "commands": "/incident and the shortcuts",
        "chat:write": "every message",
        "chat:write.public": "messages to public channels that the app was not invited to",
        "channels:manage": "a channel for each incident",
        "channels:read": "finding channels",
        "channels:history": "putting messages of public channels on the timeline",
        "groups:write": "a private channel for a restricted incident",
        "groups:read": "finding private channels",
        "groups:history": "putting messages of private channels on the timeline",
        "im:write": "messages to a person",
        "pins:read": "hearing of pins",
        "pins:write": "pinning the headline",
        "bookmarks:read": "adding no bookmark twice",
        "bookmarks:write": "the channel's bookmarks",
        "reactions:read": "hearing of the :pushpin: reaction",
        "files:read": "files on the timeline",
        "users:read": "knowing who wrote",
        "users:read.email": "matching people by e-mail",
    }
)
EVENTS = ("pin_added", "pin_removed", "reaction_added", "reaction_removed")
_SHORTCUTS = (
    ("Declare incident", "global", "declare_incident", "Open the form that declares an incident"),
    ("Add to timeline", "message", "add_to_timeline", "Put this message on the incident's timeline"),
    ("Make action item", "message", "make_action_item", "Make an action item of this message"),
)


def is_public(base_url: str) -> bool:
    """Whether Slack could ask there: https, and a host that is not plainly of one machine or one network."""
    url = urlsplit(base_url)
    host = url.hostname or ""
    try:
        return url.scheme == "https" and ip_address(host).is_global
    except ValueError:
        return url.scheme == "https" and "." in host and not host.endswith((".local", ".localhost", ".internal"))


def manifest(base_url: str, *, by_socket: bool) -> dict[str, Any]:
    """As https://docs.slack.dev/reference/app-manifest has it. ``by_socket``: Slack is given no address of ours."""

    def asked_at(name: str, path: str) -> dict[str, str]:
        return {} if by_socket else {name: f"{base_url}/slack/{path}"}

    command = {
        "command": "/incident",
        **asked_at("url", "commands"),
        "description": "Declare and run incidents",
        "usage_hint": "declare | ack | update | resolve | list | help",
        "should_escape": True,
    }
    shortcuts = [
        {"name": name, "type": kind, "callback_id": callback, "description": says}
        for name, kind, callback, says in _SHORTCUTS
    ]
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": NAME,
            "description": "Takes a team through an incident, and keeps the promise made to the public.",
            "background_color": "#0a566b",
        },
        "features": {
            # people read there what is written to them alone
            "app_home": {
                "home_tab_enabled": False,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": NAME.lower(), "always_online": True},
            "shortcuts": shortcuts,
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {**asked_at("request_url", "events"), "bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True, **asked_at("request_url", "interactions")},
            "org_deploy_enabled": False,
            "socket_mode_enabled": by_socket,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(whole: Mapping[str, Any]) -> str:
    """The manifest as Slack's form shows one."""
    return "\n".join(_lines(whole, 0)) + "\n"


def _lines(part: Any, depth: int) -> Iterator[str]:
    """Words are written as JSON writes them, which YAML reads the same."""
    blank = "  " * depth
    for name, value in part.items():
        if isinstance(value, Mapping):
            yield f"{blank}{name}:"
            yield from _lines(value, depth + 1)
        elif isinstance(value, list):
            yield f"{blank}{name}:"
            for each in value:
                yield from _item(each, depth + 1)
        else:
            yield f"{blank}{name}: {json.dumps(value)}"


def _item(each: Any, depth: int) -> Iterator[str]:
    blank = "  " * depth
    if not isinstance(each, Mapping):
        yield f"{blank}- {json.dumps(each)}"
        return
    first, *others = _lines(each, depth + 1)
    yield f"{blank}- {first.strip()}"
    yield from others
