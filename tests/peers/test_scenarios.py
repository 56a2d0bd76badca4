"""Each SIPp scenario pair agrees with nothing in between: a failure elsewhere is the sidecar's."""

from __future__ import annotations

import pytest

from .sipp import StartSipp

PEERS = ("sipp",)
PAIRS = [
    ("uac_basic", "uas_basic"),
    ("uac_called_off", "uas_hang_up"),
    ("uac_refused", "uas_refuse"),
    ("uac_cancel", "uas_cancel"),
    ("uac_hold", "uas_hold"),
    ("uac_early", "uas_early"),
    ("uac_late_offer", "uas_late_offer"),
    ("uac_basic", "uas_forked"),
    ("uac_prack", "uas_prack"),
]


@pytest.mark.parametrize(("caller", "callee"), PAIRS)
def test_a_scenario_pair_agrees_directly(caller: str, callee: str, sipp: StartSipp) -> None:
    answering = sipp(callee)
    calling = sipp(caller, remote=answering.address)

    assert calling.succeed().successful == 1
    assert answering.succeed().successful == 1
