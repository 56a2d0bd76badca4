"""The telephone's side of offer and answer, and the audio that follows from it."""

from __future__ import annotations

from sidecar.calls.crossing.bodies import content_type
from sidecar.demo.rtp_endpoint import RtpEndpoint, Sending
from sidecar.sip.message import Message
from sidecar.sip.offer_answer import Carrier, OfferAnswer, Origins, Role, State
from sidecar.sip.sdp import (
    TELEPHONE_EVENT,
    Codec,
    MediaDescription,
    SdpError,
    SessionDescription,
    address_of,
    make_answer,
    make_offer,
    sdp_part,
)

CODECS = ("PCMU", "PCMA")
_SENDS = ("sendrecv", "sendonly")
_RECEIVES = ("sendrecv", "recvonly")


class Session:
    """Writes and reads the descriptions of one call, and points its audio accordingly.

    `direction` is what we offer and the most we answer with: "sendonly" puts the peer on hold.
    `exchange` is the state of the dialog in force; a forked call puts another one in its place.
    """

    def __init__(
        self, host: str, media: RtpEndpoint, codecs: tuple[str, ...], *, telephone_event: bool
    ) -> None:
        self.exchange = OfferAnswer()
        self.direction = "sendrecv"
        self._host = host
        self._media = media
        self._codecs = codecs
        self._telephone_event = telephone_event
        self._origins = Origins(host, 1_000_000 + media.port)

    def use(self, exchange: OfferAnswer) -> None:
        """Go by the exchange of another dialog of the same call."""
        self.exchange = exchange
        self._adjust()

    def write(self, carrier: Carrier, sdp: bool | bytes | None = True) -> bytes:
        """The body that a message of ours is to bring, accounted for.

        It is the answer where an offer waits for one, else an offer; `sdp` may be bytes to send
        in its place, or None for none. Raises NoCommonCodec and OfferAnswerError.
        """
        if not sdp:
            self.exchange.sent(carrier, None)
            return b""
        if isinstance(sdp, bytes):
            data = sdp
            try:
                description = SessionDescription.parse(sdp)
            except SdpError:
                return data  # somebody wants to see what the peer makes of nonsense
        else:
            description = self._describe()
            data = description.encode()
        self.exchange.sent(carrier, description)
        self._adjust()
        return data

    def read(self, carrier: Carrier, message: Message) -> Role:
        """Account for the description in a message of the peer's, or for there being none.

        Raises SdpError and OfferAnswerError.
        """
        disposition = message.headers.get("Content-Disposition")
        data = sdp_part(content_type(message), disposition, message.body)
        description = None if data is None else SessionDescription.parse(data)
        role = self.exchange.received(carrier, description)
        self._adjust()
        return role

    def reject(self) -> None:
        """The open offer came to nothing: what was agreed before holds again."""
        self.exchange.reject()
        self._adjust()

    def _describe(self) -> SessionDescription:
        offer = self.exchange.offered
        origin, port = self._origins.current, self._media.port
        if offer is None:
            made = make_offer(
                self._host,
                port,
                origin,
                self._codecs,
                direction=self.direction,
                telephone_event=self._telephone_event,
            )
        else:
            made = make_answer(
                offer,
                self._host,
                port,
                origin,
                self._codecs,
                direction=self.direction,
                telephone_event=self._telephone_event,
            )
        return self._origins.stamp(made)

    def _adjust(self) -> None:
        """Let the audio flow as agreed, or as an early look at the answer promises."""
        local, remote = self.exchange.local, self.exchange.remote
        early, offered = self.exchange.preview, self.exchange.offered
        if early is not None:
            ours = self.exchange.state is State.LOCAL_OFFER
            local, remote = (offered, early) if ours else (early, offered)
        if local is None or remote is None:
            return
        for index, (mine, theirs) in enumerate(zip(local.media, remote.media, strict=False)):
            if mine.kind == "audio" and mine.rtp and mine.live and theirs.live:
                host, port, _, _ = address_of(remote, index)
                self._media.expect(*_listening(mine))
                self._media.send_to(_sending((host, port), mine, theirs))
                return
        self._media.send_to(None)


def _listening(mine: MediaDescription) -> tuple[dict[int, str], int | None]:
    """Which codec each payload type stands for that we asked for, and the one of digits."""
    events = [codec.payload_type for codec in mine.codecs if codec.name == TELEPHONE_EVENT]
    voice = {codec.payload_type: codec.name for codec in mine.codecs if codec.name in CODECS}
    return voice, events[0] if events else None


def _sending(
    address: tuple[str, int], mine: MediaDescription, theirs: MediaDescription
) -> Sending | None:
    """What to send, None without a codec that both know: the peer's favourite, as it asked."""
    known = {codec.name for codec in mine.codecs}
    voice = next((c for c in theirs.codecs if c.name in known and c.name in CODECS), None)
    if voice is None:
        return None
    return Sending(
        address,
        voice.name,
        voice.payload_type,
        _events_of(theirs, voice) if TELEPHONE_EVENT in known else None,
        mine.direction in _SENDS and theirs.direction in _RECEIVES,
    )


def _events_of(theirs: MediaDescription, voice: Codec) -> int | None:
    for codec in theirs.codecs:
        if codec.name == TELEPHONE_EVENT and codec.rate == voice.rate:
            return codec.payload_type
    return None
