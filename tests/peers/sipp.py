"""SIPp as caller or callee: scenarios from scenarios/*.xml, results from its statistics file."""

from __future__ import annotations

import csv
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .processes import (
    LOOPBACK,
    PeerFailedError,
    Process,
    free_media_port,
    free_port,
    listens,
    wait_until,
)

SCENARIOS = Path(__file__).parent / "scenarios"


@dataclass(frozen=True)
class Outcome:
    """What SIPp counted over a whole run."""

    successful: int
    failed: int
    retransmissions: int
    unexpected: int  # messages that the scenario did not foresee
    row: Mapping[str, str]  # every column of SIPp's last statistics line

    @property
    def calls(self) -> int:
        """Calls that have come to an end, either way."""
        return self.successful + self.failed


def read_outcome(statistics: Path) -> Outcome:
    """The last line of a -trace_stat file. Raises PeerFailedError if there is none."""
    if not statistics.exists():
        raise PeerFailedError(f"SIPp wrote no statistics: {statistics}")
    with statistics.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    if not rows:
        raise PeerFailedError(f"SIPp's statistics are empty: {statistics}")
    row = rows[-1]
    return Outcome(
        successful=int(row["SuccessfulCall(C)"]),
        failed=int(row["FailedCall(C)"]),
        retransmissions=int(row["Retransmissions(C)"]),
        unexpected=int(row["FailedUnexpectedMessage(C)"]),
        row=row,
    )


def render(scenario: str, folder: Path, values: Mapping[str, object]) -> Path:
    """Copy a scenario with {{name}} replaced; SIPp cannot parametrise what it waits for."""
    text = (SCENARIOS / f"{scenario}.xml").read_text()
    if not values.get("headers"):  # an empty line would end the header section
        text = re.sub(r"^ *\{\{headers\}\}\n", "", text, flags=re.MULTILINE)
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", str(value))
    if "{{" in text:
        raise ValueError(f"{scenario}: no value for {text[text.index('{{') :][:40]!r}")
    target = folder / f"{scenario}.xml"
    target.write_text(text)
    return target


class Sipp:
    """One running SIPp; `finish` waits for its end and gives the Outcome."""

    def __init__(
        self,
        folder: Path,
        scenario: str,
        *,
        remote: str = "",
        number: str = "1000",
        calls: int = 1,
        rate: float = 10.0,
        limit: int = 1000,
        port: int = 0,
        media_port: int = 0,
        transport: str = "u1",
        seconds: float = 30.0,
        options: tuple[str, ...] = (),
        trace: bool = True,
        **values: object,
    ) -> None:
        """Start it: towards `remote` (host:port) as a caller, or as a callee without one.

        A caller ends after so many `calls`; a callee counts every OPTIONS as one more. `values`
        fill the scenario's {{placeholders}}; `seconds` bounds the whole run.
        """
        self.port = port or free_port()
        self.folder = folder / f"sipp-{scenario}-{self.port}"
        self.folder.mkdir(parents=True)
        self.media_port = media_port or free_media_port()
        self.scenario = scenario
        self.seconds = seconds
        self.statistics = self.folder / "statistics.csv"
        self.messages = self.folder / "messages.log"
        defaults = {"status": "486", "hold_ms": 200, "ring_ms": 50, "headers": ""}
        file = render(scenario, self.folder, defaults | values)
        command = ["sipp", *([remote] if remote else []), "-sf", str(file), "-s", number]
        command += ["-i", LOOPBACK, "-p", str(self.port), "-t", transport]
        command += ["-mi", LOOPBACK, "-mp", str(self.media_port), "-nostdin"]
        command += ["-m", str(calls), "-r", str(rate), "-l", str(limit)] if remote else []
        command += ["-timeout", f"{seconds:g}s", "-timeout_error", "-recv_timeout", "12000"]
        command += ["-trace_stat", "-stf", str(self.statistics), "-fd", "1"]
        command += ["-trace_err", "-error_file", str(self.folder / "errors.log")]
        if trace:
            command += ["-trace_msg", "-message_file", str(self.messages)]
        self.process = Process(
            f"sipp {scenario}", [*command, *options], self.folder / "screen.log", cwd=self.folder
        )
        self._least, self._called = calls, not remote
        if not remote:
            wait_until(f"sipp {scenario} listens", lambda: listens(self.port))

    @property
    def address(self) -> str:
        """host:port of its SIP socket."""
        return f"{LOOPBACK}:{self.port}"

    def finish(self) -> Outcome:
        """Wait for the end of the run. Raises PeerFailedError if it hangs or cannot start.

        A callee is told to take no more calls and ends with the last one it has.
        """
        if self._called and self.process.popen.poll() is None:
            self.process.popen.send_signal(signal.SIGUSR1)
        code = self.process.wait(self.seconds + 10)
        if code not in (0, 1):
            raise PeerFailedError(f"sipp {self.scenario} ended with {code}:\n{self.why()}")
        return read_outcome(self.statistics)

    def succeed(self) -> Outcome:
        """Like finish, but any failed call raises PeerFailedError with SIPp's own words."""
        outcome = self.finish()
        if outcome.failed or outcome.successful < self._least:
            raise PeerFailedError(
                f"sipp {self.scenario}: {outcome.successful} calls succeeded, "
                f"{outcome.failed} failed:\n{self.why()}"
            )
        return outcome

    def why(self) -> str:
        """Errors and the last messages that SIPp logged."""
        errors = self.folder / "errors.log"
        parts = [
            path.read_text(errors="replace")[-3000:]
            for path in (errors, self.messages)
            if path.exists()
        ]
        return "\n".join(parts) or self.process.log_tail()

    def stop(self) -> None:
        """End it at once."""
        self.process.stop()


StartSipp = Callable[..., Sipp]
"""What the fixture `sipp` gives: starts one, ends it with the test."""
