// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How far two words are from each other, for "did you mean".
public enum Spelling {
    /// The number of insertions, removals and replacements of bytes that make one word the other.
    ///
    /// Allocates: three arrays of the words' lengths.
    public static func distance(_ word: String, _ other: String) -> Int {
        let (left, right) = (Array(word.utf8), Array(other.utf8))
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let replaced = diagonal + (a == b ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
            }
        }
        return row[right.count]
    }
}
