"""Session descriptions on their way from one leg to the other, and the media they ask for.

Each leg has its own offer/answer exchange (RFC 3264) with the sidecar; an offer that arrives on
one leg becomes the sidecar's offer on the other, its answer comes back the same way. Both see
only the sidecar's addresses. Media is told where to send once an answer has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal, Protocol

from sidecar.calls.legs.message_streams import MessageStreams
from sidecar.errors import PeerError
from sidecar.media.engine import MediaSession, RemoteMedia, Side
from sidecar.sip.offer_answer import (
    Carrier,
    Glare,
    OfferAnswer,
    OfferAnswerError,
    Origins,
    Role,
    State,
)
from sidecar.sip.sdp import (
    TELEPHONE_EVENT,
    Codec,
    MediaDescription,
    NoCommonCodec,
    SdpError,
    SessionDescription,
    address_of,
    anchor,
    check_usable,
    fitted,
    make_answer,
    make_offer,
    narrow,
)
from sidecar.sip.sdp.recording import speaks, with_attribute

PROMPT_CODECS: tuple[Literal["PCMU", "PCMA", "G722"], ...] = ("PCMU", "PCMA", "G722")
"""Codecs that prompts exist in."""
USUAL_PTIME = 20
"""Milliseconds of sound in a packet where nobody asks for another length (RFC 3551 section 4.2)."""
MOST_STREAMS = 8
"""m-lines of one session; each takes four ports."""


@dataclass(slots=True, eq=False)
class End:
    """The sidecar's end of one session: which side of the call, what is agreed there."""

    side: Side
    origins: Origins
    session: OfferAnswer = field(default_factory=OfferAnswer)

    def fork(self) -> End:
        """The end of another dialog of the same INVITE, at the same point of the exchange."""
        return End(self.side, self.origins, self.session.fork())


class Speech(Enum):
    """Whether a prompt will be played, for which both sides need a codec that prompts exist in."""

    NEVER = "never"
    PERHAPS = "perhaps"
    """Other codecs are left out where these are offered; without them the call goes on."""
    SURELY = "surely"


class Recording(Protocol):
    """What descriptions say about recording concerns somebody else."""

    def heard(self, side: Side, sdp: SessionDescription) -> None:
        """A description came that speaks of recording."""

    def held(self, side: Side, on_hold: bool) -> None:
        """A description came in which a side puts the call on hold, or does not (any more)."""

    def told(self, side: Side) -> str | None:
        """Return the state to be told to a side (on, off, paused); None: it doesn't ask."""


class Sessions:
    """The sessions of one call: rewrites each description and configures the media.

    `speech` says whether only codecs may be negotiated which the prompts exist in. `ports` are set
    once the media session is open. `recording` is told and asked what descriptions say about
    recording (RFC 7866), `messages` what becomes of streams of instant messages.
    """

    __slots__ = ("_address", "_media", "_messages", "_speech", "ports", "recording")

    def __init__(
        self,
        media: MediaSession,
        address: str,
        recording: Recording,
        messages: MessageStreams,
        speech: Speech,
    ) -> None:
        self._messages = messages
        self._media = media
        self._address = address
        self._speech = speech
        self.recording = recording
        self.ports: dict[Side, tuple[int, ...]] = {Side.A: (), Side.B: ()}

    def across(self, source: End, target: End, carrier: Carrier, body: bytes) -> bytes:
        """Take the description that `source` sent and return the one to send to `target`.

        `carrier` is the message that brought it and will carry it on. Raises SdpError,
        NoCommonCodec, or OfferAnswerError (Glare is answered with 491).
        """
        sdp = self._read(source, body)
        role = source.session.received(carrier, sdp)
        if role is Role.OFFER:
            return self._offer(source, target, carrier, sdp)
        if role is Role.IGNORED:
            self.settle(source, target, crossed=True)
            return self.repeat(target)
        anchored = self._anchored(target, sdp)
        target.session.sent(carrier, anchored)
        self._configure(source, sdp, target, anchored, anchored)
        return anchored.encode()

    def answer_alone(
        self,
        end: End,
        body: bytes,
        carrier: Carrier = Carrier.FINAL,
        asked: Carrier = Carrier.INVITE,
    ) -> bytes:
        """Answer the offer of an INVITE without another leg, in a 2xx or (`carrier`) an 18x.

        `asked` is what brought the offer, where it is no INVITE. Raises SdpError or
        OfferAnswerError.
        """
        offer = self._read(end, body)
        check_usable(offer, self._address)
        end.session.reject()  # another leg may have been offered it, in vain
        end.session.received(asked, offer)
        ports = self.ports[end.side] + (0,) * len(offer.media)
        self._messages.offered(offer, refused=True)
        made = make_answer(offer, self._address, ports[0], end.origins.current, PROMPT_CODECS)
        streams = zip(made.media, ports, strict=False)
        media = tuple(replace(stream, port=port if stream.live else 0) for stream, port in streams)
        answer = end.origins.stamp(self._telling(end, replace(made, media=media)))
        end.session.sent(carrier, answer)
        self._configure_one(end.side, offer, answer, answer)
        return answer.encode()

    def answer_again(self, end: End, body: bytes, asked: Carrier, answered: Carrier) -> bytes:
        """Answer a later offer without another leg: what it takes the place of has been agreed.

        That stays in force where this raises SdpError or OfferAnswerError.
        """
        if end.session.state is not State.STABLE:
            raise Glare("Offer before the answer to the last one")
        try:
            return self.answer_alone(end, body, answered, asked)
        except SdpError:
            end.session.reject()
            raise

    def offer_alone(self, end: End) -> bytes:
        """Make an offer in the 2xx to an INVITE that brought none."""
        port = self.ports[end.side][0]
        offer = end.origins.stamp(
            make_offer(self._address, port, end.origins.current, PROMPT_CODECS)
        )
        end.session.sent(Carrier.FINAL, offer)
        return offer.encode()

    def take_answer(
        self, end: End, carrier: Carrier, body: bytes, other: End | None = None
    ) -> None:
        """Take an answer that does not cross; `other` is where the session is agreed already.

        Raises SdpError or OfferAnswerError.
        """
        answer = self._read(end, body)
        role = end.session.received(carrier, answer)
        if role is Role.IGNORED:
            return
        agreed = other.session.local if other is not None else None
        if other is None or agreed is None:
            ours = end.session.local if role is Role.ANSWER else end.session.offered
            self._configure_one(end.side, answer, ours or answer, answer)
        else:
            self._configure(end, answer, other, agreed, None)

    def settle(self, end: End, other: End, *, crossed: bool) -> None:
        """Have media follow what is agreed at both: telephones that rang as well may have moved it.

        `crossed` says whether the answer of `end` went on to `other`. Raises SdpError.
        """
        answer, told = end.session.remote, other.session.local
        if answer is not None and told is not None:
            self._configure(end, answer, other, told, told if crossed else None)

    def offer_as_agreed(self, source: End, target: End) -> bytes:
        """Offer `target` just what is agreed with `source` already (policy `before-connect`)."""
        local, remote = source.session.local, source.session.remote
        if local is None or remote is None:
            raise SdpError("No session agreed yet")
        offer = self._anchored(target, _as_agreed(remote, local))
        target.session.sent(Carrier.INVITE, offer)
        return offer.encode()

    def offer_again(
        self, end: End, preference: str | None = None, carrier: Carrier = Carrier.INVITE
    ) -> bytes:
        """Offer what is agreed already, perhaps with a wish about recording (RFC 7866 section 6.2).

        `carrier` is an INVITE, or the 2xx to one without an offer. Raises SdpError where nothing
        is agreed, or OfferAnswerError.
        """
        wish = end.session.local
        if wish is None:
            raise SdpError("No session agreed yet")
        if preference is not None:
            wish = with_attribute(wish, "recordpref", preference)
        offer = end.origins.stamp(wish)
        end.session.sent(carrier, offer)
        return offer.encode()

    def repeat(self, end: End) -> bytes:
        """Return what was last agreed to at `end`, for a 2xx that only repeats it."""
        return end.session.local.encode() if end.session.local is not None else b""

    def can_be_heard_by(self, body: bytes) -> bool:
        """Tell whether a side that offers this could hear what is said. Raises SdpError."""
        return has_audio(SessionDescription.parse(body))

    def lacking(self, body: bytes) -> int:
        """Return how many streams a description has more than there are ports for.

        Raises SdpError.
        """
        return max(0, count_streams(SessionDescription.parse(body)) - len(self.ports[Side.A]))

    def _offer(self, source: End, target: End, carrier: Carrier, sdp: SessionDescription) -> bytes:
        try:
            check_usable(sdp, self._address)
            self._messages.offered(sdp)
            anchored = self._anchored(target, self._narrowed(sdp))
            target.session.sent(carrier, anchored)
        except (SdpError, OfferAnswerError):
            source.session.reject()
            raise
        return anchored.encode()

    def _narrowed(self, sdp: SessionDescription) -> SessionDescription:
        """Return an offer without codecs that nothing could be said in."""
        if self._speech is Speech.NEVER or not has_audio(sdp):
            return sdp
        narrowed = narrow(sdp, frozenset(PROMPT_CODECS))
        if narrowed is None and self._speech is Speech.SURELY:
            raise NoCommonCodec
        return narrowed or sdp

    def _anchored(self, target: End, sdp: SessionDescription) -> SessionDescription:
        ports = self.ports[target.side]
        ports += (0,) * (len(sdp.media) - len(ports))
        origin = target.origins.current
        allowed = self._messages.allowed
        anchored = anchor(sdp, address=self._address, ports=ports, origin=origin, messages=allowed)
        return target.origins.stamp(self._telling(target, anchored))

    def _read(self, source: End, body: bytes) -> SessionDescription:
        """Read a description, and have what it says about recording taken note of.

        An answer is read as one to our offer.
        """
        sdp = SessionDescription.parse(body)
        offer = source.session.offered
        if offer is not None and source.session.state is State.LOCAL_OFFER:
            sdp = fitted(sdp, offer)
        if speaks(sdp):
            self.recording.heard(source.side, sdp)
        self.recording.held(source.side, _on_hold(sdp))
        return sdp

    def _telling(self, target: End, sdp: SessionDescription) -> SessionDescription:
        state = self.recording.told(target.side)
        return with_attribute(sdp, "record", state) if state is not None else sdp

    def _configure(
        self,
        end: End,
        answer: SessionDescription,
        other: End,
        told: SessionDescription,
        settled: SessionDescription | None,
    ) -> None:
        """Tell media where both sides are: `end` has answered, `other` was `told` what it was.

        Each side goes by what it said itself and what it was told: its own payload types.
        `settled` is the answer that `other` was given, None where it has chosen by itself.
        """
        offered = end.session.offered or end.session.local
        theirs = other.session.remote if other.session.local is told else other.session.offered
        if offered is None or theirs is None:
            return
        streams = zip(theirs.media, told.media, (settled or theirs).media, strict=False)
        answers = zip(offered.media, answer.media, self.ports[Side.A], strict=False)
        for index, (near, far) in enumerate(zip(streams, answers, strict=False)):
            live = all(media.live for media in (*near, *far[:2])) and not near[0].message
            self._place(other.side, index, _remote(theirs, index, *near[1:]) if live else None)
            self._place(end.side, index, _remote(answer, index, *far[:2]) if live else None)

    def _configure_one(
        self,
        side: Side,
        theirs: SessionDescription,
        ours: SessionDescription,
        answer: SessionDescription,
    ) -> None:
        streams = zip(theirs.media, ours.media, answer.media, self.ports[side], strict=False)
        for index, (said, told, answered, _port) in enumerate(streams):
            live = said.live and told.live
            self._place(side, index, _remote(theirs, index, told, answered) if live else None)

    def _place(self, side: Side, stream: int, remote: RemoteMedia | None) -> None:
        try:
            self._media.configure(side, stream, remote)
        except PeerError as error:
            raise SdpError(error.reason, error.status) from error


def count_streams(sdp: SessionDescription) -> int:
    """Return the number of m-lines. Raises SdpError where one call would take too many ports."""
    if len(sdp.media) > MOST_STREAMS:
        raise SdpError("Too many media streams", status=488)
    return len(sdp.media)


def has_audio(sdp: SessionDescription) -> bool:
    """Tell whether a description wants at least one audio stream that can be carried."""
    return any(media.kind == "audio" and media.carried for media in sdp.media)


def _on_hold(sdp: SessionDescription) -> bool:
    """Tell whether whoever sent this wants to hear nothing (RFC 3264 section 8.4)."""
    audio = next((each for each in sdp.media if each.kind == "audio" and each.live), None)
    if audio is None:
        return False
    nowhere = audio.connection is not None and audio.connection.unreachable
    return nowhere or audio.direction in ("sendonly", "inactive")


def _as_agreed(remote: SessionDescription, local: SessionDescription) -> SessionDescription:
    """Return their description cut down to the streams and codecs that we agreed to."""
    media = []
    for theirs, ours in zip(remote.media, local.media, strict=False):
        agreed = {codec.payload_type for codec in ours.codecs}
        codecs = tuple(each for each in theirs.codecs if each.payload_type in agreed)
        kept = theirs.with_codecs(codecs) if codecs else theirs
        media.append(kept if ours.live else theirs.refused())
    return replace(remote, media=tuple(media))


def _agreed(
    said: MediaDescription, told: MediaDescription, answered: MediaDescription
) -> tuple[Codec | None, Codec | None]:
    """Return what a party is spoken to in and the keys that it takes, under its own numbers.

    That is the first codec of the answer which both descriptions have, and the telephone-event
    of the same clock on both (RFC 4733 section 2.1), `said` by the party and `told` to it.
    """
    told_codings = {codec.coding for codec in told.codecs}
    own = {codec.coding: codec for codec in reversed(said.codecs) if codec.coding in told_codings}
    voice = next((own[x.coding] for x in answered.codecs if x.voice and x.coding in own), None)
    events = own.get((TELEPHONE_EVENT, voice.rate, 1)) if voice is not None else None
    return voice, events


def _voices(media: MediaDescription) -> tuple[tuple[int, str], ...]:
    """Return what the payload types of a party's audio mean."""
    if media.kind != "audio":
        return ()
    return tuple((x.payload_type, f"{x.name}/{x.rate}") for x in media.codecs if x.voice)


def _ptime(media: MediaDescription) -> int:
    """Return how many milliseconds of sound a packet for the party is to hold."""
    asked = media.ptime or USUAL_PTIME
    return min(asked, media.maxptime or asked)


def _remote(
    sdp: SessionDescription, index: int, told: MediaDescription, answered: MediaDescription
) -> RemoteMedia | None:
    """Return where and how a party takes a stream: as it said in `sdp`, and as it was told."""
    media = sdp.media[index]
    host, port, rtcp_port, _mux = address_of(sdp, index)
    if media.connection is None or media.connection.unreachable:
        return None
    codec, events = _agreed(media, told, answered)
    spoken = next((each for each in PROMPT_CODECS if codec and codec.name == each), None)
    return RemoteMedia(
        address=host,
        port=port,
        rtcp_port=rtcp_port,
        kind="rtp" if media.rtp else "raw",
        codec=spoken,
        payload_type=codec.payload_type if codec and spoken else None,
        codecs=_voices(media),
        telephone_event=events.payload_type if events is not None else None,
        telephone_event_rate=events.rate if events is not None else 8000,
        hears=media.direction in ("sendrecv", "recvonly"),
        sends=media.direction in ("sendrecv", "sendonly"),
        ptime_ms=_ptime(media),
    )
