// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// libFuzzer's driver, which the sanitizer's runtime brings.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutableRawPointer,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runFuzzer(&count, &arguments) { bytes, count in
        CompressionFuzz.run(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    }
)
