"""What a final response says about how a call ended."""

from __future__ import annotations

from sidecar.records.record import Disposition

_BY_STATUS = {
    408: Disposition.NO_ANSWER,
    480: Disposition.NO_ANSWER,
    486: Disposition.BUSY,
    487: Disposition.NO_ANSWER,
    600: Disposition.BUSY,
}


def disposition_of(status: int) -> Disposition:
    """Return the disposition of a call that a final response of the callee's side ended."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known
    return Disposition.FAILED if 500 <= status < 600 else Disposition.REJECTED
