#!/usr/bin/env bash
# Writes requirements/*.lock anew: every package with its hashes, for Python 3.11 to 3.13 and
# every platform, without the name of any package index.
#
#   tools/lock.sh PYTHON [uv options, e.g. --upgrade]
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1
shift

"$python" -m pip -qq install uv

compile() {  # compile OUTPUT SOURCE [options]
    local output=$1
    shift
    "$python" -m uv pip compile "$@" --quiet --universal --python-version 3.11 \
        --generate-hashes --no-emit-index-url --no-annotate \
        --custom-compile-command "make lock" --output-file "requirements/$output"
}

compile build.lock requirements/build.in "$@"
compile run.lock pyproject.toml "$@"
compile dev.lock pyproject.toml --extra dev --constraint requirements/run.lock "$@"
compile prompts.lock requirements/prompts.in "$@"
