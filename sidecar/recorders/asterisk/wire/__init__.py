"""The manager interface: its messages, the lasting connection, what its commands say."""
