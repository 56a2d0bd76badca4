"""The words of the transaction machines: their states and what can happen to them.

Plain strings, not enum members: they are dictionary keys on the hot path.
"""

from __future__ import annotations

from typing import Final

# States. "cancel waiting", "cancelling" and "cancelled" are Calling and Proceeding of RFC 3261
# with what section 9 says about a CANCEL made visible.
CALLING: Final = "calling"
TRYING: Final = "trying"
PROCEEDING: Final = "proceeding"
CANCEL_WAITING: Final = "cancel waiting"
CANCELLING: Final = "cancelling"
CANCELLED: Final = "cancelled"
ACCEPTED: Final = "accepted"
COMPLETED: Final = "completed"
CONFIRMED: Final = "confirmed"
TERMINATED: Final = "terminated"

# What a client transaction receives.
PROVISIONAL: Final = "1xx"
SUCCESS: Final = "2xx"
FAILURE: Final = "3xx-6xx"
FINAL: Final = "2xx-6xx"

# What a server transaction receives.
REQUEST: Final = "request again"
ACK: Final = "ACK"
CANCEL: Final = "CANCEL"

# What the transaction user wants (a client's CANCEL is the word above).
SEND_PROVISIONAL: Final = "send 1xx"
SEND_SUCCESS: Final = "send 2xx"
SEND_FAILURE: Final = "send 3xx-6xx"
SEND_FINAL: Final = "send 2xx-6xx"

# Time and transport.
TIMER_A: Final = "timer A"
TIMER_B: Final = "timer B"
TIMER_C: Final = "timer C"
TIMER_D: Final = "timer D"
TIMER_E: Final = "timer E"
TIMER_F: Final = "timer F"
TIMER_G: Final = "timer G"
TIMER_H: Final = "timer H"
TIMER_I: Final = "timer I"
TIMER_J: Final = "timer J"
TIMER_K: Final = "timer K"
TIMER_L: Final = "timer L"
TIMER_M: Final = "timer M"
GIVE_UP: Final = "64*T1 after CANCEL"
OVERDUE: Final = "64*T1 unanswered"
TRANSPORT_ERROR: Final = "transport error"
