import CPU
import Opcodes

/// Bytes of which our decoder and Capstone 5 do not say the same.
public struct DecodeDifference: Sendable {
  /// What differs.
  public enum Kind: String, Sendable {
    /// Both know an instruction, of different lengths.
    case length
    /// Only ours knows one.
    case ours
    /// Only Capstone knows one.
    case capstone
  }

  /// What differs.
  public let kind: Kind
  /// How the code was decoded.
  public let code: CodeKind
  /// The string.
  public let bytes: [UInt8]
  /// What ours says.
  public let ours: IdentifiedEncoding
  /// What Capstone says.
  public let capstone: CapstoneFive.Instruction?
  /// Where ours knows nothing: rows of the same opcode without 66h, F2h and F3h, or without the last two.
  let bare: [Opcode]

  /// One line for people.
  public var description: String {
    let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
    let row = ours.opcode.map { "\($0.mnemonic) (\($0.encoding))" } ?? "-"
    let theirs = capstone.map { "\($0.mnemonic), \($0.length) bytes" } ?? "invalid"
    return "\(code.rawValue) \(text): ours \(ours.standing.rawValue) \(row), \(ours.length) bytes; Capstone \(theirs)"
  }
}

/// What a comparison found.
public struct DecodeReport: Sendable {
  /// Strings compared.
  public internal(set) var strings = 0
  /// Of these, those in which both know an instruction of the same length.
  public internal(set) var agreed = 0
  /// Of these, those in which neither knows one.
  public internal(set) var neither = 0
  /// Differences that the table explains, by row.
  public internal(set) var explained: [Int: Int] = [:]
  /// How many differences it does not explain.
  public internal(set) var unexplainedCount = 0
  /// The first of them, by what they have in common.
  public internal(set) var unexplained: [String: (count: Int, first: DecodeDifference)] = [:]
}

/// Compares length and validity of instructions with Capstone 5.
///
/// Outside of protected mode Capstone has one 16-bit mode; real-address mode is compared with that.
public struct DecodeComparison {
  private let decoder: Decoder
  private let strings: ByteStrings
  private let capstone: [CodeKind: CapstoneFive]
  private let differences: [KnownDifference]
  /// The report so far.
  public private(set) var report = DecodeReport()
  /// Capstone's version.
  public let version: String

  /// - Parameter library: path of Capstone 5.
  /// - Throws: `CapstoneFive.Missing`; `TableError` when a table is wrong.
  public init(library: String) throws {
    guard let timing = try TimingTable.named("unit") else { throw CapstoneFive.Missing(description: "no timing") }
    decoder = try Decoder(timing: timing)
    strings = try ByteStrings()
    differences = try KnownDifference.all()
    var capstone: [CodeKind: CapstoneFive] = [:]
    for kind in CodeKind.allCases { capstone[kind] = try CapstoneFive(path: library, kind) }
    version = capstone[.long]?.version ?? ""
    self.capstone = capstone
  }

  /// Compares random strings of a seed.
  public mutating func compareRandom(_ count: Int, seed: UInt64, as kind: CodeKind) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ByteStrings.length) { room in
      guard let first = room.baseAddress else { return }
      for number in 0..<count {
        var random = FuzzRandom(seed: seed, case: number)
        strings.draw(into: first, in64BitMode: kind == .long, &random)
        compare(UnsafeRawBufferPointer(room), as: kind)
      }
    }
  }

  /// Compares the instructions of a binary one behind the other; where one is unknown to both, it goes on at the next byte.
  public mutating func compareCode(_ bytes: UnsafeRawBufferPointer, as kind: CodeKind) {
    var place = 0
    while place + 16 <= bytes.count {
      place += max(1, compare(UnsafeRawBufferPointer(rebasing: bytes[place..<min(place + 16, bytes.count)]), as: kind))
    }
  }

  /// Compares the first instruction of some bytes; returns its length as Capstone has it, or ours.
  @discardableResult
  public mutating func compare(_ bytes: UnsafeRawBufferPointer, as kind: CodeKind) -> Int {
    guard let ours = decoder.identify(bytes, as: kind) else { return 0 }
    let theirs = capstone[kind]?.first(bytes)
    report.strings += 1
    let isOurs = ours.standing == .executed || ours.standing == .refused || ours.standing == .absent
    let difference: DecodeDifference.Kind
    switch (isOurs, theirs) {
    case (false, nil):
      report.neither += 1
      return 1
    case (true, let theirs?):
      guard ours.length != theirs.length else {
        report.agreed += 1
        return ours.length
      }
      difference = .length
    case (true, nil): difference = .ours
    case (false, _): difference = .capstone
    }
    file(
      DecodeDifference(
        kind: difference, code: kind, bytes: Array(bytes.prefix(16)), ours: ours, capstone: theirs,
        bare: ours.opcode == nil ? bare(bytes, kind) : []))
    return theirs?.length ?? ours.length
  }

  private func bare(_ bytes: UnsafeRawBufferPointer, _ kind: CodeKind) -> [Opcode] {
    let count = bytes.prefix { KnownDifference.isPrefix($0, in64BitMode: kind == .long) }.count
    return [[0x66, 0xF2, 0xF3], [0xF2, 0xF3]].compactMap { (without: [UInt8]) in
      let string = bytes.prefix(count).filter { !without.contains($0) } + bytes.dropFirst(count)
      return string.withUnsafeBytes { decoder.identify($0, as: kind)?.opcode }
    }
  }

  private mutating func file(_ difference: DecodeDifference) {
    if let row = differences.firstIndex(where: { $0.explains(difference) }) {
      report.explained[row, default: 0] += 1
      return
    }
    report.unexplainedCount += 1
    let name = difference.kind == .capstone ? difference.capstone?.mnemonic : difference.ours.opcode?.mnemonic
    let group = "\(difference.kind.rawValue) \(difference.code.rawValue) \(name ?? "")"
    report.unexplained[group, default: (0, difference)].count += 1
  }

  /// The report, line by line.
  public var lines: [String] {
    var lines = [
      "\(report.strings) strings: \(report.agreed) the same instruction, \(report.neither) none, "
        + "\(report.explained.values.reduce(0, +)) differences that the table explains, \(report.unexplainedCount) others"
    ]
    for (row, difference) in differences.enumerated() {
      lines.append("  \(report.explained[row] ?? 0) \(difference.text)")
    }
    for (group, found) in report.unexplained.sorted(by: { $0.value.count > $1.value.count }) {
      lines.append("unexplained \(group): \(found.count), as \(found.first.description)")
    }
    return lines
  }
}
