// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Which keys must not be shown.
enum Redaction {
    private static let words = [
        "password", "secret", "token", "passphrase", "jaas", "credential", "api_key", "pem",
    ]

    static func isSensitive(_ key: String) -> Bool {
        let name = key.lowercased()
        // A path is not the secret itself.
        if name.hasSuffix("_file") || name.hasSuffix(".location") { return false }
        return words.contains(where: name.contains)
    }

    /// The text with the password of `scheme://user:password@host` removed.
    static func withoutPassword(_ text: String) -> String {
        guard let scheme = text.range(of: "://") else { return text }
        let rest = text[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return "\(text[..<scheme.upperBound])***\(rest[at...])"
    }
}

/// Whether a text has the shape of a URL that an edge can connect to.
enum URLShape {
    /// What is wrong, or nil.
    static func problem(in text: String, schemes: [String]) -> String? {
        guard let mark = text.range(of: "://") else { return "no scheme" }
        let scheme = String(text[..<mark.lowerBound])
        guard schemes.contains(scheme) else {
            return "the scheme must be " + schemes.joined(separator: " or ")
        }
        let rest = text[mark.upperBound...]
        guard rest.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value < 0x7F }) else {
            return "spaces or odd characters"
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let host: Substring
        let port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return "the bracket is not closed" }
            host = authority[...end]
            port = Self.port(after: authority[authority.index(after: end)...])
        } else {
            host = authority.prefix { $0 != ":" }
            port = Self.port(after: authority.dropFirst(host.count))
        }
        guard !host.isEmpty else { return "no host" }
        if let port, !(1...65_535).contains(Int(port) ?? 0) { return "the port must be from 1 to 65535" }
        return nil
    }

    private static func port(after text: Substring) -> Substring? {
        text.isEmpty ? nil : text.dropFirst()
    }
}

/// The known word that the user most likely meant.
enum NearestWord {
    /// The nearest candidate, if it is near enough to be a slip of the hand.
    static func find(_ word: String, among candidates: [String]) -> String? {
        let limit = max(2, word.utf8.count / 4)
        var best: (distance: Int, word: String)?
        for candidate in candidates {
            let distance = Spelling.distance(word, candidate)
            if distance <= limit, distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.word
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at its ends.
    var trimmingSpaces: SubSequence {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var slice = drop(while: isSpace)
        while let last = slice.last, isSpace(last) { slice = slice.dropLast() }
        return slice
    }

    /// The first place of a short text.
    func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
