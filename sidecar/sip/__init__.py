"""SIP without sockets, clocks or logs: messages, transactions, dialogs, session descriptions."""
