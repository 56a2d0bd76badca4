"""A real Asterisk 22 in the chroot that setup.sh makes, one configuration folder a run.

The sidecar is its trunk, known by address and port; phones register as `phone1` to `phone3`,
and dial each other as 1 to 3.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from .asterisk_conf import asterisk_conf, confbridge_conf, registration
from .audio import Samples, read_wav
from .certificate import make_certificate
from .phones import Account
from .processes import (
    LOOPBACK,
    NO_ETHERNET,
    PeerFailedError,
    Process,
    cache_folder,
    free_ports,
    give_back,
    kill_group,
    port_range,
    wait_until,
)

NUMBER = "+4420794601"
PLAIN = NUMBER + "00"  # rings phone1, no recording
RECORDED = NUMBER + "01"  # MixMonitor, then phone1
BY_HEADER = NUMBER + "02"  # MixMonitor unless X-Record says off, then phone1
SECOND_PHONE = NUMBER + "03"  # MixMonitor, then phone2
ANNOUNCED = NUMBER + "04"  # early media for a second, then phone1
TWICE = NUMBER + "10"  # two MixMonitors, the second by one file a direction; then a tone
LATE = NUMBER + "11"  # a tone, and a MixMonitor after a second
ONE_TOUCH = NUMBER + "12"  # phone1, who may dial *3 to record, and transfer
MEETING = NUMBER + "13"  # a ConfBridge that is recorded from its beginning
ONE_FILE = NUMBER + "14"  # a MixMonitor with one file a call, then a tone
MAILBOX = NUMBER + "20"  # the mailbox 101
SECOND_MAILBOX = NUMBER + "21"  # the mailbox 102
IVR = NUMBER + "22"  # answers, a tone for half a second, then phone1
UNANSWERED = NUMBER + "23"  # phone3 for three seconds, then the mailbox 101
TRANSFERS = NUMBER + "24"  # phone1, who may transfer: *4 blindly, *2 attended; park: *7
ROOM = NUMBER + "25"  # the ConfBridge "room", whose menu mutes by 1; phone1 when one leaves it
SAME_ROOM = NUMBER + "26"  # the same ConfBridge, whose menu leaves by 9; phone1 afterwards
PICKED_UP = NUMBER + "27"  # phone3, whose call a phone picks up by PICK_UP
LOCAL = NUMBER + "28"  # phone1 by a Local channel that is optimised away
LOCAL_KEPT = NUMBER + "29"  # phone1 by a Local channel that stays
FORWARDED = NUMBER + "30"  # the mailbox 101 by a Local channel
QUICK_MAILBOX = NUMBER + "31"  # the mailbox 102, which says nothing but a beep
TRANSFERS_RECORDED = NUMBER + "32"  # MixMonitor, then phone1 with the keys of TRANSFERS; to RECORDS
IVR_RECORDED = NUMBER + "33"  # MixMonitor, answers, a tone for a second, then as RECORDS
OUT_RECORDED = NUMBER + "35"  # MixMonitor on the channel of whoever calls it, then the sidecar
DIALLED = "9"  # how numbers begin that a Local channel is named for as they were dialled
RECORDS = "22"  # what phones dial: phone2, recorded on its own channel (RECORDS-r.wav)
NAMED_MAILBOX = NUMBER + "34"  # QUICK_MAILBOX under the name vm102
PARK = "700"  # what phones dial: to park, on PARKED or the next place
PARKED = "701"
PICK_UP = "83"
TO_ROOM = "801"
TO_MEETING = "802"
TO_MAILBOX = "101"
TONE_HZ = 440
LEAST = "least"  # a manager user who may only hold and stop
RESTARTS = "restarts"  # who may also begin again what was stopped
DESK = "127.0.0.9"  # a telephone there may call itself what it likes
PHONES = ("phone1", "phone2", "phone3")
PASSWORD = "not-a-secret-1"
BOOT_SECONDS = 30.0
NO_MODULES = ("app_voicemail_odbc", "app_voicemail_imap", "chan_iax2", "pbx_dundi")


def chroot_folder() -> Path:
    """Where setup.sh puts Asterisk."""
    return cache_folder() / "asterisk"


def missing() -> str:
    """Why Asterisk cannot be run here; empty if it can."""
    if not (chroot_folder() / ".complete").exists():
        return f"no Asterisk in {chroot_folder()}: run tests/peers/setup.sh as root"
    if os.geteuid() != 0:
        return "Asterisk's chroot needs root"
    return ""


class Asterisk:
    """One running Asterisk. Use as a context manager."""

    def __init__(
        self,
        name: str,
        sidecar_port: int,
        *,
        tells: bool = False,
        tls: bool = False,
        trunk: str = "",
        registers: str = "",
    ) -> None:
        """`sidecar_port`: UDP port of the trunk's SIP socket on loopback; `tells`: whether SIP
        says who is at the other end, and when that changes (`send_pai`); `tls`: whether managers
        come by TLS too, with a certificate of its own (`certificate`); `trunk`: more lines of
        the trunk's endpoint; `registers`: the number that it registers with its trunk as its
        contact."""
        self._tells = tells
        self._tls = tls
        self.ami_tls_port = free_ports(1)[0]
        self._trunk = trunk
        self._registers = registers
        self.sidecar_port = sidecar_port
        self.port, self.ami_port = free_ports(2)
        self.rtp_ports = port_range(keep=True)
        self._inside = Path("/srv/runs") / f"{name}-{os.getpid()}-{self.port}"
        self.folder = chroot_folder() / self._inside.relative_to("/")
        self.recordings = self.folder / "recordings"
        self.certificate = self.folder / "keys" / "manager.pem"

    @property
    def address(self) -> str:
        """host:port of its SIP socket (UDP and TCP)."""
        return f"{LOOPBACK}:{self.port}"

    def account(self, phone: str) -> Account:
        """What `phone1` or `phone2` registers with."""
        return Account(self.address, phone, PASSWORD)

    def __enter__(self) -> Self:
        for part in ("etc", "run", "spool", "log", "db", "recordings", "keys"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        for file, text in self._configuration().items():
            (self.folder / "etc" / file).write_text(text)
        if self._tls:
            make_certificate(self.certificate)
        root = chroot_folder()
        script = (
            f'mount --bind /proc "{root}/proc" && mount --bind /dev "{root}/dev" && '
            f'exec chroot "{root}" /usr/sbin/asterisk -f -g -C {self._inside}/etc/asterisk.conf'
        )
        self.process = Process(
            "asterisk",
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script],
            self.folder / "log" / "console",
            env={"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C"},
        )
        try:
            self._wait_booted()
        except PeerFailedError:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.stop(patience=3)
        for pid in self._left_over():
            kill_group(pid)
        give_back(self.rtp_ports)
        if kind is None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _wait_booted(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while not (self.folder / "run" / "asterisk.ctl").exists():
            self.process.check()
            if time.monotonic() > deadline:
                raise PeerFailedError(f"asterisk did not start:\n{self.process.log_tail()}")
            time.sleep(0.05)
        answer = self.cli("core waitfullybooted", deadline - time.monotonic())
        if "fully booted" not in answer:
            raise PeerFailedError(f"asterisk is not booted: {answer}\n{self.process.log_tail()}")

    def _left_over(self) -> Iterator[int]:
        """Processes that were started inside the chroot for this run and are still there."""
        mark = str(self._inside).encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue  # it has just ended
                if mark in command and b"asterisk" in command:
                    yield int(entry.name)

    def cli(self, command: str, timeout: float = 10.0) -> str:
        """What the Asterisk console answers to a command."""
        done = subprocess.run(
            ["chroot", chroot_folder(), "/usr/sbin/asterisk",
             "-C", f"{self._inside}/etc/asterisk.conf", "-rx", command],
            capture_output=True, text=True, timeout=max(timeout, 1), check=False,
        )  # fmt: skip
        return (done.stdout + done.stderr).removeprefix(NO_ETHERNET)

    def close_manager_interface(self, *users: str) -> None:
        """Take no manager's connection any more, and end those of these users."""
        self._enable_manager_interface("yes", "no")
        for line in self.cli("manager show connected").splitlines():
            fields = line.split()
            if len(fields) > 5 and fields[0] in users:
                self.cli(f"manager kick session {fields[4]}")

    def open_manager_interface(self) -> None:
        """Take managers' connections again."""
        self._enable_manager_interface("no", "yes")

    def _enable_manager_interface(self, before: str, now: str) -> None:
        configuration = self.folder / "etc" / "manager.conf"
        text = configuration.read_text()
        configuration.write_text(text.replace(f"enabled={before}", f"enabled={now}"))
        self.cli("manager reload")

    def wait_registered(self, phone: str) -> None:
        """Until a phone's contact is known. Raises PeerFailedError."""
        wait_until(f"{phone} registered", lambda: f"{phone}/sip" in self.cli("pjsip show contacts"))

    def channels(self) -> int:
        """How many channels live."""
        answer = self.cli("core show channels count")
        return int(answer.split()[0])

    def hang_up(self) -> None:
        """End all calls, and wait until no channel lives."""
        self.cli("channel request hangup all")
        wait_until("no channel is left", lambda: self.channels() == 0)

    def recording(self, number: str, part: str = "") -> Samples:
        """A call's recording by the dialled number: mixed, or part "r" (from the trunk), "t"."""
        return self.sound(self.recordings / f"{number}{'-' + part if part else ''}.wav")

    def sound(self, file: Path) -> Samples:
        """What it has written to a file, once it has closed it: only then it is there in full."""
        wait_until(f"{file.name} is closed", lambda: not self._has_open(file))
        return read_wav(file)

    def _has_open(self, file: Path) -> bool:
        wanted = file.stat()
        for pid in self._left_over():
            for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                try:
                    if os.path.samestat(wanted, descriptor.stat()):
                        return True
                except OSError:
                    continue  # it has just been closed
        return False

    def forget_recordings(self) -> None:
        """Have no file of a recording, once no channel is left that could write one."""
        wait_until("no channel is left", lambda: self.channels() == 0)
        for file in self.recordings.iterdir():
            file.unlink()

    def channel_of_sidecar(self) -> str:
        """The name of the one channel that leads to the sidecar."""
        listed = self.cli("core show channels concise").splitlines()
        (name,) = [line.split("!")[0] for line in listed if line.startswith("PJSIP/sidecar-")]
        return name

    def messages(self) -> list[Path]:
        """The sound files of all messages in the mailbox 102, oldest first."""
        return sorted(self._mailbox.glob("msg*.wav"))

    def forget_messages(self) -> None:
        """Empty the mailbox 102."""
        shutil.rmtree(self._mailbox, ignore_errors=True)

    @property
    def _mailbox(self) -> Path:
        return self.folder / "spool/voicemail/default/102/INBOX"

    def was_recorded(self, number: str) -> bool:
        """Whether any file of a recording of this number exists."""
        return any(self.recordings.glob(f"{number}*"))

    def header(self, number: str, name: str) -> str:
        """A header of the INVITE that reached this number: "X-Record" or "X-Consent"."""
        return (self.folder / f"{number}.{name}").read_text().strip()

    def _configuration(self) -> dict[str, str]:
        inside = self._inside
        return {
            "asterisk.conf": asterisk_conf(inside),
            "modules.conf": "[modules]\nautoload=yes\n"
            + "".join(f"noload={module}.so\n" for module in NO_MODULES),
            "logger.conf": "[logfiles]\nconsole=error,warning\nfull=notice,warning,error,verbose\n",
            "rtp.conf": f"[general]\nrtpstart={self.rtp_ports[0]}\nrtpend={self.rtp_ports[1]}\n"
            f"icesupport={'yes' if 'ice_support=yes' in self._trunk else 'no'}\n",
            "manager.conf": f"[general]\nenabled=yes\nport={self.ami_port}\nbindaddr={LOOPBACK}\n"
            + (
                f"tlsenable=yes\ntlsbindaddr={LOOPBACK}:{self.ami_tls_port}\n"
                f"tlscertfile={inside}/keys/manager.pem\n"
                if self._tls
                else ""
            )
            + f"[consent]\nsecret={PASSWORD}\nread=all\nwrite=all\n"
            f"[{LEAST}]\nsecret={PASSWORD}\nread=call,dialplan\nwrite=call,command\n"
            f"[{RESTARTS}]\nsecret={PASSWORD}\nread=call,dialplan\nwrite=call,command,system\n",
            "pjsip.conf": _pjsip_conf(
                self.port, self.sidecar_port, tells=self._tells, trunk=self._trunk
            )
            + registration(self.sidecar_port, self._registers),
            "extensions.conf": _extensions_conf(inside),
            "features.conf": "[general]\ntransferdigittimeout=1\n"
            "[featuremap]\nautomixmon=*3\natxfer=*2\nblindxfer=*4\nparkcall=*7\n",
            "res_parking.conf": "[general]\n[default]\n"
            f"parkext => {PARK}\nparkpos => {PARKED}-709\ncontext => parked\n"
            "comebacktoorigin=no\nparkingtime=30\n",
            "voicemail.conf": "[general]\nformat=wav\nminsecs=1\nmaxsilence=0\n"
            "[default]\n101 => 1234,One\n102 => 1234,Two\n",
            "musiconhold.conf": "[default]\nmode=files\n"
            "directory=/usr/share/asterisk/sounds/en/digits\n",
            "confbridge.conf": confbridge_conf(inside),
            "cdr.conf": "[general]\nenable=no\n",
            "cel.conf": "[general]\nenable=no\n",
        }


def _pjsip_conf(port: int, sidecar_port: int, *, tells: bool, trunk: str) -> str:
    text = f"""[global]
type=global
endpoint_identifier_order=username,ip
[udp]
type=transport
protocol=udp
bind={LOOPBACK}:{port}
[tcp]
type=transport
protocol=tcp
bind={LOOPBACK}:{port}
[sidecar]
type=endpoint
context=from-sidecar
message_context=messages
send_pai={"yes" if tells else "no"}
{trunk}
disallow=all
allow=ulaw,alaw
aors=sidecar
direct_media=no
[sidecar]
type=aor
contact=sip:{LOOPBACK}:{sidecar_port}
[sidecar]
type=identify
endpoint=sidecar
match={LOOPBACK}
[desk]
type=endpoint
context=from-sidecar
allow=ulaw
[desk]
type=identify
endpoint=desk
match={DESK}
"""
    for phone in PHONES:
        text += f"""[{phone}]
type=endpoint
context=from-phone
callerid={phone} <10{phone[-1]}>
disallow=all
allow=ulaw,alaw
auth={phone}
aors={phone}
direct_media=no
[{phone}]
type=aor
max_contacts=1
remove_existing=yes
[{phone}]
type=auth
auth_type=userpass
username={phone}
password={PASSWORD}
"""
    return text


RECORD = "MixMonitor(${FILES}.wav,r(${FILES}-r.wav)t(${FILES}-t.wav))"
DIAL_RECORDED = "Dial(PJSIP/phone2,20,U(recorded))"
_PEOPLE = (
    (MAILBOX, ["VoiceMail(101@default,u)"]),
    (SECOND_MAILBOX, ["VoiceMail(102@default,u)"]),
    (IVR, ["Answer()", f"Playtones({TONE_HZ})", "Wait(0.5)", "Dial(PJSIP/phone1,20)"]),
    (UNANSWERED, ["Dial(PJSIP/phone3,3)", "VoiceMail(101@default,u)"]),
    (TRANSFERS, ["Set(__TRANSFER_CONTEXT=from-phone)", "Dial(PJSIP/phone1,20,tTkK)"]),
    (ROOM, ["Answer()", "ConfBridge(room,,,muting)", "Dial(PJSIP/phone1,20)"]),
    (SAME_ROOM, ["Answer()", "ConfBridge(room,,,leaving)", "Dial(PJSIP/phone1,20)"]),
    (PICKED_UP, ["Set(__PICKUPMARK=ringing)", "Dial(PJSIP/phone3,20)"]),
    (LOCAL, ["Dial(Local/1@inside,20)"]),
    (LOCAL_KEPT, ["Dial(Local/1@inside/n,20)"]),
    (QUICK_MAILBOX, ["VoiceMail(102@default,s)"]),
    (NAMED_MAILBOX, ["Set(CONNECTEDLINE(num)=vm102)", "VoiceMail(102@default,s)"]),
    (
        TRANSFERS_RECORDED,
        [RECORD, "Set(__TRANSFER_CONTEXT=from-phone)", "Dial(PJSIP/phone1,20,tTkK)"],
    ),
    (IVR_RECORDED, [RECORD, "Answer()", f"Playtones({TONE_HZ})", "Wait(1)", DIAL_RECORDED]),
    (OUT_RECORDED, [RECORD, f"Set(CALLERID(num)={PLAIN})", "Dial(PJSIP/+493012345678@sidecar,20)"]),
    (FORWARDED, [f"Dial(Local/{TO_MAILBOX}@from-phone,20)"]),
)
_FOR_PHONES = (
    (PARK, "Park()"),
    ("_70[1-9]", "ParkedCall(default,${EXTEN})"),
    (RECORDS, DIAL_RECORDED),
    ("_*70[1-9]", "Goto(recorded-parked,${EXTEN},1)"),
    (PICK_UP, "Pickup(ringing@PICKUPMARK)"),
    (TO_ROOM, "ConfBridge(room,,,leaving)"),
    (TO_MEETING, "ConfBridge(meeting,recorded)"),
    (TO_MAILBOX, "VoiceMail(101@default,u)"),
)


def _extensions_conf(inside: Path) -> str:
    files = f"{inside}/recordings/${{EXTEN}}"
    record = RECORD
    tone = [f"Playtones({TONE_HZ})", "Wait(60)"]
    headers = "".join(
        f" same => n,Set(FILE({inside}/${{EXTEN}}.{name})=${{PJSIP_HEADER(read,{name})}})\n"
        for name in ("X-Record", "X-Consent")
    )
    lines = ["[from-sidecar]\n"]
    for number, steps in (
        (PLAIN, ["Dial(PJSIP/phone1,20)"]),
        (RECORDED, [record, "Dial(PJSIP/phone1,20)"]),
        (
            BY_HEADER,
            [
                f'ExecIf($["${{PJSIP_HEADER(read,X-Record)}}"!="off"]?{record})',
                "Dial(PJSIP/phone1,20)",
            ],
        ),
        (SECOND_PHONE, [record, "Dial(PJSIP/phone2,20)"]),
        (ANNOUNCED, ["Progress()", "Playtones(480)", "Wait(1)", "Dial(PJSIP/phone1,20)"]),
        (TWICE, [f"MixMonitor({files}-first.wav)", record, "Answer()", *tone]),
        (LATE, ["Answer()", tone[0], "Wait(1)", record, tone[1]]),
        (
            ONE_TOUCH,
            [
                f"Set(__TOUCH_MIXMONITOR={inside}/recordings/touched)",
                "Dial(PJSIP/phone1,20,xXtT)",
            ],
        ),
        (MEETING, ["Answer()", "ConfBridge(meeting,recorded)"]),
        (ONE_FILE, [f"MixMonitor({files}-${{UNIQUEID}}.wav)", "Answer()", *tone]),
        *_PEOPLE,
    ):
        lines.append(f"exten => {number},1,Set(FILES={files})\n{headers}")
        lines.extend(f" same => n,{step}\n" for step in steps)
        lines.append(" same => n,Hangup()\n")
    lines.append(f"exten => _{DIALLED}.,1,Dial(Local/${{EXTEN}}@anyone/n,20)\n")
    lines.append(f"[anyone]\nexten => _{DIALLED}.,1,Answer()\n same => n,Wait(2)\n")
    lines.append(
        f"[messages]\nexten => _[+0-9].,1,Set(FILE({inside}/message)=${{MESSAGE(body)}})\n"
    )
    lines.append(f"[tone]\nexten => s,1,Answer()\n same => n,{tone[0]}\n same => n,{tone[1]}\n")
    lines.append(f"[transfers]\nexten => 2,1,Goto(from-sidecar,{SECOND_PHONE},1)\n")
    lines.append(
        "[from-phone]\ninclude => inside\nexten => _X.,1,Dial(PJSIP/${EXTEN}@sidecar,20)\n"
    )
    lines.append("exten => _+X.,1,Dial(PJSIP/${EXTEN}@sidecar,20)\n")
    lines.extend(f"exten => {number},1,{step}\n" for number, step in _FOR_PHONES)
    own = f"{inside}/recordings/{RECORDS}"
    lines.append(
        f"[recorded]\nexten => s,1,MixMonitor({own}.wav,r({own}-r.wav))\n same => n,Return()\n"
        "[recorded-parked]\nexten => _*70X,1,Gosub(recorded,s,1)\n"
        " same => n,ParkedCall(default,${EXTEN:1})\n"
    )
    lines.append("[inside]\n")
    lines.extend(f"exten => {phone[-1]},1,Dial(PJSIP/{phone},20,tTkK)\n" for phone in PHONES)
    return "".join(lines)
