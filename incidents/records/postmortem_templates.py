"""Which sections a post-mortem of a severity has, and the questions that guide its writers, as edited on screen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel.database import Base, db
from ..policy import postmortem_templates as policy
from .incidents import Incident, one_of


class PostmortemTemplate(Base):
    """One kind's; a kind without a row keeps the defaults (``policy.postmortem_templates``)."""

    __tablename__ = "postmortem_templates"
    __table_args__ = (CheckConstraint(one_of("kind", list(policy.KINDS)), name="kind_of_a_template_is_known"),)

    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    sections: Mapped[list[str]]
    questions: Mapped[dict[str, str]]
    changed_at: Mapped[datetime]
    by_name: Mapped[str]


def template_of(incident: Incident) -> policy.Template:
    """What holds for this incident now."""
    return template(policy.kind_of(incident.severity, is_security=incident.is_security))


def template(kind: str) -> policy.Template:
    """The template of a kind: the team's, or the default."""
    row = db.session.get(PostmortemTemplate, kind)
    return policy.of(row.sections, row.questions) if row is not None else policy.DEFAULTS[kind]


def templates() -> dict[str, policy.Template]:
    """All of them, by kind."""
    rows = {row.kind: row for row in db.session.scalars(select(PostmortemTemplate))}
    return {
        kind: policy.of(rows[kind].sections, rows[kind].questions) if kind in rows else default
        for kind, default in policy.DEFAULTS.items()
    }
