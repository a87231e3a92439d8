"""Who is on call: what the words of an escalation policy resolve to at an instant."""

from __future__ import annotations

from sqlalchemy import select

from ..kernel.database import db
from ..policy.escalation import ON_CALL
from ..records.oncall import OnCallRole

ON_CALL_ENGINEER = "on_call_engineer"
# the manual's three; a team adds its own
ROLES = {ON_CALL_ENGINEER: "On-call engineer", "engineering_lead": "Engineering lead", "cto": "CTO"}


def words_of_role(slug: str) -> list[str]:
    """What a role was assigned to; nothing where it was not. ``on_call`` is another name of ``role:on_call_engineer``."""
    known = select(OnCallRole.tell).where(OnCallRole.slug == (ON_CALL_ENGINEER if slug == ON_CALL else slug))
    return list(db.session.scalar(known) or ())
