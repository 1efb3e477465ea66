// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation

/// The frames that mutations start from: recorded ones, or a few of the venues' documents where there are none.
struct Corpus {
    /// Frames of at most ``longest`` bytes: whole books are longer.
    private(set) var frames: [[UInt8]] = []
    /// Whether no recording was found.
    private(set) var isBuiltIn = false

    private static let longest = 8192
    private static let framesPerFile = 400

    /// Reads `.jsonl` files and folders of them, in the order of their names.
    init(_ venue: FuzzedVenue, paths: [String]) {
        for path in paths.flatMap(Self.files).sorted() { frames += Self.read(path) }
        if frames.isEmpty {
            isBuiltIn = true
            frames = DocumentedFrames.of(venue).map { Array($0.utf8) }
        }
    }

    private static func files(_ path: String) -> [String] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return [] }
        guard isFolder.boolValue else { return [path] }
        let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        // REST bodies are no frames, and expected values are another project's words.
        return names.filter { $0.hasSuffix(".jsonl") && !$0.contains("rest/") && !$0.contains(".expected.") }
            .map { "\(path)/\($0)" }
    }

    /// Frames from all over a file, so that long recordings don't drown the short ones.
    private static func read(_ path: String) -> [[UInt8]] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        let isSession = path.hasSuffix(".session.jsonl")
        let lines = data.split(separator: UInt8(ascii: "\n"))
        let step = max(1, lines.count / framesPerFile)
        return stride(from: 0, to: lines.count, by: step).compactMap { number in
            let frame = isSession ? message(lines[number]) : Array(lines[number])
            return frame.flatMap { $0.count <= longest ? $0 : nil }
        }
    }

    private static func message(_ line: Data) -> [UInt8]? {
        let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any]
        guard let object, object["dir"] as? String == "in", let text = object["msg"] as? String else {
            return nil
        }
        return Array(text.utf8)
    }
}
