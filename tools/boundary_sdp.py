"""Write the tables of docs/boundary-sdp.md from what the code lets across.

python tools/boundary_sdp.py           rewrite the tables
python tools/boundary_sdp.py --check   exit 1 where they are out of date
"""

from __future__ import annotations

import sys
from collections import defaultdict

from sidecar.sip.sdp.allowed import TABLE
from sidecar.sip.sdp.codec_names import SOURCES
from sidecar.sip.sdp.media import CARRIED
from tools.pages import Part, main


def attributes() -> str:
    """Every attribute that crosses, in the order in which they are written."""
    lines = ["| attribute | media | value | defined in |", "|---|---|---|---|"]
    for each in TABLE:
        several = ", any number of them" if each.many else ""
        lines.append(
            f"| `a={each.name}` | {', '.join(each.kinds)} | {each.form}{several} | {each.source} |"
        )
    return "\n".join(lines)


def streams() -> str:
    """Every form of stream that is carried."""
    lines = ["| media | transport |", "|---|---|"]
    lines += [
        f"| `{kind}` | {', '.join(f'`{x}`' for x in forms)} |" for kind, forms in CARRIED.items()
    ]
    return "\n".join(lines)


def codecs() -> str:
    """Every codec that crosses, by where it is defined."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for name, source in SOURCES.items():
        by_source[source].append(f"`{name}`")
    lines = ["| codecs | defined in |", "|---|---|"]
    lines += [f"| {', '.join(names)} | {source} |" for source, names in by_source.items()]
    return "\n".join(lines)


PARTS = (
    Part("boundary-sdp.md", "sdp streams", "boundary_sdp", streams),
    Part("boundary-sdp.md", "sdp codecs", "boundary_sdp", codecs),
    Part("boundary-sdp.md", "sdp attributes", "boundary_sdp", attributes),
)


if __name__ == "__main__":
    sys.exit(main(PARTS))
