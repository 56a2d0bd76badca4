"""SIP transports: sockets, connections and name look-ups. Knows flows and bytes, not messages."""
