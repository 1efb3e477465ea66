// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// OKX's WebSocket side: one ack per argument, errors 60012 and 60018, text pings, as the sheet's section 2 gives them.
final class OKXDesk {
    private let exchange: Exchange
    private static let silent = [
        "tickers", "books", "books5", "funding-rate", "open-interest", "mark-price", "index-tickers",
        "instruments",
        "price-limit", "status", "liquidation-orders", "estimated-price",
    ]

    init(exchange: Exchange) { self.exchange = exchange }

    func received(_ message: [UInt8], on connection: Connection, now: Int) {
        if message == Array("ping".utf8) {
            connection.session.lastSent = now
            return connection.send(text: "pong")
        }
        let parsed = message.withUnsafeBufferPointer { try? JSONReader.read($0) }
        guard let parsed, let operation = parsed["op"]?.string, let arguments = parsed["args"]?.items,
            ["subscribe", "unsubscribe", "login"].contains(operation), message.count <= 65536
        else {
            let echo = "Invalid request: \(String(decoding: message.prefix(65536), as: UTF8.self))"
            return fail(connection, parsed?["id"], "60012", echo)
        }
        let hour = 3_600_000_000_000
        if exchange.options.limits, !connection.session.subscribes.take(now: now, limit: 480, span: hour) {
            return fail(connection, parsed["id"], "60014", "Requests too frequent")
        }
        guard operation != "login" else { return fail(connection, parsed["id"], "60009", "Login failed.") }
        for argument in arguments {
            if operation == "subscribe" {
                subscribe(connection, argument, id: parsed["id"])
            } else {
                unsubscribe(connection, argument, id: parsed["id"])
            }
        }
    }

    // MARK: - Streams

    private func subscribe(_ connection: Connection, _ argument: JSONText, id: JSONText?) {
        let channel = argument["channel"]?.string ?? ""
        let symbol = argument["instId"]?.string ?? ""
        if let (code, text) = refusal(connection, channel, symbol, argument) {
            return fail(connection, id, code, text)
        }
        confirm(connection, "subscribe", argument, id: id)
        let name = "\(channel):\(symbol)"
        let segment = OKXDesk.segment(symbol)
        guard !exchange.publisher.faults.silencesNew(.okx, segment, name, connection) else {
            connection.session.silenced.append(name)
            return
        }
        let kind = channel == "bbo-tbt" ? "bbo" : channel == "trades" ? "trade" : channel
        let stream = exchange.registry.stream(.okx, segment, name, symbol: symbol, kind: kind)
        let known = exchange.instrument(.okx, segment, symbol)
        exchange.join(connection, stream, known)
        if let known { exchange.sayCurrent(known, stream, to: connection) }
    }

    /// Why a subscription is turned down, nil if it is not.
    private func refusal(
        _ connection: Connection,
        _ channel: String,
        _ symbol: String,
        _ argument: JSONText
    ) -> (String, String)? {
        let business = connection.session.endpoint?.route == .business
        let recorded = exchange.player.knows(.okx, "\(channel):\(symbol)")
        if channel == "books-l2-tbt" && !recorded {
            return ("60029", "Only users who are VIP5 and above are allowed.")
        }
        if channel == "books50-l2-tbt" && !recorded {
            return ("60030", "Only users who are VIP4 and above are allowed.")
        }
        let place =
            business
            ? channel.hasPrefix("candle") || channel.contains("-candle") || channel == "trades-all"
            : ["trades", "bbo-tbt"].contains(channel) || OKXDesk.silent.contains(channel) || recorded
        let named = exchange.instrument(.okx, OKXDesk.segment(symbol), symbol) != nil
        let whole = symbol.isEmpty && argument["instType"] != nil && OKXDesk.silent.contains(channel)
        let known =
            recorded || named || whole || exchange.player.hasSymbol(.okx, symbol)
            || channel.hasPrefix("index")
        guard !place || !known else { return nil }
        return (
            "60018",
            "Wrong URL or channel:\(channel),instId:\(symbol) doesn't exist. Please use the correct URL, channel and "
                + "parameters referring to API document."
        )
    }

    private func unsubscribe(_ connection: Connection, _ argument: JSONText, id: JSONText?) {
        let name = "\(argument["channel"]?.string ?? ""):\(argument["instId"]?.string ?? "")"
        connection.session.silenced.removeAll { $0 == name }
        if let stream = exchange.registry.find(.okx, .spot, name) {
            exchange.registry.unsubscribe(connection, from: stream)
        }
        confirm(connection, "unsubscribe", argument, id: id)
    }

    static func segment(_ symbol: String) -> Segment {
        let parts = symbol.split(separator: "-")
        guard parts.count > 2 else { return .spot }
        return parts[1] == "USD" ? .inverse : .linear
    }

    // MARK: - Control frames

    private func confirm(_ connection: Connection, _ event: String, _ argument: JSONText, id: JSONText?) {
        let out = ByteBuffer()
        out.append(123)
        write(id, into: out)
        out.append(text: "\"event\":\"\(event)\",\"arg\":")
        argument.write(to: out)
        out.append(text: ",\"connId\":\"\(connection.session.connectionName)\"}")
        send(connection, out)
    }

    private func fail(_ connection: Connection, _ id: JSONText?, _ code: String, _ text: String) {
        let out = ByteBuffer()
        out.append(123)
        write(id, into: out)
        out.append(text: "\"event\":\"error\",\"code\":\"\(code)\",\"msg\":")
        out.appendQuoted(text)
        out.append(text: ",\"connId\":\"\(connection.session.connectionName)\"}")
        send(connection, out)
    }

    private func write(_ id: JSONText?, into out: ByteBuffer) {
        guard let id else { return }
        out.append("\"id\":")
        id.write(to: out)
        out.append(44)
    }

    private func send(_ connection: Connection, _ out: ByteBuffer) {
        connection.send(text: out.text)
        connection.session.lastSent = md_monotonic_nanos().asInt
    }

    /// Closes a connection to which nothing was sent for too long.
    func keep(_ connection: Connection, now: Int) {
        let quiet = now - max(connection.session.lastSent, connection.openedAt)
        guard quiet > exchange.options.okxIdleMilliseconds * 1_000_000 else { return }
        connection.close(code: 4004, reason: "No data received in 30s.")
    }
}
