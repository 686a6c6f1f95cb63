import CPU

/// What of an ELF file is code (System V ABI, "Sections"): enough to find instructions to decode. A file may be hostile.
public struct ExecutableSections: Sendable {
  /// The contents of each section that is executable.
  public let sections: [[UInt8]]
  /// How it is decoded.
  public let kind: CodeKind

  /// Nil where the bytes are no ELF file for x86.
  public init?(of file: [UInt8]) {
    func number(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset <= file.count - size else { return nil }
      var value: UInt64 = 0
      for index in (0..<size).reversed() { value = value << 8 | UInt64(file[offset + index]) }
      return Int(exactly: value)
    }
    guard file.starts(with: [0x7F, 0x45, 0x4C, 0x46]), file.count > 64, let machine = number(18, 2),
      machine == 3 || machine == 62
    else { return nil }
    let is64 = file[4] == 2
    let word = is64 ? 8 : 4
    kind = machine == 62 ? .long : .protected32
    guard let table = number(is64 ? 0x28 : 0x20, word), let size = number(is64 ? 0x3A : 0x2E, 2),
      let count = number(is64 ? 0x3C : 0x30, 2)
    else { return nil }
    var sections: [[UInt8]] = []
    for index in 0..<count {
      let (header, overflow) = table.addingReportingOverflow(index * size)
      guard !overflow, header < file.count, let type = number(header + 4, 4), let flags = number(header + 8, word),
        let offset = number(header + (is64 ? 24 : 16), word), let length = number(header + (is64 ? 32 : 20), word)
      else { continue }
      let holdsBytes = type != 8
      guard holdsBytes, flags & 4 != 0, offset <= file.count, length <= file.count - offset else { continue }
      sections.append(Array(file[offset..<offset + length]))
    }
    self.sections = sections
  }
}
