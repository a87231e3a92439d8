"""Every test that docs/complaints.md names is there, and no complaint stands without an answer."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "complaints.md"
NAMED = re.compile(r"`(test_\w+\.py)(?:::(test_\w+))?`")


def test_every_complaint_is_answered_by_a_test_that_exists_or_a_reason() -> None:
    rows = [line.split("|")[1:4] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    answers = {number.strip(): answer.strip() for number, _said, answer in rows if number.strip()[0].isdigit()}
    numbers = {int(re.match(r"\d+", number)[0]) for number in answers}  # type: ignore[index] # they begin with a digit
    assert numbers == set(range(1, 51))
    assert [number for number, answer in answers.items() if not answer] == []
    missing = [
        (number, file, name)
        for number, answer in answers.items()
        for file, name in NAMED.findall(answer)
        if not (TESTS / file).is_file() or (name and f"def {name}(" not in (TESTS / file).read_text(encoding="utf-8"))
    ]
    assert missing == []
