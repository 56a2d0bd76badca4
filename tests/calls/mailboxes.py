"""What the tests of calls that come to a mailbox have in common."""

from __future__ import annotations

from sidecar.consent.decision import Decision, VoicemailPolicy
from tests.calls.world import PBX

MAILBOX = f"sip:vm102@{PBX}"


def decision(voicemail: str = "notice", **more) -> Decision:
    return Decision(rule="rule", voicemail=VoicemailPolicy(voicemail), **more)


def ringing(w, status=180, early=b"", reliable=False, **more):
    there = w.trunk.call(**more)
    w.settle()
    here = w.pbx.calls[-1]
    here.ring(status, early, reliable=reliable)
    w.settle()
    return there, here
