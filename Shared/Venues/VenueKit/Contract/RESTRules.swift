// Part of MarketBus. Apache License 2.0, see LICENSE.

/// How much a venue lets one address ask of some of its REST endpoints together.
public struct RESTBudgetRule: Sendable {
    /// The names of the endpoints that share it.
    public var endpoints: [String]
    /// The weight that may be spent within the window, in the unit of ``VenueCall/weight``.
    public var limit: RateLimit
    /// Requests under way at once.
    public var concurrent: Int
    /// The response header that says how much of the window's weight is spent, in lower case.
    public var usedHeader: String?
    /// The one that says how much is left.
    public var remainingHeader: String?
    /// The one that says how much there is.
    public var limitHeader: String?

    /// Makes a rule.
    public init(
        endpoints: [String],
        limit: RateLimit,
        concurrent: Int = 4,
        usedHeader: String? = nil,
        remainingHeader: String? = nil,
        limitHeader: String? = nil
    ) {
        self.endpoints = endpoints
        self.limit = limit
        self.concurrent = concurrent
        self.usedHeader = usedHeader
        self.remainingHeader = remainingHeader
        self.limitHeader = limitHeader
    }
}

/// How a venue gives past trades of an instrument, by ``VenueQuery/trades(limit:beforeID:)``.
public struct TradeHistory: Sendable {
    /// Whether its trade ids grow one by one, so that an id left out is a trade missed.
    public var isGapless: Bool
    /// Whether each row is one id; else a row may stand for several, and nobody can count what is missing.
    public var hasSingleRows: Bool
    /// Whether trades before an id can be asked for; else only the newest page can be had.
    public var pages: Bool
    /// The rows of one page.
    public var rows: Int

    /// Makes a description.
    public init(isGapless: Bool, hasSingleRows: Bool, pages: Bool, rows: Int) {
        self.isGapless = isGapless
        self.hasSingleRows = hasSingleRows
        self.pages = pages
        self.rows = rows
    }
}
