// Part of MarketBus. Apache License 2.0, see LICENSE.

import JSONView

/// The endpoints that the exchange-twin says in its first line.
struct TwinReady {
    /// Configuration keys with their URLs: `venues.binance.endpoints.spot_ws`.
    private(set) var endpoints: [String: String] = [:]
    /// Its port.
    private(set) var port: UInt16 = 0

    /// Nil where the line is no ready line.
    init?(_ line: String, _ scanner: JSONScanner) {
        guard line.hasPrefix("{\"twin\":\"ready\"") else { return nil }
        var copy = line
        let isRead = copy.withUTF8 { bytes in
            do throws(JSONError) {
                var cursor = try scanner.scan(UnsafeRawBufferPointer(bytes))
                try cursor.enterObject()
                while let key = try cursor.nextKey() {
                    switch key.string {
                    case "endpoints": try readVenues(&cursor)
                    case "port": port = UInt16(exactly: try cursor.integer()) ?? 0
                    default: try cursor.skip()
                    }
                }
                return true
            } catch {
                return false
            }
        }
        guard isRead, !endpoints.isEmpty else { return nil }
    }

    private mutating func readVenues(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.enterObject()
        while let venue = try cursor.nextKey()?.string {
            try cursor.enterObject()
            while let name = try cursor.nextKey()?.string {
                endpoints["venues.\(venue).endpoints.\(name)"] = try cursor.string().string
            }
        }
    }
}
