// Part of MarketBus. Apache License 2.0, see LICENSE.

import CWebSockets
import Glibc
import Synchronization

/// Turns a host name into numeric addresses without holding up the loop.
///
/// libwebsockets would call `getaddrinfo` on the service thread, where a slow name server stalls every connection.
enum HostLookup {
    /// The addresses in the system's order of preference, or the resolver's words.
    typealias Answer = Result<[String], Failure>

    struct Failure: Error {
        let message: String
    }

    private static let running = Atomic<Int>(0)
    private static let limit = 32

    /// Whether the text is a numeric address already.
    static func isNumeric(_ host: String) -> Bool {
        var v4 = in_addr()
        var v6 = in6_addr()
        return inet_pton(AF_INET, host, &v4) == 1 || inet_pton(AF_INET6, host, &v6) == 1
    }

    /// Looks up on a short-lived thread and calls back there.
    ///
    /// The thread is detached: `getaddrinfo` can't be interrupted and a stop must not wait for a name server. It touches
    /// nothing but the completion it was given.
    static func start(_ host: String, completion: @escaping @Sendable (Answer) -> Void) {
        guard running.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            running.wrappingSubtract(1, ordering: .relaxed)
            completion(.failure(Failure(message: "too many look-ups under way")))
            return
        }
        let job = Unmanaged.passRetained(Job(host: host, completion: completion))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            &attributes,
            { context in
                guard let context else { return nil }
                md_ws_name_thread("host-lookup")
                let job = Unmanaged<Job>.fromOpaque(context).takeRetainedValue()
                let answer = HostLookup.resolve(job.host)
                HostLookup.running.wrappingSubtract(1, ordering: .relaxed)
                job.completion(answer)
                return nil
            },
            job.toOpaque()
        )
        if status != 0 {
            job.release()
            running.wrappingSubtract(1, ordering: .relaxed)
            completion(.failure(Failure(message: "no thread for a look-up")))
        }
    }

    private final class Job: Sendable {
        let host: String
        let completion: @Sendable (Answer) -> Void

        init(host: String, completion: @escaping @Sendable (Answer) -> Void) {
            self.host = host
            self.completion = completion
        }
    }

    private static func resolve(_ host: String) -> Answer {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            return .failure(Failure(message: String(cString: gai_strerror(status))))
        }
        defer { freeaddrinfo(list) }
        var addresses: [String] = []
        var next = list
        while let entry = next?.pointee {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.ai_addr,
                entry.ai_addrlen,
                &text,
                socklen_t(text.count),
                nil,
                0,
                NI_NUMERICHOST
            ) == 0 {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                addresses.append(String(decoding: bytes, as: UTF8.self))
            }
            next = entry.ai_next
        }
        return addresses.isEmpty
            ? .failure(Failure(message: "no address")) : .success(Array(addresses.prefix(8)))
    }
}
