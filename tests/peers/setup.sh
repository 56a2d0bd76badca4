#!/usr/bin/env bash
# Makes the real peers that the tests and the call benchmark talk to:
#   SIPp, Kamailio, rtpengine, promtool   Debian packages of this machine
#   Asterisk 22                           a Debian sid chroot (Debian 12 has none)
#   sippy's B2BUA                         an own virtual environment (benchmark only)
#   sdp-transform                         a reader of session descriptions, from npm
# baresip and pyVoIP come from PyPI with the test requirements.
#
#   tests/peers/setup.sh            install what is missing (root); says so and exits 1 without root
#   tests/peers/setup.sh --check    only say what is missing; exit 1 if anything is
#
# Everything that is not a Debian package lives in $CONSENT_SIDECAR_PEERS, by default
# ${XDG_CACHE_HOME:-$HOME/.cache}/consent-sidecar-peers. Running it again costs a second.
set -euo pipefail

cache=${CONSENT_SIDECAR_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/consent-sidecar-peers}
chroot_dir=$cache/asterisk
sippy_venv=$cache/sippy
reader_dir=$cache/sdp-transform
reader=sdp-transform@2.15.0
log=$cache/setup.log
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

# program=package
programs=(sipp=sip-tester kamailio=kamailio rtpengine=rtpengine-daemon debootstrap=debootstrap
          promtool=prometheus gcc=gcc unshare=util-linux setpriv=util-linux
          node=nodejs npm=npm)

say() { printf 'peers: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

missing_packages() {
    local entry
    for entry in "${programs[@]}"; do
        command -v "${entry%%=*}" >/dev/null || printf '%s\n' "${entry#*=}"
    done | sort -u
}

have_asterisk() { [ -e "$chroot_dir/.complete" ] && [ -x "$chroot_dir/usr/sbin/asterisk" ]; }
have_reader() { [ -e "$reader_dir/node_modules/sdp-transform/package.json" ]; }
have_sippy() { [ -x "$sippy_venv/bin/b2bua_simple" ]; }

report_missing() {
    local package found=0
    for package in $(missing_packages); do say "missing Debian package: $package"; found=1; done
    have_asterisk || { say "missing Asterisk chroot: $chroot_dir"; found=1; }
    have_reader || { say "missing sdp-transform: $reader_dir"; found=1; }
    have_sippy || { say "missing sippy (benchmark only): $sippy_venv"; found=1; }
    return $found
}

# One retry: a mirror that stumbles once is no reason to go without peers.
twice() {
    "$@" >>"$log" 2>&1 && return
    say "failed once, trying again: $*"
    sleep 5
    "$@" >>"$log" 2>&1 || { tail -n 20 "$log" >&2; die "failed: $*   (log: $log)"; }
}

# Debian's maintainer scripts must not start the services that they install.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
    trap 'rm -f "$policy"' EXIT
}

install_packages() {
    local packages
    mapfile -t packages < <(missing_packages)
    [ ${#packages[@]} -eq 0 ] && return
    say "installing ${packages[*]}"
    forbid_services
    twice apt-get -qq update
    twice apt-get -qq install -y --no-install-recommends "${packages[@]}"
}

# The mirror that this machine's own apt uses; no host is named here.
mirror() {
    [ -n "$(find /var/lib/apt/lists -name '*_Packages*' -print -quit 2>/dev/null)" ] ||
        twice apt-get -qq update
    apt-get indextargets --format '$(REPO_URI) $(SUITE) $(ORIGIN)' 'Created-By: Packages' |
        awk '$2 !~ /security|updates|backports/ && $3 == "Debian" { print $1; exit }'
}

in_chroot() {   # /proc and /dev are mounted in a namespace of their own: gone with the process
    unshare --mount --propagation private bash -c '
        dir=$1; shift
        mount --bind /proc "$dir/proc" && mount --bind /dev "$dir/dev" &&
        exec chroot "$dir" "$@"' in_chroot "$chroot_dir" "$@"
}

make_asterisk() {
    have_asterisk && return
    local uri
    uri=$(mirror)
    [ -n "$uri" ] || die "this machine's apt sources name no Debian mirror"
    say "making the Asterisk chroot in $chroot_dir (about a minute)"
    [ -e "$chroot_dir/.base" ] || make_base "$uri"
    printf '#!/bin/sh\nexit 101\n' >"$chroot_dir$policy"
    chmod 755 "$chroot_dir$policy"
    copy_network_settings
    twice in_chroot apt-get -qq -o Acquire::Check-Valid-Until=false update
    twice in_chroot apt-get -qq -o Dpkg::Options::=--force-unsafe-io install -y \
        --no-install-recommends asterisk asterisk-modules asterisk-core-sounds-en-wav
    rm -rf "$chroot_dir"/var/cache/apt/archives/*.deb "$chroot_dir"/var/lib/apt/lists/*
    touch "$chroot_dir/.complete"
}

make_base() {
    bootstrap() {
        rm -rf --one-file-system "$chroot_dir"
        mkdir -p "$chroot_dir"
        debootstrap --variant=minbase sid "$chroot_dir" "$1"
    }
    twice bootstrap "$1"
    touch "$chroot_dir/.base"
}

# The chroot reaches the mirror the way this machine does: same resolver, proxy, certificates.
copy_network_settings() {
    cp -L /etc/resolv.conf "$chroot_dir/etc/resolv.conf" 2>/dev/null || true
    cp -L /etc/hosts "$chroot_dir/etc/hosts" 2>/dev/null || true
    apt-config dump | grep -E '^Acquire::https?::' >"$chroot_dir/etc/apt/apt.conf.d/90host" || true
    if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
        mkdir -p "$chroot_dir/etc/ssl/certs"
        cp -L /etc/ssl/certs/ca-certificates.crt "$chroot_dir/etc/ssl/certs/"
    fi
}

make_sippy() {
    have_sippy && return
    say "installing sippy in $sippy_venv"
    rm -rf "$sippy_venv"
    "${PYTHON:-python3}" -m venv "$sippy_venv" >>"$log" 2>&1 || die "python3 -m venv failed (log: $log)"
    twice "$sippy_venv/bin/pip" install -q 'sippy==2.5.*'
}

make_reader() {
    have_reader && return
    say "installing $reader in $reader_dir"
    mkdir -p "$reader_dir"
    twice npm install --prefix "$reader_dir" --ignore-scripts --no-audit --no-fund --silent "$reader"
}

if report_missing 2>/dev/null; then
    say "all there"
    exit 0
fi
if [ "${1:-}" = --check ] || [ "$(id -u)" -ne 0 ]; then
    report_missing || true
    [ "${1:-}" = --check ] || say "run it as root to have them installed"
    exit 1
fi
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9
: >"$log"
install_packages
make_asterisk
make_sippy
make_reader
report_missing || die "still missing"
say "all there: $cache"
