"""Tests that drive a real Chromium against the whole application behind its front door."""
