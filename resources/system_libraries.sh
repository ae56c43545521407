#!/bin/sh
# Qt's wheels lack a few libraries that a bare Debian or Ubuntu does not have. As root they are installed; otherwise the
# one line that installs them is printed. Elsewhere, and when all are there, this does nothing and takes milliseconds.
# Usage: system_libraries.sh [xvfb]
set -eu
[ "$(uname -s)" = Linux ] || exit 0
command -v ldconfig >/dev/null 2>&1 || PATH="$PATH:/sbin:/usr/sbin"
present=$(ldconfig -p 2>/dev/null || true)
missing=""
need() {    # need LIBRARY PACKAGE
    case "$present" in *"$1"*) ;; *) missing="$missing $2" ;; esac
}
need libEGL.so.1 libegl1
need libGL.so.1 libgl1
need libxkbcommon-x11.so.0 libxkbcommon-x11-0
need libxcb-cursor.so.0 libxcb-cursor0
need libxcb-icccm.so.4 libxcb-icccm4
need libxcb-keysyms.so.1 libxcb-keysyms1
need libxcb-shape.so.0 libxcb-shape0
need libxcb-image.so.0 libxcb-image0
need libxcb-render-util.so.0 libxcb-render-util0
need libxcb-xinerama.so.0 libxcb-xinerama0
need libxcb-randr.so.0 libxcb-randr0
need libxcb-xkb.so.1 libxcb-xkb1
need libdbus-1.so.3 libdbus-1-3
need libfontconfig.so.1 libfontconfig1
if command -v fc-list >/dev/null 2>&1; then
    [ -n "$(fc-list 2>/dev/null | head -n 1)" ] || missing="$missing fonts-dejavu-core"
else
    missing="$missing fontconfig fonts-dejavu-core"
fi
if [ "${1:-}" = xvfb ]; then
    command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
    command -v xdotool >/dev/null 2>&1 || missing="$missing xdotool"
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing system libraries:$missing"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "Qt needs libraries that this system lacks. Install them with:"
    echo "  sudo apt-get install -y$missing"
    exit 1
fi
