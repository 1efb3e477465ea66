// Part of MarketBus. Apache License 2.0, see LICENSE.

import CPlatform

/// What the operator or the machine asks of a service.
public enum ServiceSignal: Sendable {
    /// SIGTERM or SIGINT.
    case stop
    /// SIGHUP.
    case reload
}

/// Where a service's signals arrive.
///
/// - Thread: `send` from any thread; the service group reads.
public final class SignalInbox: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32
    private let isProcess: Bool
    private static let hangUp: UInt8 = 1

    /// The process's own signals: from now on SIGTERM, SIGINT and SIGHUP arrive here, and SIGPIPE is ignored.
    ///
    /// The handlers only write a byte, so it does not matter which thread is interrupted.
    ///
    /// - Throws: ``PlatformError`` when the machine refuses the pipe or the handlers.
    public static func process() throws(PlatformError) -> SignalInbox {
        let inbox = try SignalInbox(isProcess: true)
        let error = md_signals_to_fd(inbox.writeEnd)
        guard error == 0 else { throw PlatformError(operation: "install signal handlers", code: error) }
        return inbox
    }

    /// An inbox without real signals, for tests.
    ///
    /// - Throws: ``PlatformError`` when the process has no descriptor left.
    public static func manual() throws(PlatformError) -> SignalInbox {
        try SignalInbox(isProcess: false)
    }

    private init(isProcess: Bool) throws(PlatformError) {
        var ends: (read: Int32, write: Int32) = (-1, -1)
        let error = md_pipe(&ends.read, &ends.write)
        guard error == 0 else { throw PlatformError(operation: "create signal pipe", code: error) }
        (readEnd, writeEnd) = ends
        self.isProcess = isProcess
    }

    /// Does what the signal would do.
    public func send(_ signal: ServiceSignal) {
        _ = md_write_byte(writeEnd, signal == .reload ? Self.hangUp : 15)
    }

    /// The next signal that has arrived, or nil.
    func next() -> ServiceSignal? {
        let byte = md_read_byte(readEnd)
        guard byte >= 0 else { return nil }
        return byte == Int32(Self.hangUp) ? .reload : .stop
    }

    deinit {
        if isProcess { md_signals_default() }
        md_close(readEnd)
        md_close(writeEnd)
    }
}
