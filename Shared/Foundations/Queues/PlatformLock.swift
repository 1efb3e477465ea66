// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// A value that one thread at a time may touch, under the C library's mutex.
///
/// Not `Synchronization.Mutex`: its lock on Linux lies in a library that the thread sanitizer can't see into, so that
/// every use would be reported as a race; and it spins for long under contention.
///
/// - Thread: any. Allocates: once, when made.
public final class PlatformLock<Value: ~Copyable>: @unchecked Sendable {
    // Safety: `value` is touched only between lock and unlock of `mutex`; both pointers are set once.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    /// Makes an unlocked lock around the value.
    public init(_ initial: consuming sending Value) {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
        value.deinitialize(count: 1)
        value.deallocate()
    }

    /// Runs the body with the value; others wait.
    ///
    /// The body must not lock the same lock again, or wait for anything.
    public func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }
}
