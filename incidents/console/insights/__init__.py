"""Insights: figures over a period beside the one before, reviews of a week or month, and how all of it is counted."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Flask

from ...policy.durations import duration
from . import page, reviews


def init_app(app: Flask) -> None:
    """Give the app these screens, and what their templates say lengths and days with."""
    app.add_template_filter(length_words)
    app.add_template_filter(day_words)
    app.register_blueprint(page.bp)
    app.register_blueprint(reviews.bp)


def length_words(seconds: int) -> str:
    """``48 min``, ``1 h 12 min``."""
    return duration(timedelta(seconds=seconds))


def day_words(day: date) -> str:
    """``23 Nov 2026``."""
    return f"{day.day} {day:%b %Y}"
