/// An ELF file for x86: program headers and symbols (System V Application Binary Interface, "Object Files").
///
/// The file may be hostile: every offset is checked, and what is read is bounded by its size.
public struct ELF: Sendable {
  /// What is wrong with a file.
  public enum Failure: Error, Equatable, CustomStringConvertible, Sendable {
    /// It does not begin with 7Fh "ELF".
    case magic
    /// Its class, byte order, version or machine is not that of a 32- or 64-bit x86 program.
    case notX86
    /// Something that it names lies outside of it.
    case outside(String)
    /// A table's entries are smaller than their fields: which table, and the size.
    case entrySize(String, Int)

    /// One line.
    public var description: String {
      switch self {
      case .magic: "not an ELF file: it does not begin with 7Fh 'ELF'"
      case .notX86: "not a little-endian ELF file for the 80386 or x86-64"
      case .outside(let what): "the ELF file is cut off or damaged: \(what) lies outside of it"
      case .entrySize(let table, let size): "the ELF file's \(table) has entries of \(size) bytes, which is too few"
      }
    }
  }

  /// A program header.
  public struct Segment: Equatable, Sendable {
    /// 1: to be loaded.
    public let type: UInt32
    /// Where it begins in the file.
    public let offset: UInt64
    /// p_vaddr.
    public let virtualAddress: UInt64
    /// p_paddr.
    public let physicalAddress: UInt64
    /// Its bytes in the file.
    public let fileSize: UInt64
    /// Its bytes in memory; those behind `fileSize` are zero.
    public let memorySize: UInt64
  }

  /// A symbol that has an address.
  public struct Symbol: Equatable, Sendable {
    /// Its name.
    public let name: String
    /// Its address.
    public let address: UInt64
    /// Its bytes, 0 when nobody said.
    public let size: UInt64
  }

  /// A section header.
  private struct Section {
    let type: UInt32
    let offset: UInt64
    let size: UInt64
    let link: UInt32
    let entrySize: UInt64
  }

  /// Whether addresses have 64 bits.
  public let is64Bit: Bool
  /// e_type: 2 executable, 3 shared object.
  public let type: UInt16
  /// e_entry.
  public let entry: UInt64
  /// Its program headers.
  public let segments: [Segment]

  private let file: FileBytes
  private let sections: [Section]

  /// Whether bytes begin like an ELF file.
  public static func isELF(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) }

  /// Reads a file's headers.
  public init(_ bytes: [UInt8]) throws(Failure) {
    guard Self.isELF(bytes) else { throw .magic }
    let file = FileBytes(bytes)
    let wide = file.byte(4) == 2
    guard file.byte(4) == 1 || wide, file.byte(5) == 1, file.byte(6) == 1 else { throw .notX86 }
    let header = try Self.structure(file, at: 0, size: wide ? 64 : 52, "the header", wide: wide)
    guard header.half(18) == (wide ? 62 : 3), header.word(20) == 1 else { throw .notX86 }
    self.file = file
    is64Bit = wide
    type = header.half(16)
    entry = header.address(24, 24)
    let program = Table(
      name: "program header table", offset: header.address(28, 32), size: header.half(wide ? 54 : 42),
      count: header.half(wide ? 56 : 44), least: wide ? 56 : 32)
    let section = Table(
      name: "section header table", offset: header.address(32, 40), size: header.half(wide ? 58 : 46),
      count: header.half(wide ? 60 : 48), least: wide ? 64 : 40)
    segments = try program.map(in: file, wide: wide) { row in
      Segment(
        type: row.word(0), offset: row.address(4, 8), virtualAddress: row.address(8, 16),
        physicalAddress: row.address(12, 24), fileSize: row.address(16, 32), memorySize: row.address(20, 40))
    }
    sections = try section.map(in: file, wide: wide) { row in
      Section(
        type: row.word(4), offset: row.address(16, 24), size: row.address(20, 32), link: row.word(wide ? 40 : 24),
        entrySize: row.address(36, 56))
    }
  }

  /// The bytes of a segment that are in the file; nil when the file ends before.
  public func bytes(of segment: Segment) -> ArraySlice<UInt8>? {
    segment.fileSize == 0 ? [] : file.slice(segment.offset, segment.fileSize)
  }

  // MARK: Symbols

  /// Functions, objects and labels that are defined, in the file's order.
  public func symbols() throws(Failure) -> [Symbol] {
    var symbols: [Symbol] = []
    try forEachSymbol { (name: ArraySlice<UInt8>, address: UInt64, size: UInt64) in
      symbols.append(Symbol(name: String(decoding: name, as: UTF8.self), address: address, size: size))
      return true
    }
    return symbols
  }

  /// The address of the first symbol of a name; nil when there is none.
  public func address(ofSymbol name: String) throws(Failure) -> UInt64? {
    let wanted = Array(name.utf8)
    var found: UInt64?
    try forEachSymbol { (name: ArraySlice<UInt8>, address: UInt64, _: UInt64) in
      if name.elementsEqual(wanted) { found = address }
      return found == nil
    }
    return found
  }

  /// Symbols that are defined and are no file or section; until the body returns false.
  private func forEachSymbol(_ body: (ArraySlice<UInt8>, UInt64, UInt64) -> Bool) throws(Failure) {
    guard let table = sections.first(where: { $0.type == 2 }) ?? sections.first(where: { $0.type == 11 }) else {
      return
    }
    let size: UInt64 = is64Bit ? 24 : 16
    guard table.entrySize >= size else { throw .entrySize("symbol table", Int(clamping: table.entrySize)) }
    guard file.slice(table.offset, table.size) != nil else { throw .outside("the symbol table") }
    guard sections.indices.contains(Int(table.link)) else { throw .outside("the symbols' string table") }
    let strings = sections[Int(table.link)]
    guard let names = file.slice(strings.offset, strings.size) else { throw .outside("the symbols' string table") }
    let loadable = segments.filter { $0.type == 1 }
    let ends = loadable.map { $0.virtualAddress.addingReportingOverflow($0.memorySize) }
    let end = ends.contains { $0.overflow } ? .max : ends.map(\.partialValue).max() ?? 0
    let loaded = min(loadable.map(\.virtualAddress).min() ?? 0, end)..<end
    for index in 0..<table.size / table.entrySize {
      let row = try Self.structure(
        file, at: table.offset + index * table.entrySize, size: size, "a symbol", wide: is64Bit)
      let kind = row.byte(is64Bit ? 4 : 12) & 15
      let isDefined = row.half(is64Bit ? 6 : 14) != 0
      guard isDefined, kind != 3, kind != 4, row.word(0) != 0 else { continue }
      // An assembler's constant is no address.
      let isConstant = kind == 0 && row.half(is64Bit ? 6 : 14) == 0xFFF1
      guard !isConstant || loaded.contains(row.address(4, 8)) else { continue }
      guard UInt64(row.word(0)) < UInt64(names.count) else { throw .outside("a symbol's name") }
      // A name has a bound, so that many symbols cannot share one long one.
      let name = names[(names.startIndex + Int(row.word(0)))...].prefix(4096).prefix { $0 != 0 }
      guard body(name, row.address(4, 8), row.address(8, 16)) else { return }
    }
  }

  // MARK: Tables

  /// A table of headers as the file's header describes it.
  private struct Table {
    let name: String
    let offset: UInt64
    let size: UInt16
    let count: UInt16
    let least: UInt64

    func map<T>(in file: FileBytes, wide: Bool, _ transform: (Structure) -> T) throws(Failure) -> [T] {
      guard count > 0 else { return [] }
      guard UInt64(size) >= least else { throw .entrySize(name, Int(size)) }
      guard file.slice(offset, UInt64(size) * UInt64(count)) != nil else { throw .outside("the \(name)") }
      var result: [T] = []
      for index in 0..<UInt64(count) {
        result.append(
          transform(try ELF.structure(file, at: offset + index * UInt64(size), size: least, "the \(name)", wide: wide)))
      }
      return result
    }
  }

  /// Fields of a structure that lies in the file whole.
  private struct Structure {
    let bytes: ArraySlice<UInt8>
    let isWide: Bool

    private func value(_ offset: Int, _ count: Int) -> UInt64 {
      bytes.dropFirst(offset).prefix(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    func byte(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: value(offset, 1)) }
    func half(_ offset: Int) -> UInt16 { UInt16(truncatingIfNeeded: value(offset, 2)) }
    func word(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: value(offset, 4)) }
    /// An address, offset or size: its offsets in 32- and 64-bit files.
    func address(_ narrow: Int, _ wide: Int) -> UInt64 { isWide ? value(wide, 8) : value(narrow, 4) }
  }

  private static func structure(
    _ file: FileBytes, at offset: UInt64, size: UInt64, _ name: String, wide: Bool
  ) throws(Failure) -> Structure {
    guard let bytes = file.slice(offset, size) else { throw .outside(name) }
    return Structure(bytes: bytes, isWide: wide)
  }
}

/// Bytes of a file that nobody vouches for: what is asked for lies in it, or nil.
struct FileBytes: Sendable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func byte(_ offset: Int) -> UInt8? { bytes.indices.contains(offset) ? bytes[offset] : nil }

  func slice(_ offset: UInt64, _ count: UInt64) -> ArraySlice<UInt8>? {
    let size = UInt64(bytes.count)
    guard offset <= size, count <= size - offset else { return nil }
    return bytes[Int(offset)..<Int(offset + count)]
  }

  /// A little-endian value.
  func word(_ offset: UInt64) -> UInt32? {
    slice(offset, 4)?.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
