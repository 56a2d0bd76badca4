"""A small telephone, an echoing PBX and what they hear: for the demo and for tests on the wire."""
