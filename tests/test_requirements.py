"""The lock agrees with what was asked for, holds hashes, and names no place to download from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parents[1] / "requirements"
PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)==(?P<version>[^\s;]+)(?P<rest>.*(?:\n[ ]{4}.*)*)", re.MULTILINE)


def asked(name: str) -> dict[str, Requirement]:
    lines = (FOLDER / f"{name}.in").read_text().splitlines()
    wanted = [Requirement(line) for line in lines if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(one.name): one for one in wanted}


def pinned(name: str) -> dict[str, tuple[str, str]]:
    """Name to version and what else stands with it: marker, hashes, and on whose behalf it is there."""
    return {
        found["name"]: (found["version"], found["rest"]) for found in PIN.finditer((FOLDER / f"{name}.txt").read_text())
    }


@pytest.mark.parametrize("name", ["base", "test"])
def test_everything_asked_for_is_locked_at_a_version_that_was_asked_for(name: str) -> None:
    lock = pinned(name)
    for package, requirement in asked(name).items():
        assert package in lock, f"{package} is not locked: run `make requirements`"
        assert requirement.specifier.contains(lock[package][0]), f"{package} {lock[package][0]} is not {requirement}"


@pytest.mark.parametrize("name", ["base", "test"])
def test_nothing_is_locked_that_was_taken_from_the_list(name: str) -> None:
    wanted = asked(name)
    for package, (_version, rest) in pinned(name).items():
        if f"-r requirements/{name}.in" in rest:
            assert package in wanted, f"{package} is locked and no longer asked for: run `make requirements`"
        assert "# via" in rest


def test_the_tests_run_on_the_very_versions_that_ship() -> None:
    tested = pinned("test")
    for package, (version, _rest) in pinned("base").items():
        assert tested[package][0] == version


@pytest.mark.parametrize("name", ["base", "test"])
def test_every_pin_has_hashes_and_no_line_names_a_place(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()

    assert all("--hash=sha256:" in rest for _version, rest in pinned(name).values())
    assert not re.search(r"://|index-url|find-links|trusted-host|^-", text, re.MULTILINE)
