"""The adapter for Asterisk, over its manager interface."""
