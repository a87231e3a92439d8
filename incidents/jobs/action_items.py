"""What time does about action items: reminders, and the week's digest."""

from __future__ import annotations

from ..actions import action_item_reminders, weekly_digest
from ..kernel.database import db


def remind_owners_of_action_items() -> None:
    """Whoever owes one is told in the morning, until it is done."""
    action_item_reminders.remind_owners()
    db.session.commit()


def write_the_weeks_digest() -> None:
    """On Monday at nine in the page's zone, once."""
    weekly_digest.write()
    db.session.commit()
