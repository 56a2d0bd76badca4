"""The rules: read, compiled, asked about each call, explained, tested, read anew at any time."""
