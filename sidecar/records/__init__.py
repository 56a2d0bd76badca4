"""Call records: what is kept of a call, and where (docs/records.md)."""
