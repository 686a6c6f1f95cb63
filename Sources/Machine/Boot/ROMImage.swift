import CPU
import MMU

/// Firmware: a raw ROM that ends at 4 GiB and is aliased below 1 MiB, where the processor starts after RESET.
public enum ROMImage {
  /// What is wrong with an image.
  public enum Failure: Error, Equatable, CustomStringConvertible {
    /// Its size is not 4 KiB to 16 MiB in whole pages.
    case size(Int)

    /// One line.
    public var description: String {
      switch self {
      case .size(let size): "a ROM of \(size) bytes; whole 4-KiB pages up to 16 MiB are possible"
      }
    }
  }

  /// Puts a ROM into a machine and its processors into the state after RESET: all but the first wait for SIPI.
  public static func load(_ image: [UInt8], into board: borrowing Board) throws(Failure) {
    guard !image.isEmpty, image.count.isMultiple(of: 4096), image.count <= 16 << 20 else { throw .size(image.count) }
    board.memory.setROM(image, at: 1 << 32 - UInt64(image.count))
    for processor in board.processors { processor.reset() }
    if board.chipset.devices.pc != nil {
      board.chipset.memory.setAttributes(board.chipset.devices.pci.attributes)
      // On the board of a PC the 8259 pair reaches the processor, as on QEMU and Bochs: firmware relies on it.
      board.processor.connectVirtualWire()
    } else {
      // The last 128 KiB, as firmware would shadow them.
      board.chipset.shadowFirmware()
      let low = image.suffix(128 << 10)
      Array(low).withUnsafeBytes { board.memory.write(PhysicalAddress(0x10_0000 - UInt64(low.count)), $0) }
    }
    for other in board.processors.dropFirst() { other.waitForStartUp() }
  }
}
