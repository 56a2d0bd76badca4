"""What can be wrong with a session description."""

from __future__ import annotations

from sidecar.sip.errors import ParseError


class SdpError(ParseError):
    """A session description that can't be used: the peer's fault.

    `reason` says what is wrong in words fit for a reason phrase. `status` is the SIP status
    that tells it to the peer: 400 where the text is no SDP, 488 where it is well formed but
    asks for what can't be done (RFC 3261 section 21.4.26).
    """

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class NoCommonCodec(SdpError):  # noqa: N818
    """The offer holds no audio that we can speak: answered with 488."""

    def __init__(self, reason: str = "No common codec") -> None:
        super().__init__(reason, status=488)
