#!/bin/sh
# Make sure that the libraries which the wheels of vtk, Qt and pyradiomics expect from the system are there.
# As root on Debian or Ubuntu the missing ones are installed; else one line names them and what to do.
set -eu

missing=""

# need LIBRARY PACKAGE: without ldconfig (macOS, Windows) nothing is checked, the wheels bring their own there.
need() {
    ldconfig=$(command -v ldconfig || echo /sbin/ldconfig)
    [ -x "$ldconfig" ] || return 0
    "$ldconfig" -p | grep -q "$1" || missing="$missing $2"
}

need libEGL.so.1 libegl1
need libGL.so.1 libgl1
need libglib-2.0.so.0 libglib2.0-0
need libdbus-1.so.3 libdbus-1-3
need libfontconfig.so.1 libfontconfig1
need libxkbcommon.so.0 libxkbcommon0
[ "$(uname)" != Linux ] || [ -d /usr/share/fonts/truetype ] || missing="$missing fonts-dejavu-core"
command -v cc >/dev/null || command -v gcc >/dev/null || missing="$missing gcc libc6-dev"

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
