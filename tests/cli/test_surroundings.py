"""A web worker forgets what it need not know."""

from __future__ import annotations

import os

import pytest

from incidents.cli import surroundings


def test_secrets_leave_the_environment_and_what_libpq_reads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"SECRET_KEY": "x", "SMTP_URL": "y", "PGSSLROOTCERT": "z", "HOME": "/home/x"})

    surroundings.forget_environment()

    assert dict(os.environ) == {"PGSSLROOTCERT": "z", "HOME": "/home/x"}
