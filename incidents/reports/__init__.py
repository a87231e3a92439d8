"""Read-only answers put together from several records."""
