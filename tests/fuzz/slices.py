"""Several pieces out of one input of the fuzzer: a length, then as many bytes."""

from __future__ import annotations

from collections.abc import Iterator


def slices(data: bytes, most: int = 200) -> Iterator[bytes]:
    """Yield the pieces: each has its length in one byte before it."""
    at = 0
    for _ in range(most):
        if at >= len(data):
            return
        length = data[at]
        yield data[at + 1 : at + 1 + length]
        at += 1 + length


def joined(*pieces: bytes) -> bytes:
    """Write pieces so that `slices` yields them."""
    return b"".join(bytes((len(piece),)) + piece for piece in pieces)
