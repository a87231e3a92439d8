"""What is said of deliveries themselves: a webhook that was disabled, and one message that takes the place of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from .letters import Button, Letter


def webhook_disabled(*, reason: str, base_url: str, was_gone: bool) -> Letter:
    """To the owner of a webhook that nothing is sent to any more."""
    why = "It answered that it is gone for good (410)." if was_gone else f"It took nothing for 24 hours. {reason}."
    return Letter(
        subject="Your webhook was disabled",
        paragraphs=(
            f"Sevenbells sends nothing to your webhook any more. {why}",
            "Mend it and press Try again under your notifications, or remove it there.",
        ),
        buttons=(Button("My notifications", f"{base_url}/console/me/notifications"),),
        footer=("You get this because the webhook is one of your addresses in Sevenbells.",),
    )


def said_for_how_many(channel: str, payload: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The payload with a sentence on how many earlier messages it takes the place of."""
    others = "one earlier message" if number == 1 else f"{number} earlier messages"
    sentence = f"This stands for {others} that had not left."
    said = dict(payload)
    if channel == "webhook" and "data" in said:
        said["data"] = {**said.get("data", {}), "stands_for": number}
    elif channel == "slack" and not said.get("replaces"):  # a headline says how things stand, not how they came to
        block = {"type": "context", "elements": [{"type": "plain_text", "text": sentence}]}
        said["text"] = f"{said.get('text', '')}\n{sentence}"
        if said.get("blocks"):
            said["blocks"] = [*said["blocks"][:49], block]  # Slack takes 50
    elif channel == "email":
        said["text"] = f"{sentence}\n\n{said.get('text', '')}"
        if said.get("html"):
            said["html"] = str(said["html"]).replace("<body>", Markup("<body><p>{}</p>").format(sentence), 1)
    return said
