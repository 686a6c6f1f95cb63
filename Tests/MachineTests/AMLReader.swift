/// A term of ACPI Machine Language as it was read (ACPI Specification 5.0, "ACPI Machine Language (AML) Specification").
indirect enum AMLTerm: Equatable {
  case integer(UInt64)
  case buffer([UInt8])
  case package([AMLTerm])
  /// A name where a value or a target is wanted.
  case name(String)
  /// A named object: what it is, its name, and what it holds.
  case object(String, String, [AMLTerm])
  /// A statement or an expression, by its name in ASL.
  case operation(String, [AMLTerm])
}

/// Reads the terms that a table of ours has; others are an error.
struct AMLReader {
  struct Failure: Error { let what: String }

  private var rest: ArraySlice<UInt8>

  /// All terms of a table's body.
  static func terms(_ bytes: [UInt8]) throws -> [AMLTerm] {
    var reader = AMLReader(rest: bytes[...])
    return try reader.list()
  }

  private mutating func list() throws -> [AMLTerm] {
    var terms: [AMLTerm] = []
    while !rest.isEmpty { terms.append(try term()) }
    return terms
  }

  private mutating func byte() throws -> UInt8 {
    guard let first = rest.popFirst() else { throw Failure(what: "the end of the table") }
    return first
  }

  private mutating func number(_ count: Int) throws -> UInt64 {
    try (0..<count).reduce(0) { $0 | UInt64(try byte()) << UInt64(8 * $1) }
  }

  /// What stands inside a package length.
  private mutating func inside<T>(_ read: (inout AMLReader) throws -> T) throws -> T {
    let start = rest.startIndex
    let lead = try byte()
    let following = Int(lead >> 6)
    let length = following == 0 ? UInt64(lead & 0x3F) : try number(following) << 4 | UInt64(lead & 0xF)
    guard start + Int(length) <= rest.endIndex, start + Int(length) >= rest.startIndex else {
      throw Failure(what: "a length beyond the table's end")
    }
    var inner = AMLReader(rest: rest[..<(start + Int(length))])
    let value = try read(&inner)
    guard inner.rest.isEmpty else { throw Failure(what: "\(inner.rest.count) bytes too many in a package") }
    rest = rest[(start + Int(length))...]
    return value
  }

  private mutating func name() throws -> String {
    var text = ""
    if rest.first == 0x5C { text += String(UnicodeScalar(try byte())) }
    var count = 1
    if rest.first == 0x2E {
      _ = try byte()
      count = 2
    } else if rest.first == 0x2F {
      _ = try byte()
      count = Int(try byte())
    }
    var segments: [String] = []
    for _ in 0..<count {
      let segment = try (0..<4).map { _ in try byte() }
      guard segment.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x5F }) else {
        throw Failure(what: "no name: \(segment)")
      }
      segments.append(String(decoding: segment, as: UTF8.self))
    }
    return text + segments.joined(separator: ".")
  }

  /// An operation with so many operands; a zero in the place of a target is none.
  private mutating func operation(_ name: String, _ operands: Int, target: Bool = false) throws -> AMLTerm {
    var terms = try (0..<operands).map { _ in try term() }
    if target {
      if rest.first == 0 { _ = try byte() } else { terms.append(try term()) }
    }
    return .operation(name, terms)
  }

  private mutating func term() throws -> AMLTerm {
    let code = rest.first ?? 0
    if code == 0x5C || code == 0x2E || code == 0x2F || code == 0x5F || (0x41...0x5A).contains(code) {
      return .name(try name())
    }
    switch try byte() {
    case let value where value <= 1: return .integer(UInt64(value))
    case 0x0A: return .integer(try number(1))
    case 0x0B: return .integer(try number(2))
    case 0x0C: return .integer(try number(4))
    case 0x08: return .object("Name", try name(), [try term()])
    case 0x10: return try inside { .object("Scope", try $0.name(), try $0.list()) }
    case 0x11:
      return try inside { inner in
        guard case .integer(let count) = try inner.term(), count == inner.rest.count else {
          throw Failure(what: "a buffer whose size is not that of its bytes")
        }
        defer { inner.rest = [] }
        return .buffer(Array(inner.rest))
      }
    case 0x12:
      return try inside {
        let count = Int(try $0.byte())
        let elements = try $0.list()
        guard elements.count == count else { throw Failure(what: "\(elements.count) elements in place of \(count)") }
        return .package(elements)
      }
    case 0x14:
      return try inside {
        let name = try $0.name()
        return .object("Method", name, [.integer(UInt64(try $0.byte())), .package(try $0.list())])
      }
    case 0x60: return .name("Local0")
    case 0x68: return .name("Arg0")
    case 0x70: return try operation("Store", 2)
    case 0x7B: return try operation("And", 2, target: true)
    case 0x7D: return try operation("Or", 2, target: true)
    case 0x83: return try operation("DerefOf", 1)
    case 0x88: return try operation("Index", 2, target: true)
    case 0x92: return try operation("LNot", 1)
    case 0xA0: return try inside { .operation("If", [try $0.term(), .package(try $0.list())]) }
    case 0xA4: return try operation("Return", 1)
    case 0x5B: return try extended()
    case let other: throw Failure(what: "opcode \(other)")
    }
  }

  private mutating func extended() throws -> AMLTerm {
    switch try byte() {
    case 0x80:
      return .object("OperationRegion", try name(), [.integer(UInt64(try byte())), try term(), try term()])
    case 0x81:
      return try inside {
        let region = try $0.name()
        var parts: [AMLTerm] = [.integer(UInt64(try $0.byte()))]
        while !$0.rest.isEmpty { parts += [.name(try $0.name()), .integer(UInt64(try $0.byte()))] }
        return .object("Field", region, parts)
      }
    case 0x82: return try inside { .object("Device", try $0.name(), try $0.list()) }
    case let other: throw Failure(what: "opcode 5Bh \(other)")
    }
  }
}

/// Executes a method of ours: what it returns, and the fields it has written.
struct AMLMachine {
  var fields: [String: UInt64]
  private var local: AMLTerm = .integer(0)
  private var argument: AMLTerm = .integer(0)

  init(fields: [String: UInt64]) { self.fields = fields }

  mutating func call(_ method: AMLTerm, _ argument: AMLTerm = .integer(0)) throws -> AMLTerm? {
    guard case .object("Method", _, let parts) = method, case .package(let body)? = parts.last else {
      throw AMLReader.Failure(what: "no method")
    }
    self.argument = argument
    return try run(body)
  }

  private mutating func run(_ body: [AMLTerm]) throws -> AMLTerm? {
    for statement in body {
      guard case .operation(let name, let operands) = statement else { throw AMLReader.Failure(what: "\(statement)") }
      switch name {
      case "Return": return try value(operands[0])
      case "If":
        guard case .package(let inner) = operands[1] else { throw AMLReader.Failure(what: "If") }
        if try integer(operands[0]) != 0, let returned = try run(inner) { return returned }
      default: _ = try value(statement)
      }
    }
    return nil
  }

  private mutating func integer(_ term: AMLTerm) throws -> UInt64 {
    guard case .integer(let value) = try value(term) else { throw AMLReader.Failure(what: "no integer: \(term)") }
    return value
  }

  private mutating func value(_ term: AMLTerm) throws -> AMLTerm {
    switch term {
    case .name("Local0"): return local
    case .name("Arg0"): return argument
    case .name(let field):
      guard let value = fields[field] else { throw AMLReader.Failure(what: "no field \(field)") }
      return .integer(value)
    case .operation("And", let operands):
      return try keep(.integer(try integer(operands[0]) & integer(operands[1])), operands.dropFirst(2).first)
    case .operation("Or", let operands):
      return try keep(.integer(try integer(operands[0]) | integer(operands[1])), operands.dropFirst(2).first)
    case .operation("LNot", let operands): return .integer(try integer(operands[0]) == 0 ? 1 : 0)
    case .operation("Store", let operands): return try keep(try value(operands[0]), operands[1])
    case .operation("DerefOf", let operands):
      guard case .operation("Index", let place) = operands[0], case .buffer(let bytes) = try value(place[0]) else {
        throw AMLReader.Failure(what: "DerefOf")
      }
      return .integer(UInt64(bytes[Int(try integer(place[1]))]))
    default: return term
    }
  }

  private mutating func keep(_ value: AMLTerm, _ target: AMLTerm?) throws -> AMLTerm {
    switch target {
    case nil: break
    case .name("Local0"): local = value
    case .name(let field): fields[field] = try integer(value)
    case .operation("Index", let place):
      guard place[0] == .name("Local0"), case .buffer(var bytes) = local else { throw AMLReader.Failure(what: "Index") }
      bytes[Int(try integer(place[1]))] = UInt8(truncatingIfNeeded: try integer(value))
      local = .buffer(bytes)
    default: throw AMLReader.Failure(what: "a target \(String(describing: target))")
    }
    return value
  }
}
