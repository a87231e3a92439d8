"""Which of Apprise's services a person may have messages sent to, and how such an address has to look.

Each of these speaks to its service by ``requests`` alone, which ``kernel.http`` stands in front of, and by no thread of
its own; the tests hold each to both. Left out are services that read files, run programs, speak another protocol or
that we serve ourselves (e-mail, Slack, webhooks, PagerDuty).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import unquote

# scheme → label
ALLOWED: Final[Mapping[str, str]] = MappingProxyType(
    {
        # a host of one's own; the one without s is plain http, which only OUTBOUND_ALLOW admits
        "ntfy": "ntfy",
        "ntfys": "ntfy (own server)",
        "gotify": "Gotify (plain http)",
        "gotifys": "Gotify",
        "mmost": "Mattermost (plain http)",
        "mmosts": "Mattermost",
        "rocket": "Rocket.Chat (plain http)",
        "rockets": "Rocket.Chat",
        "signal": "Signal API (plain http)",
        "signals": "Signal API",
        "hassio": "Home Assistant (plain http)",
        "hassios": "Home Assistant",
        "nctalk": "Nextcloud Talk (plain http)",
        "nctalks": "Nextcloud Talk",
        "smseagle": "SMSEagle (plain http)",
        "smseagles": "SMSEagle",
        # a service with a public host
        "dingtalk": "DingTalk",
        "discord": "Discord",
        "feishu": "Feishu",
        "flock": "Flock",
        "gchat": "Google Chat",
        "ilert": "ilert",
        "join": "Join",
        "lark": "Lark",
        "line": "LINE",
        "onesignal": "OneSignal",
        "opsgenie": "Opsgenie",
        "pagertree": "PagerTree",
        "pbul": "Pushbullet",
        "pover": "Pushover",
        "prowl": "Prowl",
        "push": "Techulus Push",
        "pushy": "Pushy",
        "revolt": "Revolt",
        "signl4": "SIGNL4",
        "spike": "Spike.sh",
        "spush": "SimplePush",
        "squadcast": "Squadcast",
        "tgram": "Telegram",
        "threema": "Threema",
        "twist": "Twist",
        "wecombot": "WeCom Bot",
        "whatsapp": "WhatsApp",
        "wxteams": "Webex",
        "zulip": "Zulip",
        # text messages
        "46elks": "46elks (SMS)",
        "bulksms": "BulkSMS",
        "clickatell": "Clickatell (SMS)",
        "clicksend": "ClickSend (SMS)",
        "d7sms": "D7 Networks (SMS)",
        "freemobile": "Free Mobile (SMS)",
        "httpsms": "httpSMS",
        "msgbird": "MessageBird (SMS)",
        "plivo": "Plivo (SMS)",
        "seven": "seven (SMS)",
        "sinch": "Sinch (SMS)",
        "telnyx": "Telnyx (SMS)",
        "twilio": "Twilio (SMS)",
        "voipms": "VoIP.ms (SMS)",
        "vonage": "Vonage (SMS)",
    }
)
# what arrives as a text message, where each further one is paid for
TEXT_MESSAGES: Final = frozenset(
    (
        *(
            "46elks",
            "bulksms",
            "clickatell",
            "clicksend",
            "d7sms",
            "freemobile",
            "httpsms",
            "msgbird",
            "plivo",
            "seven",
            "sinch",
            "smseagle",
            "smseagles",
        ),
        *("telnyx", "twilio", "voipms", "vonage"),
    )
)
# what may follow the question mark: nothing that names a file, a template, an attachment, or how to connect
PARAMETERS: Final = frozenset(
    (
        *(
            "auth",
            "category",
            "channel",
            "device",
            "expire",
            "from",
            "group",
            "key",
            "language",
            "level",
            "mode",
            "name",
        ),
        *("priority", "region", "retry", "silent", "sound", "tags", "thread", "to", "token", "topic", "user"),
    )
)
LONGEST: Final = 1000
_SCHEME = re.compile(r"([a-z0-9]{2,20})://[\x21-\x7e]+")


def why_not(url: str) -> str | None:
    """Why a person may not use this address, in one plain sentence; None where it may be used."""
    found = _SCHEME.fullmatch(url)
    if found is None or len(url) > LONGEST:
        return "Write an address in Apprise's notation, such as ntfys://ntfy.example.com/my-topic."
    if found[1] not in ALLOWED:
        return (
            f"Sevenbells does not send to {found[1]}:// addresses of one person. The documentation lists those it does."
        )
    unknown = unknown_parameters(url)
    if unknown:
        return f"Leave out {unknown[0][:40]}= after the question mark: it cannot be set here."
    return None


def unknown_parameters(url: str) -> list[str]:
    """What follows the question mark and may not, as Apprise reads it: for it a semicolon begins another one too."""
    given = (part.partition("=")[0] for part in re.split("[&;]", url.partition("?")[2]) if part)
    return sorted({unquote(name).lower() for name in given} - PARAMETERS)


def is_text_message(url: str) -> bool:
    """Whether each message there is short, and paid for."""
    return url.partition("://")[0].lower() in TEXT_MESSAGES
