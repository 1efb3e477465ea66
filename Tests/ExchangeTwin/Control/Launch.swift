// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

/// Starts the twin from a command line and serves until it is told to stop; returns the exit code.
func launch(_ arguments: [String]) -> Int32 {
    let options: Options
    do throws(OptionsProblem) {
        options = try Options(arguments)
    } catch {
        return complain(error.text, code: 64)
    }
    if options.help {
        print("exchange-twin: the exchanges on loopback. The flags are in Tests/ExchangeTwin/README.md.")
        return 0
    }
    if options.printConfiguration {
        print(options.configuration)
        return 0
    }
    guard let log = SentLog(path: options.log, frames: options.logFrames) else {
        return complain("can't write the log file", code: 64)
    }
    guard let player = SessionPlayer(options: options),
        let answers = RecordedAnswers(files: options.instruments)
    else {
        return complain("can't read a session or instruments file", code: 64)
    }
    var tls: TLSContext?
    if let certificate = options.certificate, let key = options.key {
        tls = TLSContext(certificate: certificate, key: key)
        if tls == nil { return complain("can't use the certificate: \(TLSContext.lastError)", code: 64) }
    }
    let server = Server(host: options.host, tls: tls)
    guard let port = server.listen(.exchange, port: options.port),
        let control = server.listen(.control, port: options.controlPort)
    else { return complain("can't listen: the port is taken", code: 69) }
    let twin = Twin(options: options, server: server, log: log, player: player, answers: answers)
    print(twin.readyLine(port: port, control: control, secure: tls != nil))
    fflush(nil)
    return twin.run() ? 0 : complain("can't read the script", code: 64)
}

private func complain(_ text: String, code: Int32) -> Int32 {
    let line = "exchange-twin: \(text)\n"
    _ = write(STDERR_FILENO, line, line.utf8.count)
    return code
}
