"""PostgreSQL restarted under load: everybody goes on by himself, nothing is lost, nothing comes under two keys."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.restarting import restart_under_load

# A fault run of its own may ask for more: RESTARTS=20 pytest tests/faults/test_restart.py
RESTARTS = int(os.environ.get("RESTARTS", "1"))


def test_a_restart_of_the_database_loses_nothing_and_everybody_goes_on_by_himself(tmp_path: Path) -> None:
    course = restart_under_load(tmp_path, restarts=RESTARTS, reminders=60)

    assert course.wrong == []
    assert course.acknowledged > RESTARTS
    assert max(course.posting_again + course.ringing_again) <= 10
