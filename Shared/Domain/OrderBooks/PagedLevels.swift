// Part of MarketBus. Apache License 2.0, see LICENSE.

/// Keys in ascending order, each with a size, in pages of at most 64: what a change moves is never more than a page.
///
/// The largest key is the best level, so the end is where a market moves. The directory (the largest key of each
/// page) is small enough to be searched in a few steps; pages that were emptied are used again.
///
/// - Thread: its owner's. Allocates: only when there are more pages than ever before.
struct PagedLevels<Key: Comparable & BitwiseCopyable, Size: BitwiseCopyable>: ~Copyable {
    /// The most levels of a page.
    static var pageCapacity: Int { 64 }
    /// A page with fewer is joined to its neighbour where both fit.
    static var pageMinimum: Int { 12 }

    /// Where a page's levels are, and how many.
    private struct Page {
        var keys: UnsafeMutablePointer<Key>
        var sizes: UnsafeMutablePointer<Size>
        var count: Int
    }

    /// How many levels it holds.
    private(set) var count = 0
    /// The largest key of each page; ascending.
    private var largest: UnsafeMutablePointer<Key>
    private var pages: UnsafeMutablePointer<Page>
    private var pageCount = 0
    private var directoryCapacity: Int
    private var spare: ContiguousArray<Page> = []

    /// Holds nothing.
    init() {
        directoryCapacity = 0
        largest = .allocate(capacity: directoryCapacity)
        pages = .allocate(capacity: directoryCapacity)
    }

    deinit {
        for index in 0..<pageCount { Self.free(pages[index]) }
        for page in spare { Self.free(page) }
        largest.deallocate()
        pages.deallocate()
    }

    private static func free(_ page: Page) {
        page.keys.deallocate()
        page.sizes.deallocate()
    }

    /// Forgets all levels and keeps the memory.
    mutating func removeAll() {
        for index in 0..<pageCount { spare.append(pages[index]) }
        pageCount = 0
        count = 0
    }

    // MARK: Looking

    /// The best level; nil where there is none.
    var best: (key: Key, size: Size)? {
        guard pageCount > 0 else { return nil }
        let page = pages[pageCount &- 1]
        return (page.keys[page.count &- 1], page.sizes[page.count &- 1])
    }

    /// The worst level; nil where there is none.
    var worst: (key: Key, size: Size)? {
        guard pageCount > 0 else { return nil }
        return (pages[0].keys[0], pages[0].sizes[0])
    }

    /// Shows levels, the best first, until `body` returns false.
    @inline(__always)
    func walk(_ body: (Key, Size) -> Bool) {
        var pageIndex = pageCount
        while pageIndex > 0 {
            pageIndex &-= 1
            let page = pages[pageIndex]
            var index = page.count
            while index > 0 {
                index &-= 1
                if !body(page.keys[index], page.sizes[index]) { return }
            }
        }
    }

    /// The size at a key; nil where there is no such level.
    func size(at key: Key) -> Size? {
        guard pageCount > 0 else { return nil }
        let pageIndex = findPage(key)
        let page = pages[pageIndex]
        let index = Self.lowerBound(page.keys, page.count, key)
        guard index < page.count, page.keys[index] == key else { return nil }
        return page.sizes[index]
    }

    // MARK: Changing

    /// Sets the size at a key; true where the level is new.
    @discardableResult
    @inline(__always)
    mutating func set(_ key: Key, _ size: Size) -> Bool {
        guard pageCount > 0 else {
            insertFirst(key, size)
            return true
        }
        let pageIndex = findPage(key)
        let page = pages[pageIndex]
        let index = Self.lowerBound(page.keys, page.count, key)
        if index < page.count, page.keys[index] == key {
            page.sizes[index] = size
            return false
        }
        insert(key, size, pageIndex, index)
        return true
    }

    /// Removes a level; false where there is no such level.
    @inline(__always)
    mutating func remove(_ key: Key) -> Bool {
        guard pageCount > 0 else { return false }
        let pageIndex = findPage(key)
        let page = pages[pageIndex]
        let index = Self.lowerBound(page.keys, page.count, key)
        guard index < page.count, page.keys[index] == key else { return false }
        remove(pageIndex, index)
        return true
    }

    /// Removes the worst levels until at most so many remain.
    mutating func cut(to limit: Int) {
        while count > limit, pageCount > 0 {
            let excess = count &- limit
            if pages[0].count <= excess {
                count &-= pages[0].count
                pages[0].count = 0
                dropPage(0)
            } else {
                let page = pages[0]
                let rest = page.count &- excess
                Self.move(page, from: excess, to: 0, rest)
                pages[0].count = rest
                count &-= excess
            }
        }
    }

    /// Replaces every level's numbers.
    ///
    /// The order must stay what it is. Without effect and false where one is nil.
    mutating func rewrite(_ body: (Key, Size) -> (Key, Size)?) -> Bool {
        for pageIndex in 0..<pageCount {
            let page = pages[pageIndex]
            for index in 0..<page.count where body(page.keys[index], page.sizes[index]) == nil {
                return false
            }
        }
        for pageIndex in 0..<pageCount {
            let page = pages[pageIndex]
            for index in 0..<page.count {
                guard let (key, size) = body(page.keys[index], page.sizes[index]) else { return false }
                page.keys[index] = key
                page.sizes[index] = size
            }
            largest[pageIndex] = page.keys[page.count &- 1]
        }
        return true
    }

    // MARK: Pages

    /// The first page whose largest key is not below the key; the last page where all are.
    @inline(__always)
    private func findPage(_ key: Key) -> Int {
        let last = pageCount &- 1
        // Most changes are near the top.
        if last == 0 || largest[last &- 1] < key { return last }
        return Self.lowerBound(largest, last, key)
    }

    /// The first index whose key is not below the key.
    @inline(__always)
    private static func lowerBound(_ keys: UnsafeMutablePointer<Key>, _ count: Int, _ key: Key) -> Int {
        var base = 0
        var length = count
        while length > 0 {
            let half = length &>> 1
            let isBelow = keys[base &+ half] < key
            base = isBelow ? base &+ half &+ 1 : base
            length = isBelow ? length &- half &- 1 : half
        }
        return base
    }

    @inline(never)
    private mutating func insertFirst(_ key: Key, _ size: Size) {
        growDirectory()
        pages[0] = takePage()
        pages[0].keys[0] = key
        pages[0].sizes[0] = size
        pages[0].count = 1
        largest[0] = key
        pageCount = 1
        count = 1
    }

    @inline(__always)
    private mutating func insert(_ key: Key, _ size: Size, _ pageIndex: Int, _ index: Int) {
        var (pageIndex, index) = (pageIndex, index)
        if pages[pageIndex].count == Self.pageCapacity { (pageIndex, index) = split(pageIndex, index) }
        let page = pages[pageIndex]
        Self.move(page, from: index, to: index &+ 1, page.count &- index)
        page.keys[index] = key
        page.sizes[index] = size
        pages[pageIndex].count = page.count &+ 1
        if index == page.count { largest[pageIndex] = key }
        count &+= 1
    }

    @inline(__always)
    private mutating func remove(_ pageIndex: Int, _ index: Int) {
        let page = pages[pageIndex]
        let rest = page.count &- 1
        Self.move(page, from: index &+ 1, to: index, rest &- index)
        pages[pageIndex].count = rest
        count &-= 1
        if rest < Self.pageMinimum {
            join(pageIndex)
        } else if index == rest {
            largest[pageIndex] = page.keys[rest &- 1]
        }
    }

    @inline(__always)
    private static func move(_ page: Page, from: Int, to: Int, _ length: Int) {
        (page.keys + to).update(from: page.keys + from, count: length)
        (page.sizes + to).update(from: page.sizes + from, count: length)
    }

    /// Makes room in a full page; where a key that belonged at `index` belongs now.
    @inline(never)
    private mutating func split(_ pageIndex: Int, _ index: Int) -> (Int, Int) {
        let upper = takePage()
        // At the top, levels come and go at the end: the lower page stays nearly full.
        let keep = pageIndex == pageCount &- 1 && index == Self.pageCapacity ? 48 : Self.pageCapacity / 2
        let lower = pages[pageIndex]
        let moved = Self.pageCapacity &- keep
        upper.keys.update(from: lower.keys + keep, count: moved)
        upper.sizes.update(from: lower.sizes + keep, count: moved)
        growDirectory()
        let behind = pageCount &- pageIndex &- 1
        (pages + (pageIndex &+ 2)).update(from: pages + (pageIndex &+ 1), count: behind)
        (largest + (pageIndex &+ 2)).update(from: largest + (pageIndex &+ 1), count: behind)
        pages[pageIndex].count = keep
        pages[pageIndex &+ 1] = Page(keys: upper.keys, sizes: upper.sizes, count: moved)
        largest[pageIndex &+ 1] = largest[pageIndex]
        largest[pageIndex] = lower.keys[keep &- 1]
        pageCount &+= 1
        return index <= keep ? (pageIndex, index) : (pageIndex &+ 1, index &- keep)
    }

    /// Puts a small page together with a neighbour, or drops an empty one.
    @inline(never)
    private mutating func join(_ pageIndex: Int) {
        let page = pages[pageIndex]
        guard page.count > 0 else { return dropPage(pageIndex) }
        largest[pageIndex] = page.keys[page.count &- 1]
        let limit = Self.pageCapacity &- Self.pageMinimum
        let left = pageIndex > 0 && pages[pageIndex &- 1].count &+ page.count <= limit
        let right = pageIndex &+ 1 < pageCount && pages[pageIndex &+ 1].count &+ page.count <= limit
        guard left || right else { return }
        let first = left ? pageIndex &- 1 : pageIndex
        let (lower, upper) = (pages[first], pages[first &+ 1])
        (lower.keys + lower.count).update(from: upper.keys, count: upper.count)
        (lower.sizes + lower.count).update(from: upper.sizes, count: upper.count)
        pages[first].count = lower.count &+ upper.count
        largest[first] = largest[first &+ 1]
        dropPage(first &+ 1)
    }

    private mutating func dropPage(_ pageIndex: Int) {
        spare.append(pages[pageIndex])
        let behind = pageCount &- pageIndex &- 1
        (pages + pageIndex).update(from: pages + (pageIndex &+ 1), count: behind)
        (largest + pageIndex).update(from: largest + (pageIndex &+ 1), count: behind)
        pageCount &-= 1
    }

    private mutating func takePage() -> Page {
        if let page = spare.popLast() { return Page(keys: page.keys, sizes: page.sizes, count: 0) }
        return Page(
            keys: .allocate(capacity: Self.pageCapacity),
            sizes: .allocate(capacity: Self.pageCapacity),
            count: 0
        )
    }

    private mutating func growDirectory() {
        guard pageCount == directoryCapacity else { return }
        let more = max(directoryCapacity &* 2, 8)
        // All pages may be spare at once: then the list of them has its room already.
        spare.reserveCapacity(more)
        let (oldLargest, oldPages) = (largest, pages)
        largest = .allocate(capacity: more)
        pages = .allocate(capacity: more)
        largest.update(from: oldLargest, count: pageCount)
        pages.update(from: oldPages, count: pageCount)
        oldLargest.deallocate()
        oldPages.deallocate()
        directoryCapacity = more
    }
}
