"""Each call that keeps a channel in Slack, over real HTTP: what is so already is done, and what goes wrong is a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from incidents.channels import slack_asking, slack_room_people, slack_rooms
from incidents.channels.slack_asking import Refused
from incidents.channels.slack_rooms import Room
from incidents.kernel import settings as settings_module
from incidents.kernel.settings import Settings
from incidents.messages import about_channel
from incidents.policy.channel_names import another_name, channel_name
from tests.receivers import Receiver, answer, half, receiver
from tests.slack_api import SlackApi, asked_to_wait, slack_error

__all__ = ["receiver"]


@pytest.fixture
def slack(receiver: Receiver) -> Iterator[SlackApi]:
    yield SlackApi(receiver)
    slack_asking.paces.forget()


@pytest.fixture
def settings(slack: SlackApi, tmp_path: Path) -> Settings:
    return settings_module.load(
        {"DATA_DIR": str(tmp_path), "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_API_BASE_URL": slack.url}
    )


def test_what_is_so_already_counts_as_done(slack: SlackApi, settings: Settings) -> None:
    for user in ("U1", "U2"):
        slack.knows(user, "")
    room = slack_rooms.make("inc-1", settings, is_private=True)
    assert isinstance(room, Room)
    assert (room.name, room.is_private, room.creator) == ("inc-1", True, "U0BOT")
    slack.rooms.rooms[room.id]["messages"]["1.2"] = {"ts": "1.2"}
    for _ in range(2):
        assert slack_rooms.pin(room.id, "1.2", settings) is None
        assert slack_room_people.invite(room.id, ["U1", "U0BOT", "U2"], settings) == {"U1": "", "U0BOT": "", "U2": ""}
        assert slack_room_people.put_out(room.id, "U2", settings) is None
    assert slack_room_people.invite(room.id, ["U9"], settings) == {"U9": "Slack knows no such person"}
    assert slack_room_people.invite(room.id, ["U1"], settings) == {"U1": ""}
    other = slack_rooms.make("inc-2", settings, is_private=False)
    assert isinstance(other, Room)
    for _ in range(2):
        assert slack_rooms.archive(other.id, settings) is None


def test_where_slack_does_not_say_who_cannot_be_invited_each_is_asked_for(slack: SlackApi, settings: Settings) -> None:
    slack.knows("U1", "")
    room = slack_rooms.make("inc-1", settings, is_private=False)
    assert isinstance(room, Room)
    slack.faults["conversations.invite"] = [slack_error("cant_invite")]
    said = slack_room_people.invite(room.id, ["U1", "U9"], settings)
    assert said == {"U1": "", "U9": "Slack knows no such person"}


@pytest.mark.parametrize(
    ("fault", "says", "needs_somebody", "is_away"),
    [
        (slack_error("name_taken"), "Slack has a channel of this name already", True, False),
        (slack_error("missing_scope", needed="groups:write"), "The app lacks the permission groups:write in Slack: add it and install the app again", True, False),
        (slack_error("restricted_action"), "The rules of this workspace of Slack forbid the app to do this with channels", True, False),
        (slack_error("not_in_channel"), "The app is not in the channel any more: write /invite @sevenbells there", True, False),
        (slack_error("is_archived"), "The channel is archived in Slack", True, False),
        (slack_error("channel_not_found"), "Slack knows this channel no more, or hides it from the app", True, False),
        (slack_error("invalid_auth"), "Slack does not accept the token: check SLACK_BOT_TOKEN", True, True),
        (slack_error("account_inactive"), "The app was removed from Slack: install it again and set SLACK_BOT_TOKEN", True, True),
        (slack_error("too_long"), "Slack finds this too long", True, False),
        (slack_error("internal_error"), "Slack has trouble of its own", False, False),
        (slack_error("a_new_word"), "Slack said: a_new_word", True, False),
        (slack_error("<!channel>"), "Slack answered with status 200 and nothing that it is known for", False, True),
        (answer(502, b"<html>"), "Slack answered with status 502 and nothing that it is known for", False, True),
        (half, "The connection broke half-way through the answer", False, True),
    ],
)  # fmt: skip
def test_what_slack_refuses_is_said_in_one_plain_sentence(
    slack: SlackApi, settings: Settings, fault: Any, says: str, needs_somebody: bool, is_away: bool
) -> None:
    slack.faults["conversations.create"] = [fault]
    said = slack_rooms.make("inc-1", settings, is_private=False)
    assert isinstance(said, Refused)
    assert (said.reason, said.needs_somebody, said.is_away) == (says, needs_somebody, is_away)


def test_a_pause_holds_for_the_method_and_not_for_others(slack: SlackApi, settings: Settings) -> None:
    slack.faults["conversations.create"] = [asked_to_wait(30)]
    for _ in range(2):
        said = slack_rooms.make("inc-1", settings, is_private=False)
        assert isinstance(said, Refused)
        assert said.wait is not None
        assert timedelta(seconds=29) < said.wait <= timedelta(seconds=30)
    assert slack.methods == ["conversations.create"]
    assert isinstance(slack_rooms.look("C1", settings), Refused)
    assert slack.methods[1:] == ["conversations.info"]


def test_a_channel_is_found_among_hundreds_of_ours(slack: SlackApi, settings: Settings) -> None:
    for number in range(300):
        slack.rooms.made_by("U0BOT", f"inc-{number}", purpose="x" * 250)
    found = slack_rooms.find_ours("inc-299", settings)
    assert isinstance(found, Room)
    assert (found.name, found.purpose) == ("inc-299", "x" * 250)
    assert slack_rooms.find_ours("inc-300", settings) is None


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Checkout is DOWN!", "inc-42-checkout-is-down"),
        ("Don’t  <!channel> & déjà-vu", "inc-42-dont-channel-deja-vu"),
        ("結帳", "inc-42"),
        ("word " * 30, "inc-42" + "-word" * 14),
        ("x" * 200, "inc-42"),
    ],
)
def test_a_channel_is_called_by_the_words_of_the_title(title: str, name: str) -> None:
    assert channel_name(42, title) == name
    assert len(name) <= 80
    assert another_name(name, 1).endswith("-2")
    assert len(another_name("y" * 80, 9)) == 80


@pytest.mark.parametrize("text", ["short", "&" * 300, "<!channel> " * 60, "ä" * 251])
def test_a_topic_is_cut_to_what_slack_takes_and_never_inside_what_was_escaped(text: str) -> None:
    topic = about_channel.cut_topic(text, 250)
    assert len(topic) <= 250
    assert "<" not in topic
    assert topic.count("&") == topic.count("&amp;") + topic.count("&lt;") + topic.count("&gt;")
    assert topic == text or topic.endswith("…")
