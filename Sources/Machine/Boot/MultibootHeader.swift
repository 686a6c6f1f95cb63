/// The header that makes a file a Multiboot image (Multiboot Specification 0.6.96, "OS image format").
struct MultibootHeader: Equatable {
  /// The address fields, of flags bit 16.
  struct Addresses: Equatable {
    let header: UInt32
    let load: UInt32
    let loadEnd: UInt32
    let bssEnd: UInt32
    let entry: UInt32
  }

  /// Bytes in which the header must lie.
  static let searched = 8192
  private static let magic: UInt32 = 0x1BAD_B002

  /// Where it lies in the file.
  let offset: UInt64
  let flags: UInt32
  let addresses: Addresses?

  /// The first header of a file: a magic number at a multiple of 4 whose checksum is right.
  init(_ file: FileBytes) throws(MultibootImage.Failure) {
    let end = min(file.bytes.count, Self.searched)
    var found: (offset: UInt64, flags: UInt32)?
    for offset in stride(from: UInt64(0), to: UInt64(end), by: 4) where file.word(offset) == Self.magic {
      guard offset + 12 <= UInt64(end), let flags = file.word(offset + 4), let sum = file.word(offset + 8) else {
        break
      }
      guard Self.magic &+ flags &+ sum == 0 else { continue }
      found = (offset, flags)
      break
    }
    guard let found else { throw .noHeader }
    let flags = found.flags
    (self.offset, self.flags) = found
    // Bits 0 and 1 ask for what every image gets: aligned modules and the memory map.
    if flags & 0x04 != 0 { throw .feature(2, "a video mode") }
    if let bit = (3..<16).first(where: { flags >> UInt32($0) & 1 != 0 }) { throw .feature(bit, "an unknown feature") }
    guard flags >> 16 & 1 != 0 else {
      addresses = nil
      return
    }
    guard found.offset + 32 <= UInt64(end) else { throw .damaged("the header's address fields end after 8192 bytes") }
    func field(_ index: UInt64) -> UInt32 { file.word(found.offset + index) ?? 0 }
    addresses = Addresses(
      header: field(12), load: field(16), loadEnd: field(20), bssEnd: field(24), entry: field(28))
  }
}
