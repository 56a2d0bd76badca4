"""What a manager user must be allowed to do."""

from __future__ import annotations

import structlog

from sidecar.recorders.asterisk.wire.connection import Connection
from sidecar.recorders.asterisk.wire.mixmonitor import parse_permissions, quoted

log = structlog.get_logger(__name__)

NEEDED = {"read": ("call", "dialplan"), "write": ("call", "command")}


async def lacking(connection: Connection, username: str) -> str:
    """Ask Asterisk what its user may do; return what is lacking in words, empty for nothing."""
    reply = await connection.ask("Command", ("Command", f"manager show user {quoted(username)}"))
    found = []
    if reply.denied:
        found.append("write = command")
    for kind, rights in parse_permissions(reply.message.output).items():
        if "all" not in rights:
            found += [f"{kind} = {each}" for each in NEEDED[kind] if each not in rights]
    if not found:
        return ""
    problem = f"the manager user {username} lacks {', '.join(found)}"
    log.warning("asterisk_rights_lacking", problem=problem)
    return problem
