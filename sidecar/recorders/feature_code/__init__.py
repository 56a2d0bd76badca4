"""The adapter for codes that are dialled."""
