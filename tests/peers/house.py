"""A caller, the sidecar, a real Asterisk and its phones: what most tests of behaviour call in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .asterisk import LEAST, PASSWORD, Asterisk
from .audio import Samples, Span, tone_spans
from .ears import CALLEE_HZ, CALLER_HZ
from .phones import BaresipPhone
from .processes import LOOPBACK, wait_until
from .sidecar import Record, Sidecar

SLACK = 0.3
"""Seconds: the longest that anything may be recorded after it was forbidden."""
JITTER = 0.15
"""Seconds by which the packets of a phone and the frames of Asterisk may lie beside each other."""


class House:
    """Use as a context manager. `phones` are those of Asterisk's that are switched on."""

    def __init__(
        self,
        folder: Path,
        asterisk: Asterisk,
        rules: str,
        *,
        prompts: Mapping[str, Samples],
        phones: Mapping[str, float] | None = None,
        recorder: bool = True,
        user: str = LEAST,
        guests: Mapping[str, float] | None = None,
        port: int = 0,
        database: Path | None = None,
        mailboxes: str = "",
    ) -> None:
        """`phones` gives the tone of each in Hz, a negative one for one that does not answer.

        `user` is the manager user of the sidecar; `guests` are more callers, with their tones.
        A second house at the same Asterisk has a `port` of its own; see Sidecar for `database`
        and `mailboxes`.
        """
        self.asterisk = asterisk
        self.caller = BaresipPhone(folder, "caller", tone=CALLER_HZ)
        self.sidecar = Sidecar(
            folder / "sidecar",
            pbx=asterisk.address,
            trunk=self.caller.uri.partition("@")[2],
            rules=rules,
            prompts=prompts,
            port=port or asterisk.sidecar_port,
            database=database,
            mailboxes=mailboxes,
            recorder={
                "kind": "asterisk",
                "address": f"{LOOPBACK}:{asterisk.ami_port}",
                "username": user,
                "secret": PASSWORD,
            }
            if recorder
            else None,
        )
        self.guests = {
            name: BaresipPhone(folder, name, tone=hertz) for name, hertz in (guests or {}).items()
        }
        self.phones = {
            name: BaresipPhone(
                folder, name, tone=abs(hertz), account=asterisk.account(name), answer=hertz > 0
            )
            for name, hertz in ({"phone1": CALLEE_HZ} if phones is None else phones).items()
        }
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            for each in (self.sidecar, self.caller, *self.guests.values(), *self.phones.values()):
                opened.enter_context(each)
            for name in self.phones:
                self.asterisk.wait_registered(name)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.__exit__(kind, error, trace)

    @property
    def phone(self) -> BaresipPhone:
        """The first of the phones."""
        return next(iter(self.phones.values()))

    def dial(self, number: str) -> None:
        """Have the caller call a number."""
        self.caller.call(self.sidecar.uri(number))

    def call(self, number: str) -> None:
        """Have the caller call a number at which the first phone answers."""
        self.dial(number)
        self.caller.expect("established", 20)
        self.phone.expect("established", 20)

    def calls(self) -> list[dict[str, Any]]:
        """The live calls, as the API shows them."""
        status, answer = self.sidecar.api("calls")
        assert status == 200
        listed: list[dict[str, Any]] = answer["calls"]
        return listed

    def call_of(self, phone: BaresipPhone) -> dict[str, Any]:
        """The live call of one of the callers, as the API shows it; empty if there is none."""
        return next((call for call in self.calls() if call["caller"] == phone.name), {})

    def record_of(self, phone: BaresipPhone) -> Record:
        """The newest record of one of the callers."""
        return [row for row in self.sidecar.records() if row["caller"] == phone.name][-1]

    def live(self) -> dict[str, Any]:
        """The one call, as the API shows it."""
        calls = self.calls()
        return calls[0] if calls else {}

    def wait_recording(self, state: str) -> None:
        """Until the recording of the one call is so."""
        wait_until(f"the recording is {state}", lambda: self.live().get("recording") == state)

    def wait_notice(self, party: str = "caller") -> Record:
        """Until the record says that a party has heard a notice in full."""
        name = f"notice_{party}_at"
        wait_until(
            f"the {party} has heard the notice",
            lambda: any(row[name] is not None for row in self.sidecar.records()),
        )
        return self.sidecar.records()[-1]

    def hang_up(self) -> Record:
        """Have the caller end the one call."""
        self.caller.do("hangup")
        return self.ended()

    def ended(self, count: int = 1) -> Record:
        """The newest record, once there are so many and no call is left."""
        self.sidecar.wait_idle()
        return self.sidecar.wait_records(count)[-1]

    def spans(self, hertz: float, part: str = "", number: str = "") -> list[Span]:
        """Where a tone is in a recording."""
        purity = 0.7 if part else 0.3
        return tone_spans(self.asterisk.recording(number, part), hertz, purity=purity)


def seconds(spans: list[Span]) -> float:
    """The length of all of them together."""
    return sum(span.seconds for span in spans)
