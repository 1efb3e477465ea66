// Part of MarketBus. Apache License 2.0, see LICENSE.
// input-fuzz: what bytes from outside can do, steered by libFuzzer; MARKETBUS_FUZZ_TARGET names the target.

import Glibc

/// libFuzzer's driver, which the sanitizer's runtime brings.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutableRawPointer,
    _ input: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

// The environment and not an argument: libFuzzer starts itself anew with its own arguments to merge corpora.
let name = getenv("MARKETBUS_FUZZ_TARGET").map { String(cString: $0) } ?? ""
guard let target = FuzzTargets.all.first(where: { $0.name == name }) else {
    print("MARKETBUS_FUZZ_TARGET is to be one of \(FuzzTargets.all.map(\.name).joined(separator: " "))")
    exit(64)
}
FuzzTargets.current = target.make()

var count = CommandLine.argc
var arguments = CommandLine.unsafeArgv
exit(
    runFuzzer(&count, &arguments) { bytes, count in
        FuzzTargets.current?.run(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
    }
)
