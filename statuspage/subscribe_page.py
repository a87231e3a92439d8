"""What people see while they subscribe: the page with the forms, their own page, and what either answers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from incidents.kernel.languages import say
from incidents.published.subscribers import EVERYTHING, Choice, Subscriber

from . import words
from .prepared import Document
from .sheets import sheet
from .snapshot import Picture

PATH = "/subscribe"
_QUIET = "none"  # the colours of no state: this page says nothing about how things are


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What a form held, to be shown again beside what is wrong with it."""

    kind: str = "email"
    email: str = ""
    url: str = ""
    shape: str = "standard"
    choice: Choice = EVERYTHING


def depends_on(picture: Picture) -> Hashable:
    """All that the page with the forms shows; nothing of how things are."""
    records = picture.records
    components = tuple((each.row.group_id, each.id, each.row.name) for each in picture.components)
    return (
        records.settings,
        tuple((group.id, group.name, group.position) for group in records.groups),
        components,
        bool(picture.told.works),
        words.zone_words(picture),
        picture.dark_since,
    )


def subscribe(
    picture: Picture, *, base: str, typed: Typed | None = None, problems: Mapping[str, str] | None = None
) -> Document:
    """``/subscribe``: the forms; again with what was typed and what is wrong with it."""
    return sheet(
        "subscribe.html",
        picture,
        path=PATH,
        base=base,
        key=_QUIET,
        about=say("Be told when something breaks, changes or is fixed at {name}.", name=picture.settings.name),
        groups=_groups(picture),
        typed=typed or Typed(),
        problems=problems or {},
    )


def said(picture: Picture, heading: str, *sentences: str, base: str, **more: Any) -> Document:
    """An answer in a heading and some sentences; ``more`` are the parts of ``subscription.html`` that it has besides."""
    parts: dict[str, Any] = {
        "act": "",
        "action": PATH,
        "button": "",
        "chosen": EVERYTHING,
        "groups": (),
        "languages": (),
        "other": None,
        "problems": {},
        "secret": "",
        "whom": "",
    }
    return sheet(
        "subscription.html",
        picture,
        path=(parts | more)["action"],  # by which the page is had in another language
        base=base,
        key=_QUIET,
        about=None,
        heading=heading,
        sentences=sentences,
        **(parts | more),
    )


def confirm(
    picture: Picture,
    subscriber: Subscriber,
    *,
    base: str,
    action: str,
    languages: Sequence[tuple[str, str]],
    choice: Choice | None = None,
    problems: Mapping[str, str] | None = None,
) -> Document:
    """What a confirmation link shows: nothing has happened yet, and the button does it."""
    return said(
        picture,
        say("Confirm your subscription"),
        say("We write to {address} once you have pressed the button, and not before.", address=subscriber.email),
        base=base,
        act="confirm",
        action=action,
        button=say("Confirm"),
        whom=say("What you hear of"),
        chosen=choice or Choice.of(subscriber),
        groups=_groups(picture),
        languages=languages,
        problems=problems or {},
        other={
            "heading": say("It was not you?"),
            "sentence": say("Then we forget this address, and write to it no more."),
            "act": "forget",
            "button": say("Forget this address"),
        },
    )


def manage(
    picture: Picture,
    subscriber: Subscriber,
    *,
    base: str,
    action: str,
    languages: Sequence[tuple[str, str]],
    sentence: str = "",
    choice: Choice | None = None,
    problems: Mapping[str, str] | None = None,
) -> Document:
    """Somebody's own page: what they hear of, and the way out."""
    is_mail = subscriber.email is not None
    return said(
        picture,
        sentence or say("Your subscription"),
        _state_of(subscriber),
        base=base,
        act="change",
        action=action,
        button=say("Save"),
        whom=say("What you hear of") if is_mail else say("What the webhook hears of"),
        chosen=choice or Choice.of(subscriber),
        groups=_groups(picture),
        languages=languages if is_mail else (),
        problems=problems or {},
        other={
            "heading": say("Unsubscribe") if is_mail else say("Remove the webhook"),
            "sentence": (
                say("We forget the address at once. If it is a list, nobody on it hears from us any more.")
                if is_mail
                else say("We forget its address and its secret at once.")
            ),
            "act": "leave",
            "button": say("Unsubscribe") if is_mail else say("Remove the webhook"),
        },
    )


def _state_of(subscriber: Subscriber) -> str:
    whom, is_mail = subscriber.email or subscriber.url or "", subscriber.email is not None
    if subscriber.quarantined_at is not None:
        if is_mail:
            return say(
                "We stopped writing to {address}: too much came back. Subscribe once more, and it starts anew.",
                address=whom,
            )
        return say("We stopped sending to {address}: it failed too often.", address=whom)
    if not subscriber.is_confirmed:
        return say(
            "{address} is not confirmed yet, and gets nothing. The link for that is in our letter.", address=whom
        )
    return say("We write to {address}.", address=whom) if is_mail else say("We send to {address}.", address=whom)


def _groups(picture: Picture) -> list[dict[str, Any]]:
    """What can be chosen: the components that the page shows, under its headings."""
    return [
        {
            "name": group.row.name if group.row else None,
            "components": [{"id": each.id, "name": each.row.name} for each in group.components],
        }
        for group in picture.groups
        if group.components
    ]
