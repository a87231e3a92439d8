"""What a subscriber wants to hear of: everything or some components, maintenance too or not, in which language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ...kernel.database import db
from ...kernel.errors import Malformed
from ...kernel.languages import phrase
from ..components import Component, all_components
from .model import Subscriber, SubscriberComponent

_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Choice:
    """``components`` are public ids, None for everything; empty, they are still to be chosen before it is confirmed."""

    components: tuple[str, ...] | None = None
    maintenance: bool = True
    language: str = "en"

    @classmethod
    def of(cls, subscriber: Subscriber) -> Choice:
        """As it stands."""
        chosen = None if subscriber.all_components else tuple(each.component_id for each in subscriber.components)
        return cls(components=chosen, maintenance=subscriber.hears_maintenance, language=subscriber.language)


EVERYTHING = Choice()


def components_to_choose() -> Sequence[Component]:
    """What the public page lists, in its order."""
    return [component for component in all_components() if component.is_shown]


def check_choice(choice: Choice) -> None:
    """Raise Malformed unless every chosen component exists."""
    chosen = set(choice.components or ())
    if not chosen:
        return
    known = set(db.session.scalars(select(Component.public_id).where(Component.public_id.in_(list(chosen)[:_MOST]))))
    if chosen - known:
        raise Malformed({"components": phrase("One of these components is not there any more. Choose again.")})


def must_be_made(choice: Choice) -> None:
    """Raise Malformed where nothing would ever be told."""
    if choice.components is not None and not choice.components:
        raise Malformed({"components": phrase("Choose at least one component, or everything.")})


def apply(choice: Choice, subscriber: Subscriber) -> None:
    """Write it down; the caller has checked it."""
    subscriber.all_components = choice.components is None
    subscriber.hears_maintenance = choice.maintenance
    subscriber.language = choice.language
    chosen = set(choice.components or ())
    kept = [each for each in subscriber.components if each.component_id in chosen]
    new = chosen - {each.component_id for each in kept}
    subscriber.components = [*kept, *(SubscriberComponent(component_id=one) for one in sorted(new))]
