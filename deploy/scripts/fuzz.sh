#!/usr/bin/env bash
# Part of MarketBus. Apache License 2.0, see LICENSE.
#
# Runs a libFuzzer target: fuzz.sh TARGET [RUNS] [SECONDS]. Targets: compression. RUNS 0 means without a bound.
# The corpus grows in .build/fuzz-corpus/TARGET; what breaks a rule is left in .build/fuzz-findings/TARGET.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${1:?which target? compression}
runs=${2:-1000000}
seconds=${3:-0}
case $target in
    compression) product=compression-fuzz ;;
    *) echo "fuzz: unknown target $target (known: compression)" >&2 && exit 64 ;;
esac
corpus=.build/fuzz-corpus/$target findings=.build/fuzz-findings/$target
mkdir -p "$corpus" "$findings"

python3 - "$corpus" "${MARKETBUS_RECORDED_DATA:-}" <<'PY'
"""Seeds: frames as the venues pack them, recorded ones where they are at hand."""
import gzip, pathlib, shutil, subprocess, sys, zlib

corpus = pathlib.Path(sys.argv[1])
frames = [b"", b"{}", b'{"ping":1492420473027}', b'{"ch":"market.btcusdt.bbo","tick":{"ask":1.5}}' * 40]
if sys.argv[2]:
    for path in sorted(pathlib.Path(sys.argv[2], "htx").rglob("*.jsonl"))[:20]:
        with path.open("rb") as lines:
            frames += [line.strip()[:8192] for line, _ in zip(lines, range(5))]
for number, frame in enumerate(frames):
    packed = gzip.compress(frame, mtime=0)
    seeds = {"gzip": b"\0\1" + packed, "members": b"\0\0" + packed + packed, "zlib": b"\2\1" + zlib.compress(frame)}
    if shutil.which("zstd"):
        done = subprocess.run(["zstd", "-qc"], input=frame, capture_output=True, check=True)
        seeds["zstd"] = b"\3\7" + done.stdout
    for name, seed in seeds.items():
        (corpus / f"seed-{name}-{number}").write_bytes(seed)
PY

MARKETBUS_FUZZ=1 swift build -c release --scratch-path .build/fuzz --product "$product"
# A trap is libFuzzer's to catch: it keeps the input.
SWIFT_BACKTRACE=enable=no ".build/fuzz/release/$product" "$corpus" -runs="$([[ $runs == 0 ]] && echo -1 || echo "$runs")" \
    -max_total_time="$seconds" -max_len=16384 -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$findings/"
