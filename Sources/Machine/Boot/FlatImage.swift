import CPU
import MMU

/// Direct boot of a flat image: bytes at 1 MiB, entered in 64-bit mode.
///
/// | what | value |
/// |---|---|
/// | image | physical 100000h, entered at its first byte |
/// | mode | 64-bit, CPL 0, interrupts off, RFLAGS = 2, CR0 = 80010031h, CR4 = 20h, EFER = D00h |
/// | paging | 4-level, the first 4 GiB mapped to themselves by 2 MiB pages; tables at 1000h to 6FFFh |
/// | segments | CS = 8 (64-bit code), the others 10h (data); GDT at 800h |
/// | registers | RSP = 80000h; RSI = 7000h, where the command line lies with a zero behind it, if there is one; the others 0 |
public enum FlatImage {
  /// Where the image lies.
  public static let base: UInt64 = 0x10_0000
  private static let gdt: UInt64 = 0x800
  private static let root: UInt64 = 0x1000
  private static let stack: UInt64 = 0x8_0000
  private static let commandLine: UInt64 = 0x7000
  private static let commandLineRoom = 0x1000

  /// What is wrong with an image.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    /// It has no byte.
    case empty
    /// It does not fit behind 1 MiB: its bytes and those there are.
    case tooLarge(Int, UInt64)
    /// The command line has more bytes than there is room for.
    case commandLineTooLong(Int)

    /// One line.
    public var description: String {
      switch self {
      case .empty: "the image is empty"
      case .tooLarge(let size, let room): "the image has \(size) bytes; memory has room for \(room) from 100000h on"
      case .commandLineTooLong(let size): "the command line has \(size) bytes; there is room for 4095"
      }
    }
  }

  /// Puts an image into a machine and its processor at the first byte.
  public static func load(
    _ image: [UInt8], commandLine text: String? = nil, into board: borrowing Board
  ) throws(Failure) {
    let memory = board.memory
    guard !image.isEmpty else { throw .empty }
    let textBytes: [UInt8] = text.map { Array($0.utf8) + [0] } ?? []
    guard textBytes.count <= commandLineRoom else { throw .commandLineTooLong(textBytes.count - 1) }
    let room = memory.lowEnd > base ? memory.lowEnd - base : 0
    guard UInt64(image.count) <= room else { throw .tooLarge(image.count, room) }
    image.withUnsafeBytes { memory.write(PhysicalAddress(base), $0) }
    let descriptors: [UInt64] = [0, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF]
    for (index, descriptor) in descriptors.enumerated() {
      memory.write(PhysicalAddress(gdt + UInt64(index) * 8), descriptor)
    }
    let table: UInt64 = 3
    memory.write(PhysicalAddress(root), (root + 0x1000) | table)
    for gigabyte in 0..<UInt64(4) {
      let directory = root + 0x2000 + (gigabyte << 12)
      memory.write(PhysicalAddress(root + 0x1000 + gigabyte * 8), directory | table)
      for entry in 0..<UInt64(512) {
        memory.write(PhysicalAddress(directory + entry * 8), gigabyte << 30 | entry << 21 | 0x83)
      }
    }
    board.leaveFirmware()
    board.processor.enterLongMode(
      rip: base, rsp: stack, root: root, gdt: gdt, gdtLimit: UInt64(descriptors.count * 8 - 1),
      argument: textBytes.isEmpty ? 0 : commandLine)
    textBytes.withUnsafeBytes { memory.write(PhysicalAddress(commandLine), $0) }
  }
}
