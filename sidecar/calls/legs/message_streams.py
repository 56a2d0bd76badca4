"""Streams of instant messages within calls (MSRP, RFC 4975): refused unless a rule allows them.

A stream that is allowed crosses as it was offered. MSRP then goes directly between both sides, by
the addresses in `a=path`; the sidecar never sees, keeps or holds back what is written.
"""

from __future__ import annotations

from sidecar.consent.decision import Decision
from sidecar.metrics import Metrics
from sidecar.sip.offer_answer import OfferAnswerError
from sidecar.sip.sdp import NothingButMessages, SdpError, SessionDescription

AGENT = "consent-sidecar"


class MessageStreams:
    """What becomes of the message streams of one call."""

    __slots__ = ("_counted", "_metrics", "allowed")

    def __init__(self, metrics: Metrics, *, allowed: bool) -> None:
        self.allowed = allowed
        self._metrics = metrics
        self._counted: SessionDescription | None = None

    def offered(self, offer: SessionDescription, *, refused: bool = False) -> None:
        """Count an offer that has such a stream, and see whether anything may be left of it.

        An offer that comes again as it was (to the next target, to refresh the session) is not
        counted again. `refused` says that the sidecar answers it by itself. Raises
        NothingButMessages.
        """
        if not _has_messages(offer):
            return
        allowed = self.allowed and not refused
        if offer != self._counted:
            self._metrics.message("allowed" if allowed else "denied")
            self._counted = offer
        if not allowed and not _has_others(offer):
            raise NothingButMessages


def check_without_audio(offer: SessionDescription, decision: Decision, metrics: Metrics) -> None:
    """Take a call's first offer without audio only where messages are allowed and nothing is said.

    A notice could not be heard. Raises SdpError (488); a refused offer of messages is counted.
    """
    if not _has_messages(offer) or _has_others(offer):
        raise SdpError("No audio offered", status=488)
    if decision.messages == "allow" and decision.notice is None:
        return
    metrics.message("denied")
    raise NothingButMessages


def warnings(error: SdpError | OfferAnswerError) -> list[tuple[str, str]]:
    """Return the Warning header that belongs to a refusal (RFC 3261 section 20.43), if one does."""
    if not isinstance(error, SdpError) or error.warning is None:
        return []
    return [("Warning", f'{error.warning} {AGENT} "{error.reason}"')]


def _has_messages(offer: SessionDescription) -> bool:
    return any(media.message and media.live for media in offer.media)


def _has_others(offer: SessionDescription) -> bool:
    return any(media.carried for media in offer.media)
