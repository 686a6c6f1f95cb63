/// Small ELF files of 64 bits: one segment, and symbols.
enum ELFFile {
  /// - Parameters:
  ///   - code: the segment, which is entered at its first byte behind `skipped` ones.
  ///   - address: where it is loaded.
  static func bytes(_ code: [UInt8] = [], at address: UInt64 = 0x10_0000, skipped: Int = 0, symbols: [(String, UInt64)])
    -> [UInt8]
  {
    var names: [UInt8] = [0]
    var table = [UInt8](repeating: 0, count: 24)
    for (name, value) in symbols {
      // st_name, st_info: global function, st_other, st_shndx: absolute, st_value, st_size.
      table += little(UInt64(names.count), 4) + [0x12, 0] + little(0xFFF1, 2) + little(value, 8) + little(0, 8)
      names += Array(name.utf8) + [0]
    }
    let codeStart = 64 + 56
    let tableStart = codeStart + code.count
    let namesStart = tableStart + table.count
    let sections = namesStart + names.count
    var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    file += little(2, 2) + little(62, 2) + little(1, 4) + little(address + UInt64(skipped), 8)
    file += little(64, 8) + little(UInt64(sections), 8) + little(0, 4)
    file += little(64, 2) + little(56, 2) + little(1, 2) + little(64, 2) + little(3, 2) + little(0, 2)
    file += little(1, 4) + little(7, 4) + little(UInt64(codeStart), 8) + little(address, 8) + little(address, 8)
    file += little(UInt64(code.count), 8) + little(UInt64(code.count), 8) + little(4096, 8)
    file += code + table + names
    file += [UInt8](repeating: 0, count: 64)
    file += section(2, tableStart, table.count, link: 2, entry: 24) + section(3, namesStart, names.count)
    return file
  }

  private static func section(_ type: UInt64, _ offset: Int, _ size: Int, link: UInt64 = 0, entry: UInt64 = 0)
    -> [UInt8]
  {
    little(0, 4) + little(type, 4) + little(0, 16) + little(UInt64(offset), 8) + little(UInt64(size), 8)
      + little(link, 4) + little(0, 4) + little(1, 8) + little(entry, 8)
  }

  /// The low bytes of a value.
  static func little(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { $0 < 8 ? UInt8(truncatingIfNeeded: value >> (UInt64($0) * 8)) : 0 }
  }
}
