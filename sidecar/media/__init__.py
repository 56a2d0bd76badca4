"""Media: the engine as the call layer sees it, and the worker processes behind it."""
