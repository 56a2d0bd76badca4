"""Bad input and bad neighbours, from the outside: a clear answer, one count, nothing left over."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .processes import LOOPBACK, free_port, port_range, wait_until
from .sidecar import Sidecar, chirp, rule
from .sipp import StartSipp

PEERS = ("sipp",)
NUMBER = "+442079460101"
STRANGER = "127.0.0.9"
AUDIO = "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"


@pytest.fixture(scope="module")
def sidecar(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sidecar]:
    with Sidecar(
        tmp_path_factory.mktemp("sidecar"),
        pbx=f"{LOOPBACK}:{free_port()}",
        rules=rule("notice"),
        prompt=chirp(0.3),
    ) as running:
        yield running


@pytest.fixture
def trunk() -> Iterator[socket.socket]:
    """A neighbour that sends what it likes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.bind((LOOPBACK, 0))
        made.settimeout(3)
        yield made


def invite(trunk: socket.socket, body: str, *, call_id: str, number: str = NUMBER) -> bytes:
    host, port = trunk.getsockname()
    return (
        f"INVITE sip:{number}@{LOOPBACK} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{call_id}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:+4930123456@{host}>;tag=1\r\nTo: <sip:{number}@{host}>\r\n"
        f"Call-ID: {call_id}\r\nCSeq: 1 INVITE\r\nContact: <sip:trunk@{host}:{port}>\r\n"
        f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def answer(trunk: socket.socket) -> tuple[int, str]:
    """The next final response: status and the whole text."""
    while True:
        text = trunk.recv(65535).decode()
        status = int(text.split(" ", 2)[1])
        if status >= 200:
            return status, text


def reach(sidecar: Sidecar) -> tuple[str, int]:
    return LOOPBACK, sidecar.port


def still_works(sidecar: Sidecar, sipp: StartSipp) -> None:
    callee = sipp("uas_basic", port=int(sidecar.pbx.rpartition(":")[2]))
    sipp("uac_basic", remote=sidecar.address, number=NUMBER, hold_ms=500).succeed()
    callee.succeed()
    sidecar.wait_idle()


def test_garbage_is_counted_and_changes_nothing(
    sidecar: Sidecar, trunk: socket.socket, sipp: StartSipp
) -> None:
    before = sidecar.metric("sip_rejected_total")
    whole = invite(trunk, SDP + AUDIO, call_id="whole")
    rubbish = [b"\x00" * 40, b"\xff" * 1400, b"GET / HTTP/1.1\r\n\r\n", b"A" * 65000, whole[:90]]

    for datagram in rubbish:
        trunk.sendto(datagram, reach(sidecar))

    wait_until(
        "rubbish is counted",
        lambda: sidecar.metric("sip_rejected_total") >= before + len(rubbish),
    )
    assert sidecar.metric("calls_active") == 0
    still_works(sidecar, sipp)


def test_a_body_cut_short_is_answered_400(sidecar: Sidecar, trunk: socket.socket) -> None:
    trunk.sendto(invite(trunk, SDP + AUDIO, call_id="cut")[:-20], reach(sidecar))

    assert answer(trunk)[0] == 400


def test_a_stranger_gets_no_answer_and_is_counted(sidecar: Sidecar) -> None:
    before = sidecar.metric("sip_rejected_total")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind((STRANGER, 0))
        stranger.settimeout(0.5)
        stranger.sendto(invite(stranger, SDP + AUDIO, call_id="stranger"), reach(sidecar))

        with pytest.raises(TimeoutError):
            stranger.recv(65535)

    assert sidecar.metric("sip_rejected_total") == before + 1
    assert sidecar.metric("calls_active") == 0


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("video-only", "m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"),
        ("no-codec", "m=audio 4000 RTP/AVP 97\r\na=rtpmap:97 OPUS/48000/2\r\n"),
    ],
    ids=["video-only", "no-codec"],
)
def test_an_offer_in_which_no_notice_can_be_played_is_answered_488(
    name: str, media: str, sidecar: Sidecar, trunk: socket.socket
) -> None:
    known = len(sidecar.records())
    trunk.sendto(invite(trunk, SDP + media, call_id=name), reach(sidecar))

    assert answer(trunk)[0] == 488
    assert sidecar.wait_records(known + 1)[-1]["disposition"] == "refused"
    sidecar.wait_idle()


def test_a_session_description_that_is_none_is_answered_and_not_a_crash(
    sidecar: Sidecar, trunk: socket.socket
) -> None:
    trunk.sendto(invite(trunk, "this is no SDP", call_id="no-sdp"), reach(sidecar))

    assert answer(trunk)[0] in (400, 488)
    sidecar.wait_idle()


def test_a_used_up_port_range_is_answered_503_with_a_time_to_try_again(
    tmp_path: Path, trunk: socket.socket, sipp: StartSipp
) -> None:
    callee_port = free_port()
    low, high = port_range(16)  # four ports a call
    with Sidecar(
        tmp_path / "sidecar",
        pbx=f"{LOOPBACK}:{callee_port}",
        rules=rule("off"),
        media_ports=(low, high),
    ) as small:
        callee = sipp("uas_basic", port=callee_port, calls=4)
        up = sipp("uac_basic", remote=small.address, number=NUMBER, calls=4, hold_ms=2000)
        wait_until("four calls are up", lambda: small.metric("calls_active") == 4)

        trunk.sendto(invite(trunk, SDP + AUDIO, call_id="fifth"), reach(small))
        status, text = answer(trunk)

        assert status == 503
        assert "\r\nRetry-After:" in text
        up.succeed()
        callee.succeed()
        small.wait_idle()
        assert len(small.wait_records(5)) == 5


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_silent_pbx_is_given_up_after_one_timer_b(tmp_path: Path, trunk: socket.socket) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((LOOPBACK, 0))
        port = silent.getsockname()[1]
        with Sidecar(tmp_path / "sidecar", pbx=f"{LOOPBACK}:{port}", rules=rule("off")) as sidecar:
            trunk.settimeout(40)
            trunk.sendto(invite(trunk, SDP + AUDIO, call_id="silent"), reach(sidecar))

            status, _ = answer(trunk)

            assert status == 503
            (record,) = sidecar.wait_records(1)
            assert record["disposition"] == "failed"
            assert 30 <= record["ended_at"] - record["started_at"] <= 36
            sidecar.wait_idle()


def test_a_missing_rules_file_is_told_with_its_name(tmp_path: Path) -> None:
    sidecar = Sidecar(tmp_path, pbx=f"{LOOPBACK}:{free_port()}", rules="")
    (tmp_path / "rules.toml").unlink()

    done = subprocess.run(
        sidecar.command("run", "-c", str(sidecar.settings)),
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "rules.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_call_leaves_one_record_also_after_kill(tmp_path: Path, sipp: StartSipp) -> None:
    callee_port = free_port()
    given = {"pbx": f"{LOOPBACK}:{callee_port}", "rules": rule("off")}
    with Sidecar(tmp_path / "sidecar", **given) as first:  # type: ignore[arg-type]
        callee = sipp("uas_basic", port=callee_port)
        sipp("uac_basic", remote=first.address, number=NUMBER, hold_ms=20000)
        # Before its INVITE goes out, the record is on disk; a call that was not placed is none.
        wait_until("the call is placed", lambda: first.metric("setup_seconds_count") == 1)
        first.kill()
        callee.stop()

        with Sidecar(tmp_path / "sidecar", **given) as second:  # type: ignore[arg-type]
            (record,) = second.wait_records(1)

    assert record["disposition"] == "interrupted"
    assert record["ended_by"] == "sidecar"
