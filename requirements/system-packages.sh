#!/bin/sh
# Make sure that what comes from the system is there: venv, and a C compiler with Python's headers, which build pyradiomics;
# for the tests also the libraries that the wheels of vtk and Qt expect. As root on Debian or Ubuntu the missing ones are
# installed; else one line names them.
# Usage: system-packages.sh demo|test PYTHON
set -eu

missing=""

need() { # PACKAGES COMMAND...: the packages are missing unless the command succeeds.
    packages=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $packages"
}

library() {
    "$(command -v ldconfig || echo /sbin/ldconfig)" -p | grep -q "$1"
}

need python3-venv "$2" -c "import ensurepip"
need "gcc libc6-dev" command -v cc
need python3-dev "$2" -c "import os, sysconfig; os.stat(os.path.join(sysconfig.get_path('include'), 'Python.h'))"
if [ "$1" = test ] && [ "$(uname)" = Linux ]; then
    need libegl1 library libEGL.so.1
    need libegl-mesa0 library libEGL_mesa.so.0 # Draws slice views without a display.
    need libgl1 library libGL.so.1
    need libglib2.0-0 library libglib-2.0.so.0
    need libdbus-1-3 library libdbus-1.so.3
    need libfontconfig1 library libfontconfig.so.1
    need libxkbcommon0 library libxkbcommon.so.0
    need fonts-dejavu-core test -d /usr/share/fonts/truetype
fi

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing system packages:$missing"
    apt-get update -q
    # The list is meant to be split into words.
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
else
    echo "Missing system packages (Debian's names):$missing. Install them, then run this again." >&2
    exit 1
fi
