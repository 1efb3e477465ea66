// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets
import Lifecycle

extension WebSocketLoop {
    /// Begins a connection; the handler is kept until its end was told.
    ///
    /// - Thread: the loop's.
    /// - Throws: ``WebSocketError`` when the request is unusable or the loop can't take it. Everything that fails later
    ///   comes as a close, after this call returned.
    public func connect(
        _ request: WebSocketRequest,
        handler: any WebSocketHandler
    ) throws(WebSocketError) -> WebSocketConnectionID {
        let url = try WebSocketURL(request.url)
        try request.validate()
        guard isOnLoop, shared.withLock({ $0.phase == .running }) else {
            throw WebSocketError(code: .notRunning, message: "connect needs the running loop's own thread")
        }
        guard connections.count < Self.connectionLimit, bound.count < Self.connectionLimit else {
            throw WebSocketError(
                code: .tooManyConnections,
                message: "the loop holds \(Self.connectionLimit) connections"
            )
        }
        let id = nextID()
        let connection = Connection(id: id, url: url, request: request, handler: handler, loop: self)
        connections[id] = connection
        counters.connects.wrappingAdd(1, ordering: .relaxed)
        connection.deadline = schedule(afterMilliseconds: request.connectTimeoutMilliseconds) {
            [unowned self] in
            self.connectTimedOut(id)
        }
        if HostLookup.isNumeric(url.host) {
            lookedUp(id, .success([url.host]))
        } else {
            HostLookup.start(url.host) { [weak self] answer in
                self?.execute { [weak self] in self?.lookedUp(id, answer) }
            }
        }
        return id
    }

    /// Queues a text message.
    ///
    /// - Thread: the loop's.
    public func send(text: UnsafeRawBufferPointer, on id: WebSocketConnectionID) -> SendResult {
        assert(isOnLoop)
        guard let connection = connections[id], connection.state == .open, let wsi = connection.wsi else {
            return .closed
        }
        guard connection.sendQueue.push(text, limit: connection.request.sendQueueLimit) else {
            counters.sendsRefused.wrappingAdd(1, ordering: .relaxed)
            return .full
        }
        lws_callback_on_writable(wsi)
        return .queued
    }

    /// Queues a text message.
    ///
    /// - Thread: the loop's.
    public func send(text: [UInt8], on id: WebSocketConnectionID) -> SendResult {
        text.withUnsafeBytes { send(text: $0, on: id) }
    }

    /// Sends a ping as soon as the socket takes it; the answer comes as a pong.
    ///
    /// - Thread: the loop's.
    @discardableResult
    public func ping(_ id: WebSocketConnectionID) -> SendResult {
        assert(isOnLoop)
        guard let connection = connections[id], connection.state == .open, let wsi = connection.wsi else {
            return .closed
        }
        connection.pingWanted = true
        lws_callback_on_writable(wsi)
        return .queued
    }

    /// Closes a connection with a code, or gives up the attempt to make it; messages still waiting are dropped.
    ///
    /// The close is told later, in any case within about a second. Codes that may not be sent (1005, 1006, 1015, those
    /// below 1000 or above 4999) become 1000.
    ///
    /// - Thread: the loop's.
    public func close(_ id: WebSocketConnectionID, code: UInt16 = 1000) {
        assert(isOnLoop)
        guard let connection = connections[id], connection.verdict == nil else { return }
        let isSendable = (1000...4999).contains(code) && ![1005, 1006, 1015].contains(code)
        let sent: UInt16 = isSendable ? code : 1000
        let reason = WebSocketCloseReason(.localClose(code: sent))
        connection.verdict = reason
        guard let wsi = connection.wsi else {
            deferEnd(connection, reason)
            return
        }
        guard connection.state == .open else {
            md_ws_kill_soon(wsi)
            return
        }
        connection.state = .closing
        lws_callback_on_writable(wsi)
        limitClosing(connection)
    }

    /// Ends a closing connection by force when the server does not answer the close frame.
    func limitClosing(_ connection: Connection) {
        let id = connection.id
        if let deadline = connection.deadline { timers.cancel(deadline) }
        connection.deadline = schedule(afterMilliseconds: Self.closeTimeoutMilliseconds) { [unowned self] in
            guard let wsi = self.connections[id]?.wsi else { return }
            md_ws_kill_soon(wsi)
        }
    }

    private func connectTimedOut(_ id: WebSocketConnectionID) {
        guard let connection = connections[id], connection.verdict == nil else { return }
        let reason = WebSocketCloseReason(
            .connectTimeout,
            "not open after \(connection.request.connectTimeoutMilliseconds) ms"
        )
        connection.verdict = reason
        if let wsi = connection.wsi {
            md_ws_kill_soon(wsi)
        } else {
            deferEnd(connection, reason)
        }
    }

    private func lookedUp(_ id: WebSocketConnectionID, _ answer: HostLookup.Answer) {
        guard let connection = connections[id], connection.verdict == nil else { return }
        switch answer {
        case .failure(let failure):
            let reason = WebSocketCloseReason(.dns, failure.message)
            connection.verdict = reason
            deferEnd(connection, reason)
        case .success(let addresses):
            connection.addresses = addresses
            deferAttempt(connection)
        }
    }

    /// The library composes the upgrade in the buffer that it also receives into: never connect inside a callback.
    private func deferAttempt(_ connection: Connection) {
        deferred.append { [unowned self] in self.attempt(connection) }
    }

    func deferEnd(_ connection: Connection, _ reason: WebSocketCloseReason) {
        deferred.append { [unowned self] in self.end(connection, reason) }
    }

    private func attempt(_ connection: Connection) {
        guard connection.verdict == nil, connection.state == .resolving else { return }
        guard let context = shared.withLock({ $0.context }), !connection.addresses.isEmpty else { return }
        let address = connection.addresses.removeFirst()
        connection.state = .attempting
        bound[connection.id] = connection
        let url = connection.url
        let wsi = address.withCString { address in
            url.target.withCString { path in
                url.hostHeader.withCString { host in
                    var settings = md_ws_connect_settings(
                        address: address,
                        port: Int32(url.port),
                        tls: url.isTLS,
                        path: path,
                        host_header: host,
                        user: Unmanaged.passUnretained(connection).toOpaque()
                    )
                    return md_ws_connect(context.pointer, &settings)
                }
            }
        }
        if let wsi {
            connection.wsi = wsi
            connection.state = .connecting
        } else {
            bound[connection.id] = nil
            failed(connection, WebSocketCloseReason(.refused, "can't connect to port \(url.port)"))
        }
    }

    /// An attempt failed: the next address, or the end.
    func failed(_ connection: Connection, _ reason: WebSocketCloseReason) {
        connection.wsi = nil
        if connection.verdict == nil, reason.kind == .refused, !connection.addresses.isEmpty {
            connection.state = .resolving
            deferAttempt(connection)
        } else {
            end(connection, connection.verdict ?? reason)
        }
    }

    func opened(_ connection: Connection) {
        connection.state = .open
        if let deadline = connection.deadline { timers.cancel(deadline) }
        counters.opens.wrappingAdd(1, ordering: .relaxed)
        if connection.request.pingIntervalMilliseconds != nil { schedulePing(connection.id) }
        connection.handler.webSocketDidOpen(connection.id)
    }

    /// Tells the end, once.
    func end(_ connection: Connection, _ reason: WebSocketCloseReason) {
        guard connection.state != .ended else { return }
        connection.state = .ended
        if let deadline = connection.deadline { timers.cancel(deadline) }
        if let pingTimer = connection.pingTimer { timers.cancel(pingTimer) }
        connections[connection.id] = nil
        counters.countClose(reason.kind)
        connection.handler.webSocketDidClose(connection.id, reason: reason)
    }

    /// The library's handle is gone and the end was told: nothing refers to the connection any more.
    func unbind(_ connection: Connection) {
        bound[connection.id] = nil
    }

    private func schedulePing(_ id: WebSocketConnectionID) {
        guard let connection = connections[id], let interval = connection.request.pingIntervalMilliseconds
        else {
            return
        }
        connection.hasReceivedSincePing = false
        connection.pingTimer = schedule(afterMilliseconds: interval) { [unowned self] in
            guard let connection = self.connections[id], connection.state == .open else { return }
            if connection.hasReceivedSincePing {
                self.schedulePing(id)
            } else {
                self.pingAndWait(connection)
            }
        }
    }

    private func pingAndWait(_ connection: Connection) {
        let id = connection.id
        ping(id)
        let patience =
            connection.request.pongTimeoutMilliseconds ?? connection.request.pingIntervalMilliseconds ?? 0
        connection.pingTimer = schedule(afterMilliseconds: patience) { [unowned self] in
            guard let connection = self.connections[id], connection.state == .open else { return }
            guard !connection.hasReceivedSincePing else { return self.schedulePing(id) }
            connection.verdict = WebSocketCloseReason(
                .pingTimeout,
                "nothing came for \(patience) ms after a ping"
            )
            if let wsi = connection.wsi { md_ws_kill_soon(wsi) }
        }
    }
}
