"""What many incidents ask alike is asked once in a look at all of them: who is on call, who responds, what a role tells."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Answer = TypeVar("Answer")

_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers", default=None)


@contextmanager
def once() -> Iterator[None]:
    """Inside, the same question has the same answer; for one look, which is over in less than a second."""
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def answer(question: Hashable, find: Callable[[], Answer]) -> Answer:
    """What was found before inside ``once``; elsewhere it is looked for each time."""
    answers = _answers.get()
    if answers is None:
        return find()
    if question not in answers:
        answers[question] = find()
    found: Answer = answers[question]
    return found


def remember(question: Hashable, answer_to_it: object) -> None:
    """So that it need not be looked for."""
    answers = _answers.get()
    if answers is not None:
        answers[question] = answer_to_it
