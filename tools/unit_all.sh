#!/usr/bin/env bash
# Runs the tests that need no peers on every Python that README.md names and that is here, each
# in an environment of its own (.venv-3.12, ...), and says at the end which these were.
# BESIDES=3.11: another run has seen to that one.
set -uo pipefail
cd "$(dirname "$0")/.."

PYTHONS="3.11 3.12 3.13"

find_python() {  # find_python VERSION: prints the path of one that runs
    local each
    for each in "python$1" "$(pyenv root 2>/dev/null)/versions/$1".*/bin/python; do
        if "$each" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            "$each" -c "import os, sys; print(os.path.realpath(sys.executable))"
            return
        fi
    done
    return 1
}

passed="" failed="" missing=""
for version in $PYTHONS; do
    [ "$version" = "${BESIDES:-}" ] && continue
    if ! python=$(find_python "$version"); then
        missing+=" $version"
        continue
    fi
    exact=$("$python" -c "import platform; print(platform.python_version())")
    echo "== Python $exact"
    if make --no-print-directory "VENV=.venv-$version" "PYTHON=$python" unit; then
        passed+=" $exact"
    else
        failed+=" $exact"
    fi
done

echo "unit tests passed on:${passed:- none}; failed on:${failed:- none}; not here:${missing:- none}"
[ -z "$failed" ] && [ -n "$passed${BESIDES:-}" ]
