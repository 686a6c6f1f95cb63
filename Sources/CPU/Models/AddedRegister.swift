/// A model-specific register that is added to a model: a line of a file in the format of Bochs' `msrs.def`.
///
///     # address  type  reset high, low    reserved high, low  ignored high, low
///     0x1b1      0     00000000 88000000  00000000 00000000   00000000 ffffffff
///     0x300      1
public struct AddedRegister: Equatable, Sendable {
  /// What a value must be.
  public enum Kind: Int, Sendable {
    /// Anything that leaves reserved bits alone.
    case plain = 0
    /// A canonical linear address.
    case linearAddress = 1
    /// A physical address.
    case physicalAddress = 2
  }

  /// What ECX selects it with.
  public let index: UInt32
  /// What a value must be.
  public let kind: Kind
  /// Value after power-up and RESET.
  public let reset: UInt64
  /// Bits whose change is #GP.
  public let reserved: UInt64
  /// Bits that writes leave as they are.
  public let ignored: UInt64

  /// What is wrong with a file.
  public struct Problem: Error, Equatable, CustomStringConvertible, Sendable {
    /// The line, from 1.
    public let line: Int
    /// What is wrong in it.
    public let text: String
    /// One line for people.
    public var description: String { "line \(line): \(text)" }
  }

  /// The registers of a file; comments begin with `#`.
  public static func parse(_ text: String) throws(Problem) -> [AddedRegister] {
    var registers: [AddedRegister] = []
    var known: Set<UInt32> = []
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
      func problem(_ text: String) -> Problem { Problem(line: number + 1, text: text) }
      let fields = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }.map(String.init)
      guard let first = fields.first else { continue }
      guard let index = hex(first, digits: 8) else { throw problem("'\(first)' is no address in hexadecimal") }
      guard known.insert(index).inserted else { throw problem("MSR \(first) is there twice") }
      guard fields.count == 2 || fields.count == 8 else {
        throw problem("\(fields.count) fields; an address and a type are wanted, or six values of 32 bits behind them")
      }
      guard let kind = Int(fields[1]).flatMap(Kind.init) else { throw problem("type '\(fields[1])' is not 0, 1 or 2") }
      guard fields.count == 8 else {
        guard kind != .plain else { throw problem("type 0 needs reset value, reserved and ignored bits") }
        registers.append(AddedRegister(index: index, kind: kind, reset: 0, reserved: 0, ignored: 0))
        continue
      }
      var words: [UInt64] = []
      for field in fields[2...] {
        guard let word = hex(field, digits: 8) else {
          throw problem("'\(field)' is no value of 32 bits in hexadecimal")
        }
        words.append(UInt64(word))
      }
      registers.append(
        AddedRegister(
          index: index, kind: kind, reset: words[0] << 32 | words[1], reserved: words[2] << 32 | words[3],
          ignored: words[4] << 32 | words[5]))
    }
    return registers
  }

  private static func hex(_ text: String, digits: Int) -> UInt32? {
    let number = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : Substring(text)
    guard (1...digits).contains(number.count), number.allSatisfy(\.isHexDigit) else { return nil }
    return UInt32(number, radix: 16)
  }
}

extension ModelSpecificRegister {
  /// A register that a file adds.
  init(_ added: AddedRegister) {
    let isPlain = added.kind == .plain
    self.init(
      index: added.index, name: "MSR_" + String(added.index, radix: 16, uppercase: true), isReadable: true,
      isWritable: true, reset: added.reset, writable: ~added.ignored, kept: added.ignored,
      fixed: isPlain ? added.reserved & ~added.ignored : 0, section: "Model-Specific Registers (MSRs)",
      check: isPlain ? .none : added.kind == .linearAddress ? .canonical : .physical, storage: .own)
  }
}
