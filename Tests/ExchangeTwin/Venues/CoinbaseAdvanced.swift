// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

// What clients say to Advanced Trade: one channel a message, tokens where they are demanded or shown.
extension CoinbaseDesk {
    func receivedAdvanced(_ message: JSONText, subscribe: Bool, on connection: Connection) {
        let name = message["channel"]?.string ?? ""
        let known = CoinbaseChannel(advanced: name)
        let isPrivate = name == "user" || name == "futures_balance_summary"
        guard known != nil || isPrivate else { return fail(connection, "unknown channel \(name)", nil) }
        let token = message["jwt"]?.string
        let isDemanded = isPrivate || exchange.options.venues.coinbaseNeedsToken
        if subscribe, token != nil || isDemanded, !isValid(token ?? "") {
            fail(connection, "authentication failure", nil)
            return connection.finish("authentication failure")
        }
        let given = message["product_ids"]?.items?.compactMap(\.string) ?? []
        let wanted = given.map(resolve)
        if let unknown = zip(given, wanted).first(where: { find($0.1) == nil })?.0 {
            return fail(connection, "unknown product_id \(unknown)", nil)
        }
        guard let channel = known else {
            connection.session.subscribed = true
            return acknowledgeAdvanced(connection)
        }
        let products = channel == .heartbeats ? [""] : wanted
        guard !products.isEmpty || !subscribe else { return fail(connection, "product_ids are missing", nil) }
        connection.session.subscribed = connection.session.subscribed || subscribe
        if subscribe {
            acknowledgeAdvanced(connection, adding: products.map { "\(channel.rawValue):\($0)" })
            for product in products { join(connection, channel, product) }
        } else {
            drop(connection, channel, products)
            acknowledgeAdvanced(connection)
        }
    }

    /// `BTC-USDC` is another name of `BTC-USD`, and frames carry the latter.
    private func resolve(_ product: String) -> String {
        guard find(product) == nil, product.hasSuffix("-USDC") else { return product }
        return String(product.dropLast())
    }

    private func drop(_ connection: Connection, _ channel: CoinbaseChannel, _ products: [String]) {
        for product in products {
            let name = "\(channel.rawValue):\(product)"
            connection.session.silenced.removeAll { $0 == name }
            guard let stream = exchange.registry.find(.coinbase, .spot, name) else { continue }
            exchange.registry.unsubscribe(connection, from: stream)
        }
    }

    /// All that is active now, and what is about to be, as a frame of the channel `subscriptions`.
    private func acknowledgeAdvanced(_ connection: Connection, adding new: [String] = []) {
        var order: [String] = []
        var products: [String: [String]] = [:]
        for name in connection.session.streams.map(\.name) + connection.session.silenced + new {
            let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, let channel = CoinbaseChannel(rawValue: parts[0]) else { continue }
            let word = channel == .advancedLevel2 ? "level2" : channel.frameName
            if products[word] == nil { order.append(word) }
            let product = parts[1].isEmpty ? word : parts[1]
            if products[word]?.contains(product) != true { products[word, default: []].append(product) }
        }
        let members = order.map { word in
            (key: word, value: JSONText.array((products[word] ?? []).map(JSONText.string)))
        }
        let out = ByteBuffer()
        out.append(envelope("subscriptions", connection))
        out.append("{\"subscriptions\":")
        JSONText.object(members).write(to: out)
        out.append("}]}")
        connection.send(text: out.text)
    }

    // MARK: - Tokens

    /// Form and times of a token: three parts, ES256 or EdDSA, a key name, at most 120 seconds, not over.
    ///
    /// The signature's size is checked, its value is not: the twin has no public key.
    private func isValid(_ token: String) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let header = CoinbaseDesk.json(parts[0]),
            let payload = CoinbaseDesk.json(parts[1]),
            CoinbaseDesk.decode(parts[2])?.count == 64
        else { return false }
        guard ["ES256", "EdDSA"].contains(header["alg"]?.string ?? ""),
            header["kid"]?.string?.isEmpty == false,
            header["nonce"]?.string?.isEmpty == false
        else { return false }
        let now = md_wall_nanos().asInt / 1_000_000_000
        guard payload["sub"]?.string == header["kid"]?.string, payload["iss"]?.string == "cdp",
            let from = payload["nbf"]?.integer, let until = payload["exp"]?.integer
        else { return false }
        return payload["uri"] == nil && from <= now + 30 && until > now && until - from <= 120
    }

    private static func json(_ part: Substring) -> JSONText? {
        decode(part).flatMap { bytes in bytes.withUnsafeBufferPointer { try? JSONReader.read($0) } }
    }

    /// The bytes of base64url without padding.
    private static func decode(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var bits = 0
        var held = 0
        for byte in text.utf8 {
            let value: Int
            switch byte {
            case 65...90: value = Int(byte) - 65
            case 97...122: value = Int(byte) - 71
            case 48...57: value = Int(byte) + 4
            case 45: value = 62
            case 95: value = 63
            default: return nil
            }
            held = (held << 6 | value) & 0xFFFF
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> bits))
            }
        }
        return bytes
    }
}
