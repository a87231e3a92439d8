"""`python -m incidents.cli`: how a supervisor starts its children without searching PATH."""

from __future__ import annotations

from . import main

main()
