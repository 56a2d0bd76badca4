"""What the tests of calls that come to a mailbox have in common."""

from __future__ import annotations

from sidecar.consent.decision import Decision, VoicemailPolicy


def decision(voicemail: str = "notice", **more) -> Decision:
    return Decision(rule="rule", voicemail=VoicemailPolicy(voicemail), **more)


def ringing(w, **more):
    there = w.trunk.call(**more)
    w.settle()
    here = w.pbx.calls[-1]
    here.ring()
    w.settle()
    return there, here
