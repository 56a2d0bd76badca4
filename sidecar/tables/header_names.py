"""Names of header fields: those that SIP has given a meaning, and those a site may choose.

No decision is told in one that has a meaning, and none of them is passed on by a site's pattern.
"""

from __future__ import annotations

import re

from sidecar.tables.words import shown

_PATTERN = re.compile(r"([A-Za-z0-9!%'+\-._`~]{2,64})\*?")

STANDARD = frozenset(
    """
    accept accept-contact accept-encoding accept-language accept-resource-priority
    additional-identity alert-info allow allow-events also answer-mode authentication-info
    authorization call-id call-info cellular-network-info contact content-disposition
    content-encoding content-id content-language content-length content-type cseq date diversion
    dc-info encryption error-info event expires feature-caps flow-timer from geolocation
    geolocation-error geolocation-routing hide history-info identity identity-info in-reply-to
    info-package join max-breadth max-forwards mime-version min-expires min-se organization
    origination-id p-access-network-info p-answer-state p-asserted-identity p-asserted-service
    p-associated-uri p-called-party-id p-charge-info p-charging-function-addresses
    p-charging-vector p-dcs-billing-info p-dcs-laes p-dcs-osps p-dcs-redirect
    p-dcs-trace-party-id p-early-media p-media-authorization p-preferred-identity
    p-preferred-service p-private-network-indication p-profile-key p-refused-uri-list
    p-served-user p-user-database p-visited-network-id path permission-missing policy-contact
    policy-id priority priority-share priority-verstat priv-answer-mode privacy
    proxy-authenticate proxy-authorization proxy-require rack reason reason-phrase record
    record-expires record-route recv-info refer-events-at refer-sub refer-to referred-by
    reject-contact relayed-charge remote-party-id replaces reply-to request-disposition require
    resource-priority resource-share response-key response-source restoration-info retry-after
    route rseq security-client security-server security-verify server service-interact-info
    service-route session-expires session-id sip-etag sip-if-match subject subscription-state
    supported suppress-if-match target-dialog timestamp to trigger-consent unsupported user-agent
    user-to-user via warning www-authenticate
    """.split()
)
"""In lower case: IANA's registry of SIP header fields and what is in wide use beside it."""


def parse_header_pattern(value: str) -> str:
    """Read a header name, or the beginning of one with "*". Raises ValueError."""
    found = _PATTERN.fullmatch(value)
    if found is None:
        raise ValueError(f'{shown(value)} is no header name: write one like "X-Account-*"')
    if value.lower() in STANDARD:
        raise ValueError(f'"{value}" has a meaning of its own in SIP; the sidecar deals with it')
    return value
