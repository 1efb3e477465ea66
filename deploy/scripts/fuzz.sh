#!/usr/bin/env bash
# Part of MarketBus. Apache License 2.0, see LICENSE.
#
# Runs libFuzzer targets: fuzz.sh TARGET|all [RUNS] [SECONDS]. RUNS 0 means without a bound; SECONDS 0 as well.
# Targets: a decoder each (binance okx htx coinbase coinbase-advanced gateway), answers (REST), records (topics),
# book (the book machine), message (WebSocket messages), compression (gzip, zlib, zstd).
# The corpus grows in .build/fuzz-corpus/TARGET, from recordings (MARKETBUS_RECORDED_DATA) and the twin (a release
# build); what breaks a rule is left in .build/fuzz-findings/TARGET. A long run: fuzz.sh all 0 3600.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

all=(binance okx htx coinbase coinbase-advanced gateway answers records book message compression)
target=${1:?which target? all or one of ${all[*]}}
runs=${2:-1000000}
seconds=${3:-0}
[[ $target == all || " ${all[*]} " == *" $target "* ]] || { echo "fuzz: unknown target $target" >&2 && exit 64; }

MARKETBUS_FUZZ=1 swift build -c release --scratch-path .build/fuzz --product input-fuzz

run() {
    local name=$1 longest=16384 corpus=.build/fuzz-corpus/$1 findings=.build/fuzz-findings/$1
    # A script is a step a byte: short ones break as much and run faster.
    [[ $name == book ]] && longest=64
    mkdir -p "$corpus" "$findings"
    [[ -n $(ls -A "$corpus") ]] || python3 Tests/Fuzz/corpus.py "$name" "$corpus"
    echo "== $name"
    # A trap is libFuzzer's to catch: it keeps the input.
    SWIFT_BACKTRACE=enable=no MARKETBUS_FUZZ_TARGET=$name .build/fuzz/release/input-fuzz "$corpus" \
        -runs="$([[ $runs == 0 ]] && echo -1 || echo "$runs")" -max_total_time="$seconds" -max_len=$longest \
        -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$findings/"
}
for name in $([[ $target == all ]] && echo "${all[*]}" || echo "$target"); do run "$name"; done
