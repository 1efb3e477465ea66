// Part of MarketBus. Apache License 2.0, see LICENSE.

import Configuration
import Glibc
import Lifecycle
import Secrets
import Signing

/// One key that the operator gave.
struct GivenKey: Sendable {
    let venue: String
    /// The key's name; shown only in part.
    let name: String
    let secret: Secret
    /// How the venue is asked, or why the key can't be used.
    let inspection: Result<any KeyInspection, KeyError>
    /// Where the venue is asked.
    let url: String

    /// The URL's host, with its port where one is written.
    var host: String {
        let parts = url.split(separator: "/", omittingEmptySubsequences: true)
        return parts.count > 1 ? String(parts[1]) : ""
    }
}

/// What `marketbus doctor --keys` is told: keys from the environment or a file, endpoints, patience.
struct KeySettings: Sendable {
    private(set) var keys: [GivenKey] = []
    let caFile: String?
    let timeoutMilliseconds: Int

    /// Reads the keys; what is wrong is noted in the reader.
    init(_ reader: ConfigurationReader, file: String?, _ files: Int) {
        Tool.ignoreServices(reader)
        reader.ignore(prefix: "kafka")
        if files > 1 { reader.note("--keys", "\(files) files are named", "name one") }
        caFile = reader.optionalString("tls.ca_file", help: "PEM file of the authorities that are trusted")
        timeoutMilliseconds = reader.int(
            "doctor.timeout_ms",
            default: 10_000,
            in: 100...60_000,
            help: "how long a venue's answer about a key may take"
        )
        let written = file.flatMap { Self.open($0, reader) }
        for venue in KeyVenue.all {
            let urls = venue.endpoints.map { endpoint in
                (
                    endpoint.name,
                    Self.url(reader, "venues.\(venue.id).endpoints.\(endpoint.name)", endpoint.url)
                )
            }
            let inEnvironment = Self.inEnvironment(reader, venue.id)
            guard let parts = written.flatMap({ Self.inFile($0, venue.id, reader) }) ?? inEnvironment else {
                continue
            }
            keys.append(Self.key(venue, parts, urls))
        }
        if let written { Self.finish(written, file ?? "", reader) }
        if keys.isEmpty, file == nil || written != nil {
            let mend =
                "set MARKETBUS_KEYS__BINANCE__KEY and MARKETBUS_KEYS__BINANCE__SECRET, or name a file: --keys FILE"
            reader.note("keys", "no key is given", mend)
        }
    }

    private typealias Parts = (name: String, secret: Secret, passphrase: Secret?)

    private static func key(_ venue: KeyVenue, _ parts: Parts, _ urls: [(String, String)]) -> GivenKey {
        let inspection = Result { () throws(KeyError) in
            try venue.inspection(parts.name, parts.secret, parts.passphrase)
        }
        let wanted = try? inspection.get().endpoint
        let url = urls.first { $0.0 == wanted } ?? urls.first
        return GivenKey(
            venue: venue.id,
            name: parts.name,
            secret: parts.secret,
            inspection: inspection,
            url: url?.1 ?? ""
        )
    }

    // MARK: The environment

    private static func inEnvironment(_ reader: ConfigurationReader, _ venue: String) -> Parts? {
        func secret(_ part: String, _ help: String) -> Secret? {
            let key = "keys.\(venue).\(part)"
            if let path = reader.optionalString("\(key)_file"), let problem = problem(ofFile: path) {
                reader.note("\(key)_file", "\"\(path)\" \(problem.what)", problem.mend)
                return nil
            }
            return reader.secret(key, help: help)
        }
        let name = secret("key", "name of the key")
        let value = secret("secret", "its secret, or PEM text")
        let passphrase = secret("passphrase", "its passphrase, where the venue has one")
        guard name != nil || value != nil || passphrase != nil else { return nil }
        guard let name, let value else {
            let missing = name == nil ? "key" : "secret"
            reader.note("keys.\(venue).\(missing)", "is missing", "key and secret belong together")
            return nil
        }
        return (name.withBytes { String(decoding: $0, as: UTF8.self) }, value, passphrase)
    }

    // MARK: The file

    private static func open(_ path: String, _ reader: ConfigurationReader) -> ConfigurationReader? {
        if let problem = problem(ofFile: path) {
            reader.note("--keys", "\"\(path)\" \(problem.what)", problem.mend)
            return nil
        }
        var sources = ConfigurationSources()
        sources.addFile(path)
        return ConfigurationReader(sources)
    }

    private static func inFile(
        _ file: ConfigurationReader,
        _ venue: String,
        _ reader: ConfigurationReader
    ) -> Parts? {
        func secret(_ part: String) -> Secret? {
            let key = "keys.\(venue).\(part)"
            if let path = file.optionalString("\(key)_file") {
                if let problem = problem(ofFile: path) {
                    file.note("\(key)_file", "\"\(path)\" \(problem.what)", problem.mend)
                    return nil
                }
                guard let text = TextFile.read(path) else {
                    file.note("\(key)_file", "\"\(path)\" can't be read", "name a readable file")
                    return nil
                }
                return Secret(text.utf8.reversed().drop { $0 == 10 || $0 == 13 }.reversed())
            }
            return file.optionalString(key).map { Secret($0.utf8) }
        }
        let name = secret("key")
        let value = secret("secret")
        let passphrase = secret("passphrase")
        guard let name, let value else {
            if file.names(below: "keys").contains(venue) {
                file.note("keys.\(venue)", "key or secret is missing", "they belong together")
            }
            return nil
        }
        return (name.withBytes { String(decoding: $0, as: UTF8.self) }, value, passphrase)
    }

    private static func finish(_ file: ConfigurationReader, _ path: String, _ reader: ConfigurationReader) {
        do throws(ConfigurationProblems) {
            try file.finish()
        } catch {
            for problem in error.all {
                let place = problem.place.isEmpty ? path : problem.place
                reader.note("\(place) \(problem.key)", problem.what, problem.mend)
            }
        }
    }

    /// Why a file may not hold a secret, or nil.
    private static func problem(ofFile path: String) -> (what: String, mend: String)? {
        var facts = stat()
        guard stat(path, &facts) == 0 else {
            return ("can't be read: \(PlatformError.text(errno))", "name a file that this user may read")
        }
        guard facts.st_mode & 0o007 == 0 else {
            return ("may be read or changed by everybody on this machine", "chmod 600 \(path)")
        }
        return nil
    }

    // MARK: Endpoints

    /// A key is shown to nobody on the way: plain HTTP only to this machine.
    private static func url(_ reader: ConfigurationReader, _ key: String, _ standard: String) -> String {
        let url = reader.url(
            key,
            default: standard,
            schemes: ["https", "http"],
            help: "where the venue is asked"
        )
        let isLocal = ["http://127.0.0.1", "http://localhost", "http://[::1]"].contains { start in
            url.hasPrefix(start) && [nil, ":", "/"].contains(url.dropFirst(start.count).first)
        }
        if url.hasPrefix("http://"), !isLocal {
            reader.note(key, "would show the key to everybody on the way", "use https")
        }
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}
