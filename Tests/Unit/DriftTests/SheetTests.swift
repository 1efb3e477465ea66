// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Models
import Testing
import VenueTestKit

@testable import VenueKit

@Suite struct SheetTests {
    @Test(arguments: Samples.venues.map(\.name))
    func `the shapes beside a venue are those of its documented frames`(_ name: String) throws {
        let venue = Samples.venue(name)
        let text = try SheetWriter.text(try Samples.of(name), venue)
        let path = "\(Samples.root)/Shared/Venues/\(name)/FrameShapes.swift"
        if ProcessInfo.processInfo.environment["MARKETBUS_WRITE_SHAPES"] != nil {
            try write(text, into: path)
        } else {
            #expect(venue.frameSheet.shapes == text, "make them anew: deploy/scripts/frame-shapes.sh")
        }
    }

    @Test(arguments: Samples.venues.map(\.name))
    func `every line of a sheet is read, and no documented frame is drift`(_ name: String) throws {
        let sheet = Samples.venue(name).frameSheet
        #expect(ShapeReader.read(sheet.shapes).problems == [])
        let bench = DriftBench(sheet)
        for sample in try Samples.of(name) { bench.see(sample.frame, sample.market) }
        #expect(bench.found == [])
    }

    @Test(.enabled(if: RecordedData.folder != nil), arguments: Samples.venues.map(\.name))
    func `recorded frames differ from the documents of today as listed, and in nothing else`(
        _ name: String
    ) throws {
        let venue = Samples.venue(name)
        let found = try RecordedFrames.differences(of: venue, named: name.lowercased())
        let path = "\(Samples.folder)/Samples/\(name.lowercased()).recorded.txt"
        if ProcessInfo.processInfo.environment["MARKETBUS_WRITE_SHAPES"] != nil {
            try (found.joined(separator: "\n") + "\n").write(toFile: path, atomically: true, encoding: .utf8)
        } else {
            let listed = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map(
                String.init
            )
            #expect(found == listed)
        }
    }

    /// Puts the lines between the quotes of the file.
    private func write(_ text: String, into path: String) throws {
        let source = try String(contentsOfFile: path, encoding: .utf8)
        let quotes = "\"\"\""
        let start = try #require(source.range(of: quotes + "\n"))
        let end = try #require(source.range(of: quotes, range: start.upperBound..<source.endIndex))
        let lines = text.split(separator: "\n").map { "        " + $0 + "\n" }.joined()
        let changed = source[..<start.upperBound] + lines + "        " + source[end.lowerBound...]
        try String(changed).write(toFile: path, atomically: true, encoding: .utf8)
    }
}

/// A sentinel, and what it told as lines: `new_field spot stream=trade: data.zz: string is new`.
final class DriftBench {
    let sentinel: DriftSentinel
    private(set) var found: [String] = []

    init(_ sheet: FrameSheet) { sentinel = DriftSentinel(sheet) }

    /// Looks at a frame in memory that ends where it ends.
    func see(_ frame: String, _ market: MarketID? = nil) {
        var frame = frame
        frame.withUTF8 { look(UnsafeRawBufferPointer($0), market) }
    }

    func look(_ bytes: UnsafeRawBufferPointer, _ market: MarketID?) {
        sentinel.look(FrameBytes(bytes), market) { found.append(Self.text($0)) }
    }

    static func text(_ finding: DriftSentinel.Finding) -> String {
        "\(finding.kind.rawValue) \(finding.stream): \(finding.detail)"
    }
}
