#!/usr/bin/env bash
# Builds the container image with buildah: no engine, no daemon, no image registry.
#
#   tools/build_image.sh [BASE]      BASE: an image that buildah can reach; without one a Debian
#                                    base with python3 is bootstrapped once (root, apt, 30 s)
#   tools/build_image.sh --run COMMAND...   run the built image's consent-sidecar with COMMAND
#
# The image is called localhost/consent-sidecar. Images live in buildah's own store.
set -euo pipefail
cd "$(dirname "$0")/.."

image=localhost/consent-sidecar
base_image=localhost/consent-sidecar-base
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs

say() { printf 'image: %s\n' "$*" >&2; }

install_tools() {
    command -v buildah >/dev/null && command -v debootstrap >/dev/null && return
    say "installing buildah and debootstrap"
    apt-get -qq update
    apt-get -qq install -y --no-install-recommends buildah debootstrap >/dev/null
}

# The mirror that this machine's own apt uses.
mirror() {
    apt-get indextargets --format '$(REPO_URI) $(SUITE) $(ORIGIN)' 'Created-By: Packages' |
        awk '$2 !~ /security|updates|backports/ && $3 == "Debian" { print $1; exit }'
}

make_base() {
    buildah inspect --type image "$base_image" >/dev/null 2>&1 && return
    local folder container
    folder=$(mktemp -d)
    say "bootstrapping a Debian base with python3"
    debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates \
        stable "$folder" "$(mirror)" >"$folder.log" 2>&1 || { tail "$folder.log" >&2; exit 1; }
    rm -rf "$folder"/var/cache/apt/* "$folder"/var/lib/apt/lists/* "$folder.log"
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$folder" / >/dev/null
    buildah commit --quiet --rm "$container" "$base_image" >/dev/null
    rm -rf --one-file-system "$folder"
}

# pip inside reaches its index the way this machine does: same certificates, same settings.
build() {
    local shared former options=()
    former=$(buildah images --quiet --no-trunc "$image" 2>/dev/null || true)
    for shared in /etc/ssl/certs /etc/pip.conf; do
        [ -e "$shared" ] && options+=(--volume "$shared:$shared:ro")
    done
    buildah bud --pull=never --layers=false "${options[@]}" --build-arg "BASE=$1" \
        --format docker --tag "$image" . >&2
    [ -z "$former" ] || buildah rmi "$former" >/dev/null 2>&1 || true
}

run_in_image() {
    container=$(buildah from --pull=never "$image")
    trap 'buildah rm "$container" >/dev/null' EXIT
    buildah run "$container" -- consent-sidecar "$@"
}

if [ "${1:-}" = --run ]; then
    shift
    run_in_image "$@"
    exit
fi
install_tools
[ -n "${1:-}" ] || make_base
build "${1:-$base_image}"
say "built $image"
