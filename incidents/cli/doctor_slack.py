"""What the doctor says of the Slack app: token, permissions, signing secret, channel, clocks, and how to mend each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from incidents.channels import Outcome, slack_questions
from incidents.channels.slack_questions import Installation
from incidents.kernel import clock
from incidents.kernel.settings import Settings

from . import slack_manifest

Finding = tuple[str, str, str]  # about what; ok, note or wrong; what to do

# we refuse what Slack signed more than five minutes ago, or ahead
_SKEWED = timedelta(minutes=1)
_TO_POST = ("chat:write", "chat:write.public")


def examine(settings: Settings) -> Iterator[Finding]:
    """One line for each; nothing is sent, and nothing changed in Slack."""
    if settings.slack_bot_token:
        found = slack_questions.installation(settings)
        if isinstance(found, Outcome):
            yield "Slack token", "wrong", found.reason
        else:
            yield from _with_token(found, settings)
    else:
        yield "Slack token", "wrong", "none is set, so nothing is sent to Slack: set SLACK_BOT_TOKEN"
    yield _answers(settings)
    if settings.slack_app_token:
        yield _socket(settings)


def _with_token(found: Installation, settings: Settings) -> Iterator[Finding]:
    yield "Slack token", "ok", f"{found.user or '?'} in {found.team or '?'}"
    yield _permissions(found)
    yield _channel(found, settings)
    skew = _skew(found)
    if skew is not None:
        yield skew


def _permissions(found: Installation) -> Finding:
    about = "Slack permissions"
    if found.scopes is None:
        return about, "note", "Slack did not say which ones the app has: compare them with `sevenbells slack manifest`"
    missing = [scope for scope in slack_manifest.SCOPES if scope not in found.scopes]
    if not missing:
        return about, "ok", f"the app has all {len(slack_manifest.SCOPES)}"
    lost = "; ".join(f"{scope} ({slack_manifest.SCOPES[scope]})" for scope in missing)
    verdict = "wrong" if _TO_POST[0] in missing else "note"
    return about, verdict, f"missing are {lost}: add them under OAuth & Permissions, and install the app again"


def _channel(found: Installation, settings: Settings) -> Finding:
    about, named = "Slack channel", settings.slack_channel
    channel = slack_questions.find_channel(named, settings)
    if isinstance(channel, Outcome):
        return about, "wrong", f"{named}: {channel.reason}: check SLACK_CHANNEL"
    if channel is None:
        return (
            about,
            "wrong",
            f"the app sees no {named}: create it, invite the app if it is private, or set SLACK_CHANNEL",
        )
    if channel.is_archived:
        return about, "wrong", f"{named} is archived: open it again, or set SLACK_CHANNEL to another"
    may_post = channel.is_member or (not channel.is_private and _TO_POST[1] in (found.scopes or _TO_POST))
    if not may_post:
        return about, "wrong", f"the app is not in {named}: write /invite @{found.user or 'sevenbells'} there"
    return about, "ok", f"{named} can be written to"


def _skew(found: Installation) -> Finding | None:
    """By the date in Slack's answer, to the second."""
    if found.answered_at is None:
        return None
    skew = clock.now() - found.answered_at
    if abs(skew) <= _SKEWED:
        return "Slack clock", "ok", "this machine's clock and Slack's agree"
    side = "ahead of" if skew > timedelta(0) else "behind"
    seconds = round(abs(skew).total_seconds())
    says = f"this machine's clock is {seconds} s {side} Slack's: turn on its time synchronisation"
    return "Slack clock", "wrong", f"{says}, or Slack's requests are refused"


def _answers(settings: Settings) -> Finding:
    """How what people write and press there comes to us."""
    about = "Slack requests"
    if settings.slack_app_token:
        return about, "ok", "come by socket mode"
    if not settings.slack_signing_secret:
        says = "without SLACK_SIGNING_SECRET /incident does not work, and buttons lead to the browser"
        return about, "note", f"{says}: set it to the Signing Secret under Basic Information"
    if not slack_manifest.is_public(settings.base_url):
        says = f"Slack cannot reach {settings.base_url}"
        return about, "note", f"{says}: set BASE_URL to a public https address, or SLACK_APP_TOKEN for socket mode"
    return about, "ok", f"are signed, and come to {settings.base_url}/slack/"


def _socket(settings: Settings) -> Finding:
    about = "Slack socket"
    outcome = slack_questions.socket_opens(settings)
    if outcome.kind == "sent":
        return about, "ok", "opens"
    says = outcome.reason.replace("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")
    return about, "wrong", f"does not open ({says}): set SLACK_APP_TOKEN to an app-level token with connections:write"
