"""Reads the feeds with the PyPI package ``atoma`` and prints the titles of each."""

from __future__ import annotations

import json
import os
import sys
from urllib.request import urlopen

import atoma  # type: ignore[import-not-found] # it lives in an environment of its own


def fetched(path: str) -> bytes:
    with urlopen(os.environ["ADDRESS"] + path, timeout=10) as answer:
        return bytes(answer.read())


atom = atoma.parse_atom_bytes(fetched("/history.atom"))
rss = atoma.parse_rss_bytes(fetched("/history.rss"))
told = atoma.parse_json_feed_bytes(fetched("/history.json"))
sys.stdout.write(
    json.dumps(
        {
            "/history.atom": [entry.title.value for entry in atom.entries],
            "/history.rss": [item.title for item in rss.items],
            "/history.json": [item.title for item in told.items],
        }
    )
)
