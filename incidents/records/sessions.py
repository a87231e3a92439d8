"""Signed-in browsers: kept here, so that a sign-in can be ended from our side at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..kernel import clock
from ..kernel.database import Base
from .people import Person

# OWASP ASVS 7.3: an idle and an absolute end; a ticked device trades the idle one for 30 days (docs/reliability).
IDLE = timedelta(hours=12)
ABSOLUTE = timedelta(days=7)
REMEMBERED = timedelta(days=30)
# ASVS 7.5: an unlocked laptop must not be enough to let somebody else in
PROOF_LASTS = timedelta(hours=1)


class ServerSession(Base):
    """One signed-in browser. The cookie holds a random token; we hold only its SHA-256."""

    __tablename__ = "sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now)
    # when its person last gave the password: what opens accounts and tokens wants that to be recent
    proven_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    remembered: Mapped[bool] = mapped_column(default=False)
    address: Mapped[str] = mapped_column(String(45), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)

    def is_recently_proven(self, moment: datetime) -> bool:
        """Whether its person gave the password not long before ``moment``."""
        return moment < self.proven_at + PROOF_LASTS

    def is_alive(self, moment: datetime) -> bool:
        """Whether it still counts as signed in at ``moment``."""
        idle_too_long = not self.remembered and moment >= self.seen_at + IDLE
        return moment < self.expires_at and not idle_too_long
