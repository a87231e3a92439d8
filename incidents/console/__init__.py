"""Door 1, the browser: a blueprint and its forms per screen."""
