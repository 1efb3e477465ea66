// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import Testing
import Wire

/// Folders of the repository, found from this file.
enum Folders {
    static let golden = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")
    static let schemas = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "deploy/schemas")

    /// Whether a run is asked to write generated files: `MARKETBUS_WRITE=schemas,golden swift test --filter WireTests`.
    static func isAsked(toWrite what: String) -> Bool {
        ProcessInfo.processInfo.environment["MARKETBUS_WRITE"]?.contains(what) ?? false
    }
}

@Suite struct `Schemas` {
    @Test func `every topic of the registry has a shape`() {
        #expect(RecordShape.all.map(\.topic) == TopicRegistry.all.map(\.id))
        #expect(TopicRegistry.all.indices.allSatisfy { Int(TopicRegistry.all[$0].id.index) == $0 })
        #expect(Set(TopicRegistry.all.map(\.name)).count == TopicRegistry.all.count)
        #expect(Set(TopicRegistry.all.map(\.schema)).count == TopicRegistry.all.count)
    }

    @Test(arguments: TopicRegistry.all.map(\.id))
    func `encoders write exactly what the shape declares`(topic: TopicID) throws {
        let lines = Samples.lines(topic)
        #expect(!lines.isEmpty)
        for line in lines {
            #expect(try ShapeChecker.problems(line, RecordShape.all[Int(topic.index)]) == [], "\(line)")
        }
    }

    @Test func `the checker notices a field too few, too many and of another kind`() throws {
        let shape = RecordShape.all[Int(TopicRegistry.subscription.index)]
        let right = #"{"schema":"subscription.v1","venue":"okx","symbol":"A-B","channels":["bbo"]}"#
        #expect(try ShapeChecker.problems(right, shape) == [])
        for (part, other) in [
            (#""venue":"okx","#, ""), (#","channels""#, #","more":1,"channels""#), (#""A-B""#, "1"),
            (#""bbo""#, "1"),
            ("subscription.v1", "bbo.v1"), (#""okx""#, "null"),
        ] {
            let wrong = right.replacingOccurrences(of: part, with: other)
            #expect(((try? ShapeChecker.problems(wrong, shape)) ?? ["unreadable"]) != [], "\(wrong)")
        }
    }

    @Test func `the checked-in documents are those that the models give`() throws {
        let documents = SchemaDocuments.all()
        #expect(documents.count == TopicRegistry.all.count + 1)
        for document in documents {
            let url = Folders.schemas.appending(path: document.path)
            if Folders.isAsked(toWrite: "schemas") {
                try document.text.write(to: url, atomically: true, encoding: .utf8)
            }
            #expect(
                try String(contentsOf: url, encoding: .utf8) == document.text,
                "\(document.path) is out of date"
            )
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: Folders.schemas.path)
        #expect(Set(files.filter { $0.hasSuffix(".json") }) == Set(documents.map(\.path)))
    }
}
