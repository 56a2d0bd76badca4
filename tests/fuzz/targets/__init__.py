"""One target a file: `attempt(data)` does with bytes what the sidecar does, and judges it.

An exception that it lets out is a finding. What a reader documents that it raises is none.
"""
