"""``python -m tests.bench [part …]``: measure, print ratios, write var/bench.json."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

from tests.bench.figures import Figure, Result, keep

PARTS = (
    "page",
    "rebuild",
    "visible",
    "mirror",
    "updates",
    "draft",
    "screens",
    "insights",
    "search",
    "reminders",
    "lateness",
    "timers",
    "outbox",
    "fanout",
    "subscribers",
    "slack",
    "tarpits",
    "restart",
    "start",
)


def main(words: list[str]) -> int:
    """Run the parts named, or all of them; 0 whether or not every goal was reached (the table says)."""
    unknown = [word for word in words if word not in PARTS]
    if unknown:
        sys.stderr.write(f"bench: there is no part {unknown[0]!r}; choose of {', '.join(PARTS)}\n")
        return 2
    results: list[Result] = []
    for part in words or PARTS:
        sys.stderr.write(f"measuring {part} …\n")
        for result in importlib.import_module(f"tests.bench.{part}").measure():
            results.append(result)
            sys.stdout.write(result.line() + "\n")
            sys.stdout.flush()
    path = Path(os.environ.get("DATA_DIR", "var")) / "bench.json"
    keep(results, path)
    missed = sum(isinstance(result, Figure) and not result.is_reached for result in results)
    sys.stdout.write(f"{len(results)} figures, {missed} missed; kept in {path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
