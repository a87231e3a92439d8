"""API tokens: what a program shows to act for the people who gave it one."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db
from .actors import Actor


class Scope(StrEnum):
    """What a token may do; each scope may also do what the ones before it may."""

    READ = "read"
    RESPOND = "respond"
    ADMIN = "admin"

    def includes(self, needed: Scope) -> bool:
        """Whether a token with this scope may do what asks for ``needed``."""
        order = list(Scope)
        return order.index(self) >= order.index(needed)


class ApiToken(Base):
    """A program's key. Only its SHA-256 is kept; ``beginning`` is for recognising it in a list."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        CheckConstraint("scope IN ('read', 'respond', 'admin')", name="scope_is_read_respond_or_admin"),
        CheckConstraint("name <> ''", name="name_is_not_empty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    beginning: Mapped[str] = mapped_column(String(12))
    scope: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    created_by: Mapped[str] = mapped_column(String(100), default="")
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    @property
    def is_active(self) -> bool:
        return self.revoked_at is None

    def may(self, needed: Scope) -> bool:
        """Whether this token is alive and has the scope, or a greater one."""
        return self.is_active and Scope(self.scope).includes(needed)

    def as_actor(self) -> Actor:
        """How this token stands beside what it did."""
        return Actor("token", self.id, self.name)


def find_token(name: str) -> ApiToken | None:
    """The token of that name, revoked or not."""
    return db.session.scalar(select(ApiToken).where(ApiToken.name == name))


def all_tokens() -> list[ApiToken]:
    """Every token, the revoked last, by name."""
    revoked_last = ApiToken.revoked_at.is_not(None)
    return list(db.session.scalars(select(ApiToken).order_by(revoked_last, func.lower(ApiToken.name))))
