"""`python -m bench.packets PORT PORT`: how long a packet takes through a media worker, at worst.

A process of its own, so that nothing else delays it: it sends RTP each 10 ms from both ends of one
call, each packet with the time in it, and measures when it arrives at the other end. It reads
lines "caller HOST PORT" or "callee HOST PORT" (where that end has to send), and answers each "?"
with the longest delay since the last one, in seconds. The kernel says when a packet has arrived:
how late this process comes to it is not counted.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time

EVERY = 0.01
HEADER = struct.Struct("!BBHII")
STAMP = struct.Struct("!d")
ARRIVAL = struct.Struct("@ll")
SO_TIMESTAMPNS = 35
"""Have the kernel note when each packet came; Python has no name for it."""
FILLER = bytes(160 - STAMP.size)
CLOCK = 80
"""Samples in 10 ms."""


class End:
    """One telephone's socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.number = self.socket.fileno()
        self.there: tuple[str, int] | None = None
        self._sequence = 0

    def send(self) -> None:
        """Send one packet with the time in it."""
        if self.there is not None:
            self._sequence += 1
            number, stamp = self._sequence & 0xFFFF, self._sequence * CLOCK
            header = HEADER.pack(0x80, 0, number, stamp & 0xFFFFFFFF, 1)
            self.socket.sendto(header + STAMP.pack(time.time()) + FILLER, self.there)

    def receive(self) -> float:
        """Take what has arrived; returns the longest delay."""
        longest = 0.0
        while True:
            try:
                data, told, _, _ = self.socket.recvmsg(2048, socket.CMSG_SPACE(ARRIVAL.size))
            except BlockingIOError:
                return longest
            sent = STAMP.unpack_from(data, HEADER.size)[0] if len(data) == 172 else 0.0
            seconds, nanoseconds = ARRIVAL.unpack(told[0][2])
            arrived = seconds + nanoseconds / 1e9
            if arrived - 60.0 < sent <= arrived:  # a packet of ours, and none of a notice
                longest = max(longest, arrived - sent)


def main(ports: list[int]) -> None:
    """Go on until the input ends."""
    ends = {"caller": End(ports[0]), "callee": End(ports[1])}
    longest, due, pending = 0.0, time.monotonic(), b""
    while True:
        wait = max(0.0, due - time.monotonic())
        ready = select.select([0, *(end.number for end in ends.values())], [], [], wait)[0]
        for end in ends.values():
            if end.number in ready:
                longest = max(longest, end.receive())
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY
            for end in ends.values():
                end.send()
        if 0 not in ready:
            continue
        data = os.read(0, 4096)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            if line == b"?":
                print(f"{longest:.6f}", flush=True)
                longest = 0.0
            else:
                who, host, port = line.decode().split()
                ends[who].there = (host, int(port))


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1:3]])
