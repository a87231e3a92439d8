"""The environment is read once, and every problem with it is told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.kernel import settings


def read(tmp_path: Path, **environ: str) -> settings.Settings:
    return settings.load({"DATA_DIR": str(tmp_path), **environ})


def problems(tmp_path: Path, **environ: str) -> list[str]:
    with pytest.raises(settings.SettingsError) as wrong:
        read(tmp_path, **environ)
    return wrong.value.problems


def test_nothing_set_gives_a_sqlite_file_and_a_kept_key(tmp_path: Path) -> None:
    first, second = read(tmp_path), read(tmp_path)

    assert first.database_url == f"sqlite:///{tmp_path / 'sevenbells.db'}"
    assert len(first.secret_key) >= 32
    assert first.secret_key == second.secret_key
    assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    told = problems(
        tmp_path, PORT="99999", SECRET_KEY="dev", DATABASE_URL="mysql://x", BASE_URL="example.com", LOG_LEVEL="loud"
    )

    assert [line.split(":")[0] for line in told] == ["DATABASE_URL", "SECRET_KEY", "BASE_URL", "PORT", "LOG_LEVEL"]


@pytest.mark.parametrize("key", ["dev", "changeme", "short but not famous"])
def test_a_famous_or_short_key_stops_the_start(tmp_path: Path, key: str) -> None:
    assert problems(tmp_path, SECRET_KEY=key)[0].startswith("SECRET_KEY")


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "smtp").write_text("smtp://user:pass@mail.example.com:587\n")

    chosen = read(tmp_path, SMTP_URL_FILE=str(tmp_path / "smtp"), MAIL_FROM="Status <status@example.com>")

    assert chosen.smtp_url == "smtp://user:pass@mail.example.com:587"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert "SMTP_URL_FILE" in problems(tmp_path, SMTP_URL_FILE=str(tmp_path / "none"))[0]


def test_secrets_do_not_show_when_settings_are_printed(tmp_path: Path) -> None:
    chosen = read(tmp_path, DATABASE_URL="postgresql://u:hunter2@h/d", METRICS_TOKEN="sesame")

    assert "hunter2" not in repr(chosen)
    assert "sesame" not in repr(chosen)
    assert chosen.secret_key not in repr(chosen)


def test_mail_needs_a_sender(tmp_path: Path) -> None:
    assert problems(tmp_path, SMTP_URL="smtp://mail.example.com")[0].startswith("MAIL_FROM")
