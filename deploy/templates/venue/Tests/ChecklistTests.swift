// Part of MarketBus. Apache License 2.0, see LICENSE.

import Testing
import VenueKit
import __NAME__

/// What the template leaves to be filled in: take an item out when it is done.
enum Checklist {
    static let open = [
        "Shared/Venues/__NAME__/Venue.swift: heartbeat, limits and markets, each with its place in the documents",
        "Shared/Venues/__NAME__/Symbols.swift: the venue's naming rule in both directions, contracts too",
        "Shared/Venues/__NAME__/Subscriptions.swift: the documented messages, batches and acknowledgements",
        "Shared/Venues/__NAME__/Decoder.swift and Fields.swift: the venue's frames, the taker's side, units of size",
        "Shared/Venues/__NAME__/BookSync.swift: the recipe for books step by step, or why there are none",
        "Shared/Venues/__NAME__/RESTCalls.swift: instruments, and what of VenueQuery the venue answers",
        "Shared/Venues/__NAME__/SigningRecipe.swift: what is signed, with a test vector of the documents",
        "Shared/Venues/__NAME__/ErrorTable.swift: the venue's codes and what each asks of us",
        "Tests/Venues/__NAME__Tests/Frames.swift: frames of the venue's documents, or recorded ones, with their source",
    ]
}

/// Fails until the template has become a venue.
struct ChecklistTests {
    @Test(arguments: Checklist.open)
    func `this is still to be filled in`(_ item: String) {
        Issue.record("fill in \(item)")
    }

    @Test func `addresses are the venue's own`() {
        for endpoint in __NAME__Venue().profile.endpoints where endpoint.url.contains(".invalid") {
            Issue.record("fill in Shared/Venues/__NAME__/Venue.swift: the URL of \(endpoint.name) is \(endpoint.url)")
        }
    }
}
