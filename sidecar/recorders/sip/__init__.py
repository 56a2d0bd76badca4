"""The adapter for what SIP itself can say of recording."""
