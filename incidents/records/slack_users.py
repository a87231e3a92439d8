"""Our workspace in Slack, and its users whom we did not know when they wrote, as Slack itself described them."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from ..kernel import clock
from ..kernel.database import Base, db

THE_ROW = 1
# somebody unknown may have got an account here, or another e-mail there
ASKED_AGAIN_AFTER = timedelta(hours=1)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=10), timedelta(minutes=10)
_MOST_DOUBLINGS = 6


class SlackWorkspace(Base):
    """The workspace in which the app is installed; written by the clock when it has asked Slack."""

    __tablename__ = "slack_workspaces"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one_workspace"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    team_id: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64))  # of the token that said so
    learnt_at: Mapped[datetime]
    bot_user_id: Mapped[str | None] = mapped_column(String(30))  # as whom the app writes there


class SlackUser(Base):
    """Somebody who wrote to us from Slack without being known; ``due_at`` is when the clock asks Slack who it is."""

    __tablename__ = "slack_users"
    __table_args__ = (
        UniqueConstraint("team_id", "user_id", name="a_slack_user_is_there_once"),
        Index(
            "ix_slack_users_due_at",
            "due_at",
            sqlite_where=text("due_at IS NOT NULL"),
            postgresql_where=text("due_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[str] = mapped_column(String(30))
    user_id: Mapped[str] = mapped_column(String(30))
    name: Mapped[str] = mapped_column(String(80), default="")  # as Slack shows it
    due_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]  # when Slack last answered
    failures: Mapped[int] = mapped_column(default=0)  # in a row
    outcome: Mapped[str] = mapped_column(String(200), default="")  # why nobody of ours was found, in a sentence

    def is_to_be_asked_about(self) -> bool:
        """Whether nobody asks already, and the last answer is old enough to have changed."""
        return self.due_at is None and (self.asked_at is None or self.asked_at + ASKED_AGAIN_AFTER <= clock.now())

    def put_off(self, reason: str, *, wait: timedelta | None = None) -> None:
        """Slack did not say: ask again after ``wait``, or after 10 s, 20 s, 40 s … and at last every 10 min."""
        by_itself = min(_FIRST_WAIT * 2 ** min(self.failures, _MOST_DOUBLINGS), _LONGEST_WAIT)
        self.failures += 1
        self.due_at = clock.now() + max(by_itself, wait or timedelta(0))
        self.outcome = reason[:200]

    def settle(self, name: str, outcome: str) -> None:
        """Slack has answered."""
        self.name, self.outcome = name[:80], outcome[:200]
        self.asked_at, self.due_at, self.failures = clock.now(), None, 0


def workspace() -> SlackWorkspace | None:
    """Ours; None until Slack was first asked."""
    return db.session.get(SlackWorkspace, THE_ROW)


def keep_workspace(team_id: str, name: str, *, token_hash: str, bot_user_id: str | None = None) -> None:
    """Slack said which it is. The caller commits."""
    said = {"team_id": team_id, "name": name[:80], "token_hash": token_hash, "bot_user_id": bot_user_id}
    db.session.merge(SlackWorkspace(id=THE_ROW, learnt_at=clock.now(), **said))


def is_ourselves(user_id: str) -> bool:
    """Whether that Slack user is this app."""
    ours = workspace()
    return ours is not None and bool(user_id) and ours.bot_user_id == user_id


def slack_user(team_id: str, user_id: str) -> SlackUser | None:
    """What is known of a Slack user who was not known at once."""
    return db.session.scalar(select(SlackUser).where(SlackUser.team_id == team_id, SlackUser.user_id == user_id))


def users_to_ask_about(most: int) -> list[SlackUser]:
    """Those whose time has come, the longest waiting first."""
    due = select(SlackUser).where(SlackUser.due_at <= clock.now())
    return list(db.session.scalars(due.order_by(SlackUser.due_at, SlackUser.id).limit(most)))
