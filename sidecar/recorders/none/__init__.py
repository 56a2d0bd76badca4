"""No adapter: nothing controls the recorder."""
