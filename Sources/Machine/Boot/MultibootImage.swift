/// A Multiboot 1 image, read but not loaded yet (Multiboot Specification 0.6.96).
///
/// An image with address fields is loaded by these; else it must be an ELF file, of 32 bits or, as GRUB has it, of 64 bits
/// whose segments and entry lie below 4 GiB. The image may be hostile: each lie is an error.
public struct MultibootImage: Sendable {
  /// What is wrong with an image.
  public enum Failure: Error, Equatable, CustomStringConvertible, Sendable {
    /// There is none in the first 8192 bytes.
    case noHeader
    /// It demands a feature, by its bit, that there is not.
    case feature(Int, String)
    /// Its header or file contradicts itself.
    case damaged(String)
    /// Neither address fields nor ELF.
    case noAddresses
    /// What is wrong with the ELF file.
    case elf(ELF.Failure)

    /// One line.
    public var description: String {
      switch self {
      case .noHeader: "no Multiboot header in the first 8192 bytes"
      case .feature(let bit, let what): "the Multiboot header requires \(what) (flag bit \(bit)), which is not built"
      case .damaged(let why): "the Multiboot image is damaged: \(why)"
      case .noAddresses: "the Multiboot header has no address fields, and the image is not an ELF file"
      case .elf(let failure): failure.description
      }
    }
  }

  /// Bytes that go to memory in one piece.
  struct Load: Equatable, Sendable {
    /// Where they go.
    let address: UInt64
    /// Which bytes of the file.
    let file: Range<Int>
    /// How many there are in memory; those behind the file's are zero.
    let size: UInt64
  }

  /// The physical address that it is entered at.
  public let entry: UInt32
  let bytes: [UInt8]
  /// By address; they do not overlap.
  let loads: [Load]

  /// Whether a file has a Multiboot header, good or bad.
  public static func isMultiboot(_ bytes: [UInt8]) -> Bool {
    do throws(Failure) {
      _ = try MultibootHeader(FileBytes(bytes))
      return true
    } catch { return error != .noHeader }
  }

  /// Reads an image.
  public static func parse(_ bytes: [UInt8]) throws(Failure) -> MultibootImage {
    let file = FileBytes(bytes)
    let header = try MultibootHeader(file)
    if let addresses = header.addresses { return try image(file, header, addresses) }
    guard ELF.isELF(bytes) else { throw .noAddresses }
    return try image(file)
  }

  /// "The address fields of Multiboot header".
  private static func image(
    _ file: FileBytes, _ header: MultibootHeader, _ addresses: MultibootHeader.Addresses
  ) throws(Failure) -> MultibootImage {
    let load = UInt64(addresses.load)
    guard addresses.header >= addresses.load, UInt64(addresses.header) - load <= header.offset else {
      throw .damaged("load_addr lies outside of the file")
    }
    let start = header.offset - (UInt64(addresses.header) - load)
    let rest = UInt64(file.bytes.count) - start
    guard addresses.loadEnd == 0 || UInt64(addresses.loadEnd) >= load else {
      throw .damaged("load_end_addr is below load_addr")
    }
    let inFile = addresses.loadEnd == 0 ? rest : UInt64(addresses.loadEnd) - load
    guard inFile <= rest else { throw .damaged("load_end_addr lies behind the end of the file") }
    var size = inFile
    if addresses.bssEnd != 0 {
      guard UInt64(addresses.bssEnd) >= load + inFile else { throw .damaged("bss_end_addr is below load_end_addr") }
      size = UInt64(addresses.bssEnd) - load
    }
    let piece = Load(address: load, file: Int(start)..<Int(start + inFile), size: size)
    guard UInt64(addresses.entry) >= load, UInt64(addresses.entry) < load + inFile else {
      throw .damaged("entry_addr lies outside of what is loaded")
    }
    return try MultibootImage(entry: addresses.entry, bytes: file.bytes, pieces: [piece])
  }

  private static func image(_ file: FileBytes) throws(Failure) -> MultibootImage {
    let elf: ELF
    do throws(ELF.Failure) { elf = try ELF(file.bytes) } catch { throw .elf(error) }
    guard elf.type == 2 || elf.type == 3 else { throw .damaged("the ELF file is not executable") }
    var pieces: [Load] = []
    var entry: UInt64?
    for segment in elf.segments where segment.type == 1 {
      guard let bytes = elf.bytes(of: segment) else { throw .elf(.outside("a segment")) }
      guard segment.fileSize <= segment.memorySize else {
        throw .damaged("a segment is larger in the file than in memory")
      }
      pieces.append(
        Load(
          address: segment.physicalAddress, file: bytes.startIndex..<bytes.endIndex, size: segment.memorySize))
      // The entry is a virtual address; the machine starts without paging.
      if entry == nil, elf.entry >= segment.virtualAddress, elf.entry - segment.virtualAddress < segment.memorySize {
        entry = segment.physicalAddress &+ (elf.entry - segment.virtualAddress)
      }
    }
    guard let entry, let address = UInt32(exactly: entry) else {
      throw .damaged("the entry lies in no segment below 4 GiB")
    }
    return try MultibootImage(entry: address, bytes: file.bytes, pieces: pieces)
  }

  private init(entry: UInt32, bytes: [UInt8], pieces: [Load]) throws(Failure) {
    self.entry = entry
    self.bytes = bytes
    loads = pieces.filter { $0.size > 0 }.sorted { $0.address < $1.address }
    var end: UInt64 = 0
    for load in loads {
      guard load.address >= end else { throw .damaged("segments overlap") }
      let (next, overflow) = load.address.addingReportingOverflow(load.size)
      guard !overflow, next <= 1 << 32 else { throw .damaged("a segment reaches beyond 4 GiB") }
      end = next
    }
    guard end > 0 else { throw .damaged("nothing is to be loaded") }
  }
}
