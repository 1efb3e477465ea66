// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation

/// The Python peer of this suite: one process for all tests, stopped by the end of its standard input.
final class Peer: Sendable {
    /// The peer, or nil with the reason said, when `python3` or what it imports is missing.
    static let shared = Peer.start()

    private let said: [String: String]
    // Kept open: the peer ends when this end of the pipe closes, also when this process dies.
    private let input: FileHandle

    private init(said: [String: String], input: FileHandle) {
        self.said = said
        self.input = input
    }

    /// The CA file of the peer's certificates.
    var caFile: String { said["ca"] ?? "" }

    /// The URL of one of the peer's servers.
    func url(_ server: String, _ path: String, scheme: String = "http", host: String = "127.0.0.1") -> String
    {
        "\(scheme)://\(host):\(said[server] ?? "0")\(path)"
    }

    private static func start() -> Peer? {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("peers/rest_peer.py")
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path]
        process.standardInput = input
        process.standardOutput = output
        guard (try? process.run()) != nil else { return skipped() }
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            guard let byte = try? output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else { break }
            line.append(byte)
        }
        guard let said = try? JSONDecoder().decode([String: String].self, from: line) else {
            return skipped()
        }
        return Peer(said: said, input: input.fileHandleForWriting)
    }

    private static func skipped() -> Peer? {
        print("SKIPPED: RESTTests need python3 and openssl")
        return nil
    }
}
