#!/usr/bin/env bash
# Part of MarketBus. Apache License 2.0, see LICENSE.
#
# Installs what MarketBus needs on Debian 12 and says clearly what it can't do. Quick when all is there.
#
#   setup.sh            what building and running needs
#   setup.sh --tests    also the Python environment (.venv) of the replay and end-to-end tests
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

packages=(
    librdkafka-dev libwebsockets-dev libcurl4-openssl-dev libsimdjson-dev libyaml-dev libssl-dev zlib1g-dev
    libdeflate-dev libzstd-dev libc6-dev libstdc++-12-dev make pkg-config ca-certificates
)
with_tests=no
problems=()

say() { echo "setup: $*"; }
problem() { problems+=("$*"); }

for argument in "$@"; do
    case $argument in
        --tests) with_tests=yes ;;
        -h | --help) sed -n '4,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
        *) echo "setup: unknown argument $argument (known: --tests)" >&2 && exit 64 ;;
    esac
done
if [[ $with_tests == yes ]]; then
    packages+=(python3 python3-venv openssl)
fi

# --- the machine -------------------------------------------------------------------------------------------------

check_system() {
    if [[ $(uname -s) != Linux ]]; then
        problem "this is $(uname -s); MarketBus runs on Linux (Debian 12): use a Debian 12 machine or container"
        return
    fi
    local id=unknown version=''
    if [[ -r /etc/os-release ]]; then
        id=$(. /etc/os-release && echo "${ID:-unknown}")
        version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    fi
    if [[ $id != debian || $version != 12 ]]; then
        say "note: this is $id $version; the package names and versions are those of Debian 12"
    fi
}

check_swift() {
    local found
    if ! command -v swift > /dev/null; then
        problem "Swift is not installed; install the Swift 6 toolchain for Debian 12 from swift.org and put it on PATH"
        return
    fi
    found=$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    if [[ -z $found || ${found%%.*} -lt 6 ]]; then
        problem "Swift ${found:-of an unknown version} is too old; MarketBus needs Swift 6 (swift.org)"
    fi
}

# --- Debian's packages -------------------------------------------------------------------------------------------

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]; }

install_packages() {
    local missing=() package as_root=()
    if ! command -v dpkg-query > /dev/null || ! command -v apt-get > /dev/null; then
        problem "no apt-get here; install by hand what Debian calls: ${packages[*]}"
        return
    fi
    for package in "${packages[@]}"; do
        # A Python from elsewhere on PATH with venv is as good as Debian's.
        if [[ $package == python3* ]] && python3 -c 'import ensurepip, venv' 2> /dev/null; then continue; fi
        is_installed "$package" || missing+=("$package")
    done
    if [[ ${#missing[@]} -eq 0 ]]; then return; fi
    if [[ $(id -u) -ne 0 ]]; then
        if ! command -v sudo > /dev/null; then
            problem "no root and no sudo; ask an administrator for: apt-get install ${missing[*]}"
            return
        fi
        as_root=(sudo)
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if ! { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" > /dev/null; }; then
        problem "apt-get could not install: ${missing[*]} (its words are above; is the network there?)"
    fi
}

# --- the tests' Python -------------------------------------------------------------------------------------------

make_environment() {
    local venv=$root/.venv requirements=$root/Tests/requirements.txt stamp
    stamp=$(cksum < "$requirements")
    if [[ -x $venv/bin/python && -f $venv/.stamp && $(cat "$venv/.stamp") == "$stamp" ]] \
        && "$venv/bin/python" -c '' 2> /dev/null; then
        return
    fi
    say "making .venv for the Python tests"
    rm -rf "$venv"
    if ! python3 -m venv "$venv"; then
        problem "python3 could not make $venv; it needs Python 3.11 with venv (Debian: python3-venv)"
    elif ! "$venv/bin/pip" install -q -r "$requirements"; then
        problem "pip could not install Tests/requirements.txt (its words are above; is the network there?)"
    else
        echo "$stamp" > "$venv/.stamp"
    fi
}

check_system
check_swift
if [[ ${#problems[@]} -eq 0 ]]; then install_packages; fi
if [[ ${#problems[@]} -eq 0 && $with_tests == yes ]]; then make_environment; fi

if [[ ${#problems[@]} -gt 0 ]]; then
    for text in "${problems[@]}"; do echo "setup: can't: $text" >&2; done
    exit 69
fi
say "ready"
