"""Rules, decisions and the consent machine: pure, without clock, socket or log."""
