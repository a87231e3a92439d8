"""Readers and writers that nobody here wrote, run against a live page: ``python -m tests.peers``.

They are fetched into a scratch folder, so this is no part of ``make test``; what is locked there (feedparser, icalendar,
standardwebhooks) is asked in the tests themselves.
"""
