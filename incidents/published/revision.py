"""One number that moves with every change of what the public may know."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import CheckConstraint, Insert, String, event, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from ..kernel.database import Base, db

THE_ROW = 1
_MARK = "the page changed"
_listeners: list[Callable[[], None]] = []


class PageRevision(Base):
    """One row. Whoever writes published records moves it in the same transaction, so the page never misses a change."""

    __tablename__ = "page_revision"
    __table_args__ = (CheckConstraint("id = 1", name="there_is_one_page"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    revision: Mapped[int]
    first_address: Mapped[str | None] = mapped_column(String(300))  # see published.first_address


def bump() -> None:
    """Say that the page changed; seen by the renewers of all machines when the transaction commits."""
    session = db.session()
    session.info[_MARK] = True
    move = update(PageRevision).where(PageRevision.id == THE_ROW).values(revision=PageRevision.revision + 1)
    move = move.execution_options(synchronize_session=False)
    if session.execute(move).rowcount == 0:  # type: ignore[attr-defined]
        session.execute(_first_row(session.get_bind().dialect.name))
        session.execute(move)


def _first_row(dialect: str) -> Insert:
    # two first changes may race: the second finds the row of the first, and moves it
    if dialect == "sqlite":
        return sqlite_insert(PageRevision).values(id=THE_ROW, revision=0).on_conflict_do_nothing()
    return postgresql_insert(PageRevision).values(id=THE_ROW, revision=0).on_conflict_do_nothing()


def tell_on_change(listener: Callable[[], None]) -> None:
    """Call ``listener`` in this process after each commit that changed the page; it must return at once."""
    _listeners.append(listener)


def tell_no_more(listener: Callable[[], None]) -> None:
    """Undo ``tell_on_change``."""
    if listener in _listeners:
        _listeners.remove(listener)


@event.listens_for(Session, "after_commit")
def _tell(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint: nobody else can see anything yet
        return
    if session.info.pop(_MARK, False):
        for listener in tuple(_listeners):
            listener()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(_MARK, None)
