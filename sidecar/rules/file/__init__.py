"""The rules file (`rules.toml`): schema, cross-checks, loading, errors with file, line and key."""
