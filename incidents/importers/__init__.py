"""Takes over what another status page has told: reads it, says what it would do, and does it when asked."""
