"""What time does about action items: reminders, the week's digest, and the addresses of issues that were made."""

from __future__ import annotations

from ..actions import action_item_reminders, issues, weekly_digest
from ..kernel.database import db


def remind_owners_of_action_items() -> None:
    """Whoever owes one is told in the morning, until it is done."""
    action_item_reminders.remind_owners()
    db.session.commit()


def write_the_weeks_digest() -> None:
    """On Monday at nine in the page's zone, once."""
    weekly_digest.write()
    db.session.commit()


def take_over_issues() -> None:
    """What the tracker answered comes back to the item."""
    issues.take_over_links()
    db.session.commit()
