// Part of MarketBus. Apache License 2.0, see LICENSE.

/// The fields that frames of one kind have: as documented, or as learned from the first frames.
struct KnownShape {
    /// What is known of one field.
    struct Rule {
        var name: String
        var types: FieldTypes
        var parent: UInt64
        /// Whether it is in every frame whose parent is there and is not empty.
        var isRequired: Bool
    }

    /// How many frames an undocumented kind is learned from.
    static let lessons = 32

    /// The kind, as records name it.
    let name: String
    /// The fields by path.
    private(set) var rules: [UInt64: Rule]
    /// How many more frames are learned from; 0 for documented kinds.
    private(set) var lessonsLeft: Int

    /// A documented kind.
    init(name: String, rules: [UInt64: Rule]) {
        self.name = name
        self.rules = rules
        lessonsLeft = 0
    }

    /// A kind of which this is the first frame.
    init(name: String, learnedFrom shape: FrameShape) {
        self.name = name
        rules = [:]
        lessonsLeft = Self.lessons
        learn(shape)
    }

    /// Widens what is known by a frame.
    mutating func learn(_ shape: FrameShape) {
        let isFirst = lessonsLeft == Self.lessons
        for (path, rule) in rules where rule.isRequired && isMissing(path, rule, shape) {
            rules[path]?.isRequired = false
        }
        for place in shape.fields.indices {
            let field = shape.fields[place]
            let parent = field.parent < 0 ? 0 : shape.fields[field.parent].path
            let fresh = Rule(name: shape.name(of: place), types: [], parent: parent, isRequired: isFirst)
            rules[field.path, default: fresh].types.formUnion(field.types)
        }
        lessonsLeft -= 1
    }

    /// What differs in a frame: what is new or of another type in the order of the frame, then what is missing.
    func changes(in shape: FrameShape) -> [DriftChange] {
        var found: [DriftChange] = []
        for place in shape.fields.indices {
            let field = shape.fields[place]
            guard let rule = rules[field.path] else {
                // The fields of a new field are as new as it is.
                let isFirst = field.parent < 0 || rules[shape.fields[field.parent].path] != nil
                if isFirst { found.append(.new(shape.name(of: place), field.types)) }
                continue
            }
            if !rule.types.isSuperset(of: field.types) {
                found.append(.retyped(rule.name, rule.types, field.types.subtracting(rule.types)))
            }
        }
        guard shape.isWhole else { return found }
        let missing = rules.filter { $1.isRequired && isMissing($0, $1, shape) }.map { $1 }
        for rule in missing.sorted(by: { $0.name < $1.name }) {
            found.append(.vanished(rule.name, rule.types))
        }
        return found
    }

    /// Whether a frame lacks a field although it has the parent, with something in it.
    private func isMissing(_ path: UInt64, _ rule: Rule, _ shape: FrameShape) -> Bool {
        guard shape.place(of: path) == nil, let parent = shape.place(of: rule.parent) else { return false }
        let types = shape.fields[parent].types
        if types.contains(.object) { return true }
        // An array may be empty; a row that has other places is too short.
        return types.contains(.array) && shape.fields.contains { $0.parent == parent }
    }
}

/// How a frame differs from what is known of its kind.
enum DriftChange {
    case new(String, FieldTypes)
    case vanished(String, FieldTypes)
    case retyped(String, FieldTypes, FieldTypes)

    /// The record's kind.
    var kind: DriftKind {
        switch self {
        case .new: .newField
        case .vanished: .vanishedField
        case .retyped: .retypedField
        }
    }

    /// `data[].px: string -> number`.
    var detail: String {
        switch self {
        case .new(let name, let types): "\(name): \(types.text) is new"
        case .vanished(let name, let types): "\(name): \(types.text) is missing"
        case .retyped(let name, let before, let now): "\(name): \(before.text) -> \(now.text)"
        }
    }
}

/// What `sys.drift` tells; the label of a counter.
public enum DriftKind: String, CaseIterable, Sendable {
    /// A field that no document shows.
    case newField = "new_field"
    /// A documented field is not there.
    case vanishedField = "vanished_field"
    /// A field has another JSON type.
    case retypedField = "retyped_field"
    /// Frames of a kind that no document shows.
    case newKind = "new_kind"
    /// A book's checksum has only ever been zero, so that it proves nothing.
    case checksumZero = "checksum_zero"
    /// A subscription was acknowledged, and nothing ever came.
    case silentSubscription = "silent_subscription"
}
