// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import TestKit
import Testing

private func firstProblem(_ yaml: String) -> String? {
    var sources = ConfigurationSources()
    sources.addYAML(Array(yaml.utf8), path: "f.yaml")
    let reader = ConfigurationReader(sources)
    _ = reader.map("a")
    do throws(ConfigurationProblems) {
        try reader.finish()
        return nil
    } catch {
        return error.all.first?.description
    }
}

@Suite struct YAMLTests {
    @Test(arguments: ["", "---\n", "# only words\n", "a:\n  b: 1\n", "a: {b: '', c: \"~\"}", "a: {}"])
    func `what a configuration needs is read`(yaml: String) {
        #expect(firstProblem(yaml) == nil)
    }

    @Test(arguments: [
        ("a:\n  b: &x 1\n", "f.yaml:2: anchors and aliases"),
        ("a:\n  b: *x\n", "f.yaml:2: anchors and aliases"),
        ("a:\n  b: !!int 1\n", "f.yaml:2: tags (!)"),
        ("a:\n  b:\n", "f.yaml:2: a.b: has no value"),
        ("a:\n  b: null\n", "f.yaml:2: a.b: has no value"),
        ("a:\n  b: 1\n  b: 2\n", "f.yaml:3: a.b: is given twice, first in line 2"),
        ("a:\n  - b: 1\n", "f.yaml:2: a list may hold only text"),
        ("- a\n", "f.yaml:1: the file is not a map"),
        ("a: {b: 1}\n---\na: {c: 1}\n", "f.yaml:2: a second document"),
        ("a:\n\tb: 1\n", "f.yaml:2: not YAML"),
        ("? [x]\n: 1\n", "f.yaml:1: a key must be text"),
        ("a: [1, 2", "f.yaml:"),
    ])
    func `what a configuration does not need is a problem with its line`(yaml: String, start: String) {
        #expect(
            firstProblem(yaml)?.hasPrefix(start.replacingKeyless) == true,
            "\(firstProblem(yaml) ?? "nothing")"
        )
    }

    @Test func `deep nesting ends in a problem`() {
        let yaml = "a: " + String(repeating: "{b: ", count: 40) + "1" + String(repeating: "}", count: 40)
        #expect(firstProblem(yaml)?.contains("nested too deeply") == true)
    }

    @Test func `every prefix of a good file is read or refused`() {
        let bytes = Array("a:\n  b: \"x\\n\"\n  c: [1, 'two', three]\n# z\n".utf8)
        for end in 0...bytes.count {
            var sources = ConfigurationSources()
            sources.addYAML(Array(bytes[..<end]), path: "f.yaml")
            let reader = ConfigurationReader(sources)
            _ = reader.map("a")
            try? reader.finish()
        }
    }

    @Test func `a missing file is a problem that names it`() throws {
        let directory = try TemporaryDirectory()
        var sources = ConfigurationSources()
        sources.addFile(directory.path + "/none.yaml")
        sources.addFile(directory.path)
        let reader = ConfigurationReader(sources)
        let problems = #expect(throws: ConfigurationProblems.self) { try reader.finish() }
        #expect(problems?.all.count == 2)
        #expect(problems?.description.contains("none.yaml: can't be read: No such file") == true)
    }
}

extension String {
    fileprivate var replacingKeyless: String { hasPrefix("f.yaml:2: a list") ? "f.yaml:2: a: a list" : self }
}
