// Part of MarketBus. Apache License 2.0, see LICENSE.

import Foundation
import JSONView

/// The recorded messages, where `MARKETBUS_RECORDED_DATA` names their folder.
public enum RecordedData {
    /// The folder, or nil.
    public static var folder: String? { ProcessInfo.processInfo.environment["MARKETBUS_RECORDED_DATA"] }

    /// The lines of a file.
    ///
    /// - Throws: the system's error when the file can't be read.
    public static func lines(_ path: String) throws -> [String] {
        let text = try String(contentsOfFile: (folder ?? "") + "/" + path, encoding: .utf8)
        return text.split(separator: "\n").map(String.init)
    }

    /// The bodies of a file of the `rest` form.
    ///
    /// - Throws: the system's error when the file can't be read.
    public static func bodies(_ path: String) throws -> [String] {
        try lines(path).compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["msg"] as? String
        }
    }
}
