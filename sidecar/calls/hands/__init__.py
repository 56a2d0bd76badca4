"""What carries out the consent machine: prompts, keys, recorder, mailbox, rooms, people."""
