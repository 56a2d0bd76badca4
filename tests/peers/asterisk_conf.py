"""Configuration files of the real Asterisk that have nothing to do with its dialplan."""

from __future__ import annotations

import os
from pathlib import Path

from .processes import LOOPBACK


def asterisk_conf(inside: Path) -> str:
    return f"""[directories]
astetcdir => {inside}/etc
astmoddir => /usr/lib/{os.uname().machine}-linux-gnu/asterisk/modules
astvarlibdir => /var/lib/asterisk
astdbdir => {inside}/db
astkeydir => {inside}/keys
astdatadir => /usr/share/asterisk
astagidir => /usr/share/asterisk/agi-bin
astspooldir => {inside}/spool
astrundir => {inside}/run
astlogdir => {inside}/log
[options]
verbose = 3
"""


def registration(sidecar_port: int, number: str) -> str:
    """Its line at the trunk, by which it finds out whom calls are for."""
    if not number:
        return ""
    return f"""[line]
type=registration
transport=udp
endpoint=sidecar
line=yes
server_uri=sip:{LOOPBACK}:{sidecar_port}
client_uri=sip:account@{LOOPBACK}:{sidecar_port}
contact_user={number}
retry_interval=1
expiration=60
"""


def confbridge_conf(inside: Path) -> str:
    return f"""[general]
[default_user]
type=user
quiet=yes
[default_bridge]
type=bridge
[recorded]
type=bridge
record_conference=yes
record_file={inside}/recordings/meeting.wav
record_file_timestamp=no
[muting]
type=menu
1=toggle_mute
[leaving]
type=menu
9=leave_conference
"""
