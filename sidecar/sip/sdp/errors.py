"""What can be wrong with a session description."""

from __future__ import annotations

from sidecar.sip.errors import ParseError


class SdpError(ParseError):
    """A session description that can't be used: the peer's fault.

    `reason` says what is wrong in words fit for a reason phrase. `status` is the SIP status
    that tells it to the peer: 400 where the text is no SDP, 488 where it is well formed but
    asks for what can't be done (RFC 3261 section 21.4.26). `warning` is the code of the Warning
    header that is to say the same (section 20.43), if there is one.
    """

    def __init__(self, reason: str, status: int = 400, warning: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.warning = warning


class NothingButMessages(SdpError):  # noqa: N818
    """An offer of which nothing is left without its message streams (RFC 4975): 488.

    Not 403: the INVITE may come again with other media, and what is wrong with it is said of
    its description, as it is by port 0 where only one stream of several is refused.
    """

    def __init__(self) -> None:
        super().__init__("Media type not available", status=488, warning=304)


class NothingCarried(SdpError):  # noqa: N818
    """An offer of which nothing is left without what we don't carry (SRTP, T.140, BFCP): 488."""

    def __init__(self, *, secure: bool) -> None:
        if secure:
            super().__init__("Incompatible transport protocol", status=488, warning=302)
        else:
            super().__init__("Media type not available", status=488, warning=304)


class NoCommonCodec(SdpError):  # noqa: N818
    """The offer holds no audio that we can speak: answered with 488."""

    def __init__(self, reason: str = "No common codec") -> None:
        super().__init__(reason, status=488, warning=305)
