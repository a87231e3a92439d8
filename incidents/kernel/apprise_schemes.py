"""Which of the services that Apprise knows a person may add as an address: SMS, push and chat with one public host.

How the list was chosen: from the plug-ins of Apprise 2.3 those whose host stands fixed in their own source and is asked
by https alone, so that what somebody types in cannot turn a message towards a machine of ours; of these the ones that
reach a person, not a feed or another incident tool. Left out on purpose: whatever takes a host (``json``, ``xml``,
``ntfy``, ``gotify``, ``matrix``, ``mailto``, ``zulip``), writes on this machine (``syslog``, ``dbus``, ``macosx``), or
asks by plain http.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ALLOWED: Final[Mapping[str, str]] = MappingProxyType(
    {
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
        "telnyx": "Telnyx (SMS)",
        "twilio": "Twilio (SMS)",
        "voipms": "VoIP.ms (SMS)",
        "vonage": "Vonage (SMS)",
        # push to a phone
        "join": "Join",
        "onesignal": "OneSignal",
        "pbul": "Pushbullet",
        "pover": "Pushover",
        "prowl": "Prowl",
        "pushy": "Pushy",
        "signl4": "SIGNL4",
        "spush": "SimplePush",
        # chat
        "discord": "Discord",
        "flock": "Flock",
        "gchat": "Google Chat",
        "line": "LINE",
        "tgram": "Telegram",
        "threema": "Threema",
        "twist": "Twist",
        "whatsapp": "WhatsApp",
        "wxteams": "Webex",
    }
)

# What may follow a question mark: of Apprise's other words some read files of this machine or turn checks off.
PARAMETERS: Final = frozenset({"expire", "priority", "retry", "sound", "thread"})
