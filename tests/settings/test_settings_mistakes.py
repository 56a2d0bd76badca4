"""Each mistake in the settings is told at its line, with what would be right; its twin is right."""

from __future__ import annotations

import pytest

LISTEN = 'listen = ["udp://127.0.0.1:5070"]'
PBX_URI = 'uri = "sip:127.0.0.1:5080"'
PBX_HOSTS = 'hosts = ["127.0.0.1:5080"]'
TRUNK_URI = 'uri = "sip:192.0.2.1"'
TRUNK_HOSTS = 'hosts = ["192.0.2.0/28", "192.0.2.99"]'
MEDIA = 'address = "127.0.0.1"'
DATABASE = 'database = "sqlite:///records.db"'
HTTP = 'listen = "127.0.0.1:9464"'
CONSENT = 'consent = "X-Consent"'
RECORDER = f"{PBX_HOSTS}\n[pbx.main.recorder]\n"
VOICEMAIL = f"{PBX_HOSTS}\n[pbx.main.voicemail]\n"
AMI = f'{RECORDER}kind = "asterisk"'

MISTAKES = [
    # keys
    ("[pbx.main]", "[pbxx.main]", 'sidecar.toml:4: pbxx: unknown key "pbxx"; did you mean "pbx"?'),
    ("[sip]\n", "[sipp]\n", 'sidecar.toml:2: sipp: unknown key "sipp"; did you mean "sip"?'),
    (TRUNK_URI, f"{TRUNK_URI}\nQZX = 1", 'sidecar.toml:9: trunk.carrier.QZX: unknown key "QZX"; '
     "known here: hosts, limits, nat, pass_headers, trusted, uri"),
    (PBX_URI, "", "sidecar.toml:4: pbx.main.uri: is missing; write uri = \"sip:192.0.2.1\""),
    (LISTEN, "", 'sidecar.toml:2: sip.listen: is missing; write listen = ["udp://127.0.0.1:5070"]'),
    ("[pbx.main]", "[pbx]\n[pbx.'my pbx']", 'sidecar.toml:5: pbx."my pbx": the name must be '
     'letters, digits, ".", "_" and "-"'),
    ("[trunk.carrier]", "[[trunk.carrier]]", "sidecar.toml:7: trunk.carrier: there can be "
     "only one: write [trunk.carrier]"),
    ('rules = "rules.toml"', "rules = 5", "sidecar.toml:1: rules: must be text in quotes, not 5"),
    ('rules = "rules.toml"', 'rules = ""', "sidecar.toml:1: rules: must not be empty"),
    # paths
    ('rules = "rules.toml"', 'rules = "a\\u0000b"', "sidecar.toml:1: rules: must hold no control "
     "characters"),
    (DATABASE, 'database = "sqlite:///a\\u0000b"', "sidecar.toml:13: records.database: must hold "
     "no control characters"),
    (HTTP, HTTP + '\ntoken = { file = "a\\u0000b" }', "sidecar.toml:16: http.token: must hold no "
     "control characters"),
    (MEDIA, MEDIA + '\n[prompts]\nfolder = "a\\nb"', "sidecar.toml:13: prompts.folder: must hold "
     "no control characters"),
    ('rules = "rules.toml"', 'rules = "rules.toml"\njurisdictions = "\\u007f"',
     "sidecar.toml:2: jurisdictions: must hold no control characters"),
    (PBX_HOSTS, AMI + '\naddress = "127.0.0.1:5038"\nusername = "x"\nsecret = "hush"\n'
     'files = "a\\u0000"', "sidecar.toml:12: pbx.main.recorder.files: must hold no control "
     "characters"),
    (LISTEN, 'listen = ["udp://[fe80::1%a\\u0000]:5070"]', "sidecar.toml:3: sip.listen[1]: "
     '"fe80::1%a\\u0000" names no interface behind its %'),
    # limits
    (TRUNK_HOSTS, f"{TRUNK_HOSTS}\nlimits = {{ calls = 0 }}", "sidecar.toml:10: "
     "trunk.carrier.limits.calls: must be 1 or more, not 0"),
    (TRUNK_HOSTS, f'{TRUNK_HOSTS}\nlimits = {{ rate = "20" }}', "sidecar.toml:10: "
     'trunk.carrier.limits.rate: must be a rate like "20/s", not "20"'),
    (TRUNK_HOSTS, f'{TRUNK_HOSTS}\nlimits = {{ rate = "0/s" }}', "sidecar.toml:10: "
     'trunk.carrier.limits.rate: must be a rate like "20/s", not "0/s"'),
    (TRUNK_HOSTS, f'{TRUNK_HOSTS}\nlimits = {{ ringing = "1s" }}', "sidecar.toml:10: "
     'trunk.carrier.limits.ringing: "1s" must be between 10s and 1h'),
    (PBX_HOSTS, f"{PBX_HOSTS}\nlimits = {{ connections = true }}", "sidecar.toml:7: "
     "pbx.main.limits.connections: must be a whole number, not true"),
    (MEDIA, f"{MEDIA}\nreserved = 91", "sidecar.toml:12: media.reserved: must be 90 or less, "
     "not 91"),
    # listeners
    (LISTEN, "listen = []", "sidecar.toml:3: sip.listen: must not be empty; write "
     'listen = ["udp://127.0.0.1:5070"]'),
    (LISTEN, 'listen = "udp://127.0.0.1:5070"', "sidecar.toml:3: sip.listen: must be a list: "
     'write ["udp://127.0.0.1:5070"]'),
    (LISTEN, 'listen = [\n"udp://127.0.0.1:5070",\n"tls://127.0.0.1:5061"]', "sidecar.toml:5: "
     "sip.listen[2]: tls:// is not supported by this version; use udp:// or tcp://"),
    (LISTEN, 'listen = ["127.0.0.1:5070"]', "sidecar.toml:3: sip.listen[1]: must be like "
     '"udp://127.0.0.1:5070" or "tcp://…", not "127.0.0.1:5070"'),
    (LISTEN, 'listen = ["udp://localhost:5070"]', "sidecar.toml:3: sip.listen[1]: "
     '"localhost" is not an IP address'),
    (LISTEN, 'listen = ["udp://::1:5070"]', "sidecar.toml:3: sip.listen[1]: "
     '"::1:5070" must be ADDRESS:PORT, an IPv6 address in brackets'),
    (LISTEN, 'listen = ["udp://127.0.0.1:65536"]', "sidecar.toml:3: sip.listen[1]: "
     '"127.0.0.1:65536" must be ADDRESS:PORT, an IPv6 address in brackets'),
    (LISTEN, 'listen = ["udp://127.0.0.1:5070", "udp://127.0.0.1:5070"]', "sidecar.toml:3: "
     'sip.listen[2]: "udp://127.0.0.1:5070" is there twice'),
    (LISTEN, 'listen = ["udp://0.0.0.0:5070"]', 'sidecar.toml:3: sip.listen[1]: '
     '"udp://0.0.0.0:5070" listens on every address; say which one others are told: '
     'advertise = "ADDRESS" in [sip]'),
    (LISTEN, f'{LISTEN}\nadvertise = "sip.example.net"', "sidecar.toml:4: sip.advertise: "
     '"sip.example.net" is not an IP address'),
    (LISTEN, f'{LISTEN}\nadvertise = "0.0.0.0"', 'sidecar.toml:4: sip.advertise: "0.0.0.0" must '
     "be the one address at which others reach the sidecar"),
    (LISTEN, f'{LISTEN}\nadvertise = "2001:db8::7"', "sidecar.toml:4: sip.advertise: "
     '"2001:db8::7" stands for [media] address 127.0.0.1: both must be IPv4 or IPv6'),
    (LISTEN, f'{LISTEN}\ncertificate = "a.pem"', "sidecar.toml:4: sip.certificate: TLS is not "
     "supported by this version"),
    # neighbours
    (PBX_URI, f'kind = "asterix"\n{PBX_URI}', 'sidecar.toml:5: pbx.main.kind: must be "asterisk", '
     '"freeswitch", "yeastar-p", "yeastar-s" or "generic", not "asterix" (did you mean '
     '"asterisk"?)'),
    (PBX_URI, "uri = 5080", "sidecar.toml:5: pbx.main.uri: must be text in quotes or a list of "
     "such, not 5080"),
    (PBX_URI, 'uri = "127.0.0.1:5080"', "sidecar.toml:5: pbx.main.uri: must be a SIP URI like "
     '"sip:127.0.0.1:5080", not "127.0.0.1:5080"'),
    (PBX_URI, 'uri = ["sip:127.0.0.1:5080", "http://pbx"]', 'sidecar.toml:5: pbx.main.uri[2]: '
     '"http://pbx" must be a SIP URI like "sip:127.0.0.1:5080"'),
    (PBX_URI, 'uri = "sips:pbx.example"', 'sidecar.toml:5: pbx.main.uri: "sips:pbx.example": TLS '
     'is not supported by this version; use "sip:pbx.example"'),
    (PBX_URI, 'uri = "sip:pbx;transport=tls"', 'sidecar.toml:5: pbx.main.uri: '
     '"sip:pbx;transport=tls": TLS is not supported by this version; use "sip:pbx"'),
    (PBX_URI, 'uri = "sip:pbx;lr"', 'sidecar.toml:5: pbx.main.uri: "sip:pbx;lr" can have no '
     'parameter but ";transport=udp" or "…=tcp"'),
    (PBX_URI, 'uri = "sip:bob@pbx"', 'sidecar.toml:5: pbx.main.uri: "sip:bob@pbx" must name no '
     'user: write "sip:pbx"'),
    (PBX_URI, 'uri = "sip:127.0.0.300"', 'sidecar.toml:5: pbx.main.uri: "sip:127.0.0.300": '
     '"127.0.0.300" must be HOST or HOST:PORT'),
    (PBX_URI, 'uri = "sip:pbx:0"', 'sidecar.toml:5: pbx.main.uri: "sip:pbx:0": "pbx:0" must be '
     "HOST or HOST:PORT"),
    (PBX_URI, 'uri = "sip:pbx:70000"', 'sidecar.toml:5: pbx.main.uri: "sip:pbx:70000": '
     '"pbx:70000" must be HOST or HOST:PORT'),
    (f'{LISTEN}\n[pbx.main]\n{PBX_URI}', 'listen = ["udp://127.0.0.1:5070"]\nadvertise = '
     '"203.0.113.7"\n[pbx.main]\nuri = "sip:203.0.113.7:5070"', "sidecar.toml:6: pbx.main.uri: "
     '"sip:203.0.113.7:5070" is the sidecar itself; calls would come back to it'),
    (PBX_URI, 'uri = "sip:127.0.0.1:5070"', 'sidecar.toml:5: pbx.main.uri: "sip:127.0.0.1:5070" '
     "is the sidecar itself; calls would come back to it"),
    (PBX_URI, 'uri = "sip:127.0.0.1:5080;transport=tcp"', "sidecar.toml:5: pbx.main.uri: "
     '"sip:127.0.0.1:5080;transport=tcp" can\'t be reached: add "tcp://ADDRESS:5070" to '
     "sip.listen"),
    (PBX_URI, 'uri = ["sip:127.0.0.1:5080", "sip:[::1]"]', 'sidecar.toml:5: pbx.main.uri[2]: '
     '"sip:[::1]" can\'t be reached: add "udp://[ADDRESS]:5070" to sip.listen'),
    (PBX_HOSTS, "hosts = []", "sidecar.toml:6: pbx.main.hosts: must not be empty; write "
     'hosts = ["192.0.2.1"]'),
    ("[pbx.main]\n" + PBX_URI + "\n" + PBX_HOSTS, "[pbx]", "sidecar.toml:4: pbx: must not be "
     "empty; write [pbx.main] and in it uri and hosts of the PBX"),
    (PBX_HOSTS, 'hosts = ["127.0.0.1/24"]', 'sidecar.toml:6: pbx.main.hosts[1]: "127.0.0.1/24" '
     'is no network: write "127.0.0.0/24", or "127.0.0.1" alone'),
    (PBX_HOSTS, 'hosts = ["127.0.0.0/33"]', 'sidecar.toml:6: pbx.main.hosts[1]: "127.0.0.0/33" '
     'must be a network like "10.0.0.0/24"'),
    (PBX_HOSTS, 'hosts = ["pbx.example"]', 'sidecar.toml:6: pbx.main.hosts[1]: "pbx.example" '
     "must be an address, a network (10.0.0.0/24) or ADDRESS:PORT (a name can't be: write its "
     "address)"),
    (PBX_HOSTS, 'hosts = ["127.0.0.1:0"]', 'sidecar.toml:6: pbx.main.hosts[1]: "127.0.0.1:0" '
     "must be an address, a network (10.0.0.0/24) or ADDRESS:PORT"),
    (PBX_HOSTS, "hosts = [5080]", "sidecar.toml:6: pbx.main.hosts[1]: must be an address like "
     '"192.0.2.1", not 5080'),
    (PBX_HOSTS, 'hosts = ["127.0.0.1", "127.0.0.1"]', 'sidecar.toml:6: pbx.main.hosts[2]: '
     '"127.0.0.1" is there twice'),
    (TRUNK_HOSTS, 'hosts = ["192.0.2.1",\n"127.0.0.1:5080"]', "sidecar.toml:10: "
     'trunk.carrier.hosts[2]: "127.0.0.1:5080" belongs to [pbx.main] already; tell them apart by '
     "ADDRESS:PORT"),
    (TRUNK_URI, f'{TRUNK_URI}\ntrusted = "yes"', "sidecar.toml:9: trunk.carrier.trusted: must be "
     'true or false, not "yes"'),
    (TRUNK_URI, f'{TRUNK_URI}\npass_headers = ["X-A*"]', "sidecar.toml:9: "
     "trunk.carrier.pass_headers: needs trusted = true"),
    (PBX_URI, f'{PBX_URI}\npass_headers = ["X-A:"]', "sidecar.toml:6: pbx.main.pass_headers[1]: "
     '"X-A:" is no header name: write one like "X-Account-*"'),
    (PBX_URI, f'{PBX_URI}\npass_headers = ["*"]', "sidecar.toml:6: pbx.main.pass_headers[1]: "
     '"*" is no header name: write one like "X-Account-*"'),
    (PBX_URI, f'{PBX_URI}\npass_headers = ["X-A", "Record"]', "sidecar.toml:6: "
     'pbx.main.pass_headers[2]: "Record" has a meaning of its own in SIP; the sidecar deals '
     "with it"),
    (PBX_URI, f'{PBX_URI}\npass_headers = ["x-consent"]', "sidecar.toml:6: "
     'pbx.main.pass_headers[1]: "x-consent" is in [headers]: the sidecar alone writes it'),
    (TRUNK_URI, f'{TRUNK_URI}\nnat = "yes"', "sidecar.toml:9: trunk.carrier.nat: must be true or "
     'false, not "yes"'),
    (TRUNK_URI, f"{TRUNK_URI}\ntrusted = 1", "sidecar.toml:9: trunk.carrier.trusted: must be true "
     "or false, not 1"),
    # what rules go by
    ('rules = "rules.toml"', "watch = 1", "sidecar.toml:1: watch: must be true or false, not 1"),
    ('rules = "rules.toml"', 'default_country = "UK"', 'sidecar.toml:1: default_country: "UK" is '
     'no country like "GB" (ISO 3166-1) (did you mean "GB"?)'),
    ('rules = "rules.toml"', 'timezone = "Europe/Berln"', "sidecar.toml:1: timezone: there is no "
     'time zone "Europe/Berln"; did you mean "Europe/Berlin"?'),
    ('rules = "rules.toml"', 'timezone = "../etc"', "sidecar.toml:1: timezone: there is no time "
     'zone "../etc"; write one like "Europe/London"'),
    ('rules = "rules.toml"', "timezone = 1", "sidecar.toml:1: timezone: must be a time zone like "
     '"Europe/London", not 1'),
    ('rules = "rules.toml"', 'holidays = "DE-BA"', "sidecar.toml:1: holidays: no holidays are "
     'known of "DE-BA"; known: DE-BB, DE-BE, DE-BW, DE-BY, DE-HB, DE-HE, DE-HH, DE-MV, DE-NI, '
     "DE-NW, DE-RP, DE-SH, DE-SL, DE-SN, DE-ST, DE-TH, DE-Augsburg"),
    ('rules = "rules.toml"', 'holidays = "Bavaria"', "sidecar.toml:1: holidays: no holidays are "
     'known of "Bavaria", it must be one like "DE" or "DE-BY"'),
    (PBX_URI, f'place = "US-XX"\n{PBX_URI}', 'sidecar.toml:5: pbx.main.place: "US-XX" is no '
     "region whose numbers are known: a state of the US or a province of Canada, like \"US-CA\" "
     '(did you mean "US-TX"?)'),
    # recorders
    (PBX_HOSTS, f'{RECORDER}kind = "ami"', 'sidecar.toml:8: pbx.main.recorder.kind: must be '
     '"asterisk", "sip", "feature-code" or "none", not "ami"'),
    (PBX_HOSTS, RECORDER, 'sidecar.toml:7: pbx.main.recorder.kind: is missing; write '
     'kind = "asterisk"'),
    (PBX_HOSTS, f'{AMI}\nusername = "consent"\nsecret = "x"', "sidecar.toml:7: "
     'pbx.main.recorder.address: is missing; kind = "asterisk" needs it'),
    (PBX_HOSTS, f'{AMI}\naddress = "127.0.0.1:5038"\nusername = "consent"', "sidecar.toml:7: "
     'pbx.main.recorder.secret: is missing; kind = "asterisk" needs it'),
    (PBX_HOSTS, f'{AMI}\naddress = "127.0.0.1"', 'sidecar.toml:9: pbx.main.recorder.address: '
     '"127.0.0.1" must be ADDRESS:PORT, an IPv6 address in brackets'),
    (PBX_HOSTS, f'{AMI}\nusername = "a\\r\\nb"', "sidecar.toml:9: pbx.main.recorder.username: must "
     "be one line of text"),
    (PBX_HOSTS, f'{RECORDER}kind = "sip"\nstop = "*1"', "sidecar.toml:9: pbx.main.recorder.stop: "
     'has no meaning with kind = "sip"'),
    (PBX_HOSTS, f'{RECORDER}kind = "asterisk-ami"\nusername = "consent"\nsecret = "x"',
     'sidecar.toml:7: pbx.main.recorder.address: is missing; kind = "asterisk-ami" needs it'),
    (PBX_HOSTS, f'{AMI}\naddres = "127.0.0.1:5038"', "sidecar.toml:9: "
     'pbx.main.recorder.addres: unknown key "addres"; did you mean "address"?'),
    (PBX_HOSTS, f'{RECORDER}kind = "asterix"', 'sidecar.toml:8: pbx.main.recorder.kind: must be '
     '"asterisk", "sip", "feature-code" or "none", not "asterix" (did you mean "asterisk"?)'),
    (PBX_HOSTS, f"{RECORDER}kind = 7", 'sidecar.toml:8: pbx.main.recorder.kind: must be '
     '"asterisk", "sip", "feature-code" or "none", not 7'),
    (PBX_HOSTS, f'{PBX_HOSTS}\nrecorder = "sip"', "sidecar.toml:7: pbx.main.recorder: must be a "
     'table, not "sip"'),
    (PBX_HOSTS, f'{PBX_HOSTS}\n[[pbx.main.recorder]]\nkind = "sip"', "sidecar.toml:7: "
     "pbx.main.recorder: there can be only one: write [pbx.main.recorder]"),
    (PBX_HOSTS, f'{RECORDER}kind = "sip"\n"kind = \\"sip\\"" = 1', "sidecar.toml:9: "
     'pbx.main.recorder."kind = \\"sip\\"": unknown key "kind = "sip""; known here: kind'),
    (PBX_HOSTS, f'{VOICEMAIL}users = "vm*"', 'sidecar.toml:8: pbx.main.voicemail.users: must be a '
     'list like ["vm*", "*97"], not "vm*"'),
    (PBX_HOSTS, f'{VOICEMAIL}users = ["vm*", "sip:vm@h"]', 'sidecar.toml:8: '
     'pbx.main.voicemail.users: "sip:vm@h" must be the user part of a SIP URI, like "vm*"'),
    (PBX_HOSTS, f'{VOICEMAIL}users = [97]', 'sidecar.toml:8: pbx.main.voicemail.users: 97 must be '
     'the user part of a SIP URI, like "vm*"'),
    (PBX_HOSTS, f'{VOICEMAIL}forwarded = "yes"', 'sidecar.toml:8: pbx.main.voicemail.forwarded: '
     'must be true or false, not "yes"'),
    (PBX_HOSTS, f'{VOICEMAIL}applications = ["VoiceMail(102)"]', 'sidecar.toml:8: '
     'pbx.main.voicemail.applications: "VoiceMail(102)" must be the name of one, like "VoiceMail"'),
    (PBX_HOSTS, f'{VOICEMAIL}user = ["vm*"]', 'sidecar.toml:8: pbx.main.voicemail.user: unknown '
     'key "user"; did you mean "users"?'),
    (PBX_HOSTS, f'{RECORDER}kind = "feature-code"\nstart = "*1"', "sidecar.toml:7: "
     'pbx.main.recorder.stop: is missing; kind = "feature-code" needs it'),
    (PBX_HOSTS, f'{RECORDER}kind = "feature-code"\nstop = "stop"', "sidecar.toml:9: "
     'pbx.main.recorder.stop: "stop" must be digits of a telephone, like "*1"'),
    # media
    (MEDIA, 'engine = "rtpengine"', 'sidecar.toml:11: media.engine: "rtpengine" is not supported '
     'by this version; use "local"'),
    (MEDIA, 'engine = "own"', 'sidecar.toml:11: media.engine: must be "local", not "own"'),
    (MEDIA, 'address = "0.0.0.0"', 'sidecar.toml:11: media.address: "0.0.0.0" must be the one '
     "address at which others reach the sidecar"),
    (MEDIA, "silence = 300", 'sidecar.toml:11: media.silence: must be a time like "8s" or "500ms", '
     "not 300"),
    (MEDIA, 'silence = "1s"', 'sidecar.toml:11: media.silence: "1s" must be between 10s and 24h'),
    (MEDIA, "ports = 30000", "sidecar.toml:11: media.ports: must be a range within 1024 and "
     '65535, like "30000-39999", not 30000'),
    (MEDIA, 'ports = "39999-30000"', "sidecar.toml:11: media.ports: must be a range within 1024 "
     'and 65535, like "30000-39999", not "39999-30000"'),
    (MEDIA, 'ports = "30000-30014"', "sidecar.toml:11: media.ports: must hold 16 ports or more; "
     "a call takes 4"),
    # records
    (DATABASE, 'database = "postgresql://db/calls"', "sidecar.toml:13: records.database: "
     '"postgresql://db/calls": this database is not supported by this version; '
     'use "sqlite:///records.db"'),
    (DATABASE, 'database = "records.db"', 'sidecar.toml:13: records.database: must be like '
     '"sqlite:///records.db", not "records.db"'),
    (DATABASE, 'database = "sqlite:///"', 'sidecar.toml:13: records.database: must be like '
     '"sqlite:///records.db", not "sqlite:///"'),
    (DATABASE, 'keep_days = "30"', 'sidecar.toml:13: records.keep_days: must be a whole number, '
     'not "30"'),
    (DATABASE, "keep_days = -1", "sidecar.toml:13: records.keep_days: must be 0 or more, not -1"),
    (DATABASE, "keep_days = 40000", "sidecar.toml:13: records.keep_days: must be 36500 or less, "
     "not 40000"),
    (DATABASE, 'numbers = "pseudonym"', 'sidecar.toml:13: records.numbers: "pseudonym" is not '
     'supported by this version; use "full" or "none"'),
    (DATABASE, 'key = { file = "key" }', "sidecar.toml:13: records.key: encryption of records is "
     "not supported by this version"),
    # the rest
    (HTTP, 'listen = "9464"', 'sidecar.toml:15: http.listen: "9464" must be ADDRESS:PORT, an IPv6 '
     "address in brackets"),
    (HTTP, "listen = 9464", 'sidecar.toml:15: http.listen: must be like "127.0.0.1:9464", not '
     "9464"),
    (HTTP, 'token = ""', "sidecar.toml:15: http.token: must not be empty: write "
     '{ env = "NAME" } or { file = "PATH" }'),
    (CONSENT, 'consent = "Subject"', 'sidecar.toml:17: headers.consent: "Subject" has a meaning '
     'of its own in SIP; write "X-Subject"'),
    (CONSENT, 'consent = "X Consent"', 'sidecar.toml:17: headers.consent: "X Consent" is no '
     'header name: write one like "X-Consent"'),
    (CONSENT, 'consent = "k"', 'sidecar.toml:17: headers.consent: "k" is no header name: write '
     'one like "X-Consent"'),
    (CONSENT, 'consent = "x-record"', "sidecar.toml:16: headers.record: must be another name than "
     "that of consent"),
    (CONSENT, 'consent = "\\u0007"', 'sidecar.toml:17: headers.consent: "\\u0007" is no header '
     'name: write one like "X-Consent"'),
    ("[media]", '[prompts]\nfolder = ""\n[media]', "sidecar.toml:11: prompts.folder: must not be "
     "empty"),
    ("[media]", "[prompts]\nfolder = true\n[media]", "sidecar.toml:11: prompts.folder: must be "
     "text in quotes, not true"),
]  # fmt: skip

TWINS = [
    (LISTEN, 'listen = ["udp://127.0.0.1:5070", "tcp://127.0.0.1:5070", "udp://[::1]:5070"]'),
    (LISTEN, 'listen = ["udp://0.0.0.0:5070"]\nadvertise = "203.0.113.7"'),
    (LISTEN, 'listen = ["udp://127.0.0.1:0", "udp://127.0.0.1:0"]'),
    (
        f"{LISTEN}\n[pbx.main]\n{PBX_URI}",
        'listen = ["udp://[::1]:5070", "udp://127.0.0.1:5070"]\n'
        '[pbx.main]\nuri = ["sip:pbx", "sip:127.0.0.1", "sip:[::1]"]',
    ),
    (f"{LISTEN}\n[pbx.main]\n{PBX_URI}", f'{LISTEN}\n[pbx.main]\nuri = "sip:pbx.example.net"'),
    (
        'rules = "rules.toml"',
        'watch = true\ndefault_country = "DE"\ntimezone = "Europe/Berlin"\nholidays = "DE-BY"',
    ),
    ('rules = "rules.toml"', 'holidays = "US"\ntimezone = "UTC"'),
    (PBX_URI, f'place = "US-CA"\n{PBX_URI}'),
    (PBX_URI, f'place = "GB"\n{PBX_URI}'),
    (PBX_URI, f'kind = "asterisk"\n{PBX_URI}'),
    (PBX_URI, 'uri = ["sip:127.0.0.1:5080", "sip:pbx-2.example.net", "sip:pbx_3:5061"]'),
    (PBX_HOSTS, 'hosts = ["127.0.0.1:5080", "127.0.0.1", "127.0.0.0/8", "::1", "[::1]:5080"]'),
    (TRUNK_HOSTS, 'hosts = ["127.0.0.1", "127.0.0.1:5090", "2001:db8::/32"]'),
    (TRUNK_URI, f"{TRUNK_URI}\ntrusted = true"),
    (TRUNK_URI, f'{TRUNK_URI}\ntrusted = true\npass_headers = ["X-Account-*", "X-Id"]'),
    (PBX_URI, f'{PBX_URI}\npass_headers = ["X-*"]'),
    (MEDIA, 'engine = "local"\naddress = "::1"\nports = "1024-1039"'),
    (MEDIA, 'ports = "65520-65535"'),
    (PBX_HOSTS, f'{RECORDER}kind = "none"'),
    (PBX_HOSTS, f"{VOICEMAIL}"),
    (PBX_HOSTS, f'{VOICEMAIL}users = ["vm*", "*97", "*"]\nforwarded = true\napplications = []'),
    (PBX_HOSTS, f'{RECORDER}kind = "sip"'),
    (PBX_HOSTS, f'{RECORDER}kind = "feature-code"\nstop = "*1"\nstart = "*2"'),
    (
        PBX_HOSTS,
        f'{AMI}\naddress = "[::1]:5038"\nusername = "consent"\nsecret = "hush"\nfiles = "monitor"',
    ),
    (DATABASE, 'database = "sqlite:////var/lib/records.db"\nkeep_days = 0\nnumbers = "none"'),
    (HTTP, 'listen = "[::1]:9464"'),
    (CONSENT, 'consent = "X-Recording-Consent"\nrecord = "X-Recording"'),
]


@pytest.mark.parametrize(("right", "wrong", "told"), MISTAKES, ids=[told for *_, told in MISTAKES])
def test_a_mistake_is_told_where_it_is_with_what_would_be_right(mistake, right, wrong, told):
    assert told in mistake(right, wrong)


@pytest.mark.parametrize(("right", "also_right"), TWINS, ids=[twin for _, twin in TWINS])
def test_its_twin_is_right(mistake, right, also_right):
    assert mistake(right, also_right) == []


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(files):
    files.change(LISTEN, 'listen = ["tls://127.0.0.1:5061", "udp://nowhere"]')
    files.change(TRUNK_URI, "")
    files.change(HTTP, "port = 9464")

    assert [line.split(" ", 1)[0] for line in files.wrong()] == [
        "sidecar.toml:3:",
        "sidecar.toml:3:",
        "sidecar.toml:7:",
        "sidecar.toml:15:",
    ]


def test_all_that_a_kind_of_recorder_lacks_and_has_no_use_for_is_told_at_once(mistake):
    told = mistake(PBX_HOSTS, f'{AMI}\nstop = "*1"\naddress = "nowhere"')

    assert told == [
        'sidecar.toml:7: pbx.main.recorder.username: is missing; kind = "asterisk" needs it',
        'sidecar.toml:7: pbx.main.recorder.secret: is missing; kind = "asterisk" needs it',
        'sidecar.toml:9: pbx.main.recorder.stop: has no meaning with kind = "asterisk"',
        'sidecar.toml:10: pbx.main.recorder.address: "nowhere" must be ADDRESS:PORT, an IPv6 '
        "address in brackets",
    ]


def test_a_list_whose_elements_are_all_wrong_is_not_called_empty(mistake):
    assert mistake(PBX_HOSTS, "hosts = [1, 2]") == [
        'sidecar.toml:6: pbx.main.hosts[1]: must be an address like "192.0.2.1", not 1',
        'sidecar.toml:6: pbx.main.hosts[2]: must be an address like "192.0.2.1", not 2',
    ]


def test_a_secret_in_a_key_that_is_not_known_is_never_told(mistake):
    told = mistake(HTTP, 'tokn = "hush"\npassword = "hush"')

    assert len(told) == 2
    assert not any("hush" in line for line in told)


def test_python_s_names_of_the_fields_are_no_keys(mistake):
    assert mistake(PBX_URI, f'{PBX_URI}\nuris = ["sip:127.0.0.1"]') == [
        'sidecar.toml:6: pbx.main.uris: unknown key "uris"; did you mean "uri"?'
    ]
