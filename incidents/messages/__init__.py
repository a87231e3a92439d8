"""Every sentence we send."""
