"""The manifest of the Slack app: its addresses are ours, and Slack would take it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types

from incidents import channels
from incidents.cli.slack_manifest import EVENTS, SCOPES, is_public, manifest
from tests.cli.conftest import Run

SQLITE = pytest.mark.parametrize("fresh_url", ["sqlite"], indirect=True)
BASE = "https://in.example.com"


def texts(most: int, pattern: str = "") -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": most, **({"pattern": pattern} if pattern else {})}


def things(required: str = "", **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def lists(each: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": each, "maxItems": most, "uniqueItems": True}


# what https://docs.slack.dev/reference/app-manifest says of the parts that are used
YES_OR_NO = {"type": "boolean"}
HTTPS = texts(3000, r"^https://[^\s]+$")
SCHEMA = things(
    "display_information",
    _metadata=things(major_version={"type": "integer"}, minor_version={"type": "integer"}),
    display_information=things(
        "name", name=texts(35), description=texts(140), background_color=texts(7, r"^#(?:[\da-fA-F]{3}){1,2}$")
    ),
    features=things(
        app_home=things(
            home_tab_enabled=YES_OR_NO, messages_tab_enabled=YES_OR_NO, messages_tab_read_only_enabled=YES_OR_NO
        ),
        bot_user=things("display_name", display_name=texts(80, r"^[a-z0-9\-_.]+$"), always_online=YES_OR_NO),
        shortcuts=lists(
            things(
                "name callback_id description type",
                name=texts(24),
                callback_id=texts(255),
                description=texts(150),
                type={"enum": ["message", "global"]},
            ),
            10,
        ),
        slash_commands=lists(
            things(
                "command description",
                command=texts(32, "^/"),
                description=texts(2000),
                should_escape=YES_OR_NO,
                url=HTTPS,
                usage_hint=texts(1000),
            ),
            50,
        ),
    ),
    oauth_config=things(scopes=things(bot=lists(texts(60, r"^[a-z]+(:[a-z.]+)?$"), 255))),
    settings=things(
        event_subscriptions=things(request_url=HTTPS, bot_events=lists(texts(60), 100)),
        interactivity=things("is_enabled", is_enabled=YES_OR_NO, request_url=HTTPS),
        org_deploy_enabled=YES_OR_NO,
        socket_mode_enabled=YES_OR_NO,
        token_rotation_enabled=YES_OR_NO,
    ),
)


def problems(found: Any) -> list[str]:
    import jsonschema_rs

    return [str(each) for each in jsonschema_rs.Draft7Validator(SCHEMA).iter_errors(found)]


@SQLITE
def test_the_manifest_is_printed_for_this_address_and_slack_would_take_it(run: Run) -> None:
    told = run("slack", "manifest", BASE_URL=BASE)

    found = yaml.safe_load(told.out)
    assert (told.code, told.err) == (0, "")
    assert found == manifest(BASE, by_socket=False)
    assert problems(found) == []
    assert found["features"]["slash_commands"][0]["url"] == f"{BASE}/slack/commands"
    assert found["settings"]["interactivity"]["request_url"] == f"{BASE}/slack/interactions"
    assert found["settings"]["event_subscriptions"]["request_url"] == f"{BASE}/slack/events"
    assert found["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert not found["settings"]["socket_mode_enabled"]


@SQLITE
def test_without_a_public_address_it_is_for_socket_mode(run: Run) -> None:
    by_token = run("slack", "manifest", SLACK_APP_TOKEN="xapp-1")
    by_word = run("slack", "manifest", "--socket-mode", BASE_URL=BASE)
    by_both = run("slack", "manifest", SLACK_APP_TOKEN="xapp-1", BASE_URL=BASE)

    found = yaml.safe_load(by_token.out)
    assert problems(found) == []
    assert found["settings"]["socket_mode_enabled"]
    assert "http" not in by_token.out
    assert by_word.out == by_token.out
    assert yaml.safe_load(by_both.out) == manifest(BASE, by_socket=False)


@SQLITE
def test_an_address_that_slack_cannot_reach_is_said_beside_it(run: Run) -> None:
    told = run("slack", "manifest")

    assert told.code == 0
    assert "Slack cannot reach http://127.0.0.1" in told.err
    assert yaml.safe_load(told.out)["display_information"]["name"] == "Sevenbells"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (BASE, True),
        ("https://in.example.com:8443", True),
        ("https://93.184.215.14", True),
        ("http://in.example.com", False),
        ("https://localhost", False),
        ("https://bells", False),
        ("https://bells.internal", False),
        ("https://10.1.2.3", False),
        ("https://[::1]", False),
    ],
)
def test_what_slack_could_reach(address: str, expected: bool) -> None:
    assert is_public(address) is expected


def test_each_event_has_the_permission_it_needs() -> None:
    needed = {"pin_added": "pins:read", "pin_removed": "pins:read"}
    needed |= {"reaction_added": "reactions:read", "reaction_removed": "reactions:read"}

    assert {needed[event] for event in EVENTS} <= set(SCOPES)


# https://docs.slack.dev/reference/methods: what a bot's token must be allowed for each of those that we call
_NEEDED = {
    "apps_connections_open": (),  # of the app's own token
    "auth_test": (),
    "bookmarks_add": ("bookmarks:write",),
    "bookmarks_edit": ("bookmarks:write",),
    "bookmarks_list": ("bookmarks:read",),
    "bookmarks_remove": ("bookmarks:write",),
    "chat_delete": ("chat:write",),
    "chat_getPermalink": (),
    "chat_postEphemeral": ("chat:write",),
    "chat_postMessage": ("chat:write", "chat:write.public", "im:write"),
    "chat_update": ("chat:write",),
    "conversations_archive": ("channels:manage", "groups:write"),
    "conversations_create": ("channels:manage", "groups:write"),
    "conversations_history": ("channels:history", "groups:history"),
    "conversations_info": ("channels:read", "groups:read"),
    "conversations_invite": ("channels:manage", "groups:write"),
    "conversations_kick": ("channels:manage", "groups:write"),
    "conversations_list": ("channels:read", "groups:read"),
    "conversations_members": ("channels:read", "groups:read"),
    "conversations_rename": ("channels:manage", "groups:write"),
    "conversations_replies": ("channels:history", "groups:history", "files:read"),
    "conversations_setPurpose": ("channels:manage", "groups:write"),
    "conversations_setTopic": ("channels:manage", "groups:write"),
    "conversations_unarchive": ("channels:manage", "groups:write"),
    "pins_add": ("pins:write",),
    "users_conversations": ("channels:read", "groups:read"),
    "users_info": ("users:read", "users:read.email"),
    "views_open": (),
    "views_update": (),
}
_CALL = re.compile(r"\bclient\.([a-z]+_[A-Za-z_]+)")


def test_the_app_is_allowed_what_we_ask_of_slack_and_nothing_more() -> None:
    sources = [path.read_text() for path in (Path(channels.__file__).parent).glob("slack*.py")]
    called = {name for source in sources for name in _CALL.findall(source)}
    needed = {scope for name in called for scope in _NEEDED[name]}

    assert needed | {"commands", "pins:read", "reactions:read"} == set(SCOPES)
