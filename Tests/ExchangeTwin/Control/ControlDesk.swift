// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The control port: faults in, counts and the log out.
struct ControlDesk {
    let twin: Twin

    func answer(_ request: HTTPRequest) -> HTTPAnswer {
        switch (request.method, request.path) {
        case ("GET", "/stats"): return HTTPAnswer(buffer: twin.statistics)
        case ("GET", "/faults"): return HTTPAnswer(json: twin.board.listing)
        case ("GET", "/log"): return log(request)
        case ("POST", "/fault"): return fault(request)
        case ("GET", "/book"):
            return twin.book(request).map { HTTPAnswer(buffer: $0) }
                ?? HTTPAnswer(status: 404, json: "{\"error\":\"no such market\"}")
        case ("POST", "/pause"):
            twin.pause()
            return HTTPAnswer(json: "{\"paused\":true}")
        case ("POST", "/resume"):
            twin.resume()
            return HTTPAnswer(json: "{\"paused\":false}")
        case ("POST", "/clock"):
            twin.nearMinutesEnd(within: request.integer("minute_ends_in_ms") ?? 60_000)
            return HTTPAnswer(json: "{\"now_ms\":\(twin.venueTime)}")
        case ("POST", "/shutdown"):
            twin.stop()
            return HTTPAnswer(json: "{\"stopping\":true}")
        default: return HTTPAnswer(status: 404, json: "{\"error\":\"no such path\"}")
        }
    }

    private func log(_ request: HTTPRequest) -> HTTPAnswer {
        let offset = Int(request.parameter("offset") ?? "0") ?? 0
        let limit = Int(request.parameter("limit") ?? "16777216") ?? 0
        guard let bytes = twin.sentLog.read(offset: offset, limit: limit) else {
            return HTTPAnswer(status: 404, json: "{\"error\":\"started without --log\"}")
        }
        var answer = HTTPAnswer()
        answer.type = "application/x-ndjson"
        answer.body = bytes
        return answer
    }

    private func fault(_ request: HTTPRequest) -> HTTPAnswer {
        let parsed = request.body.withUnsafeBufferPointer { try? JSONReader.read($0) }
        guard let parsed, let fault = Fault(parsed) else {
            let kinds = FaultKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
            return HTTPAnswer(
                status: 400,
                json: "{\"error\":\"unknown kind or bad JSON\",\"kinds\":[\(kinds)]}"
            )
        }
        let (id, matched) = twin.board.start(fault)
        return HTTPAnswer(json: "{\"id\":\(id),\"matched\":\(matched)}")
    }
}
