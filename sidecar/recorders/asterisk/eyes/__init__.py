"""What is seen of a PBX: channels, people, mailboxes, conferences; what was claimed and read."""
