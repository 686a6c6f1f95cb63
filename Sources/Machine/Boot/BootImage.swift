import CPU

/// What a machine is started with, and started with again after a reset.
public enum BootImage: Sendable {
  /// A flat binary, entered in 64-bit mode, with its command line.
  case flat([UInt8], commandLine: String? = nil)
  /// Firmware, entered as after RESET.
  case rom([UInt8])
  /// A Multiboot image, entered in 32-bit protected mode, with its modules and command line.
  case multiboot(MultibootImage, modules: [MultibootImage.Module], commandLine: String)

  /// Puts it into a machine whose processors are as after power-up.
  ///
  /// - Throws: an error of one line for people.
  public func load(into board: borrowing Board) throws {
    switch self {
    case .flat(let image, let commandLine):
      try FlatImage.load(image, commandLine: commandLine, into: board)
    case .rom(let image): try ROMImage.load(image, into: board)
    case .multiboot(let image, let modules, let commandLine):
      // RAM below 1 MiB is there for the tables from then on.
      board.leaveFirmware(timerTicks: true)
      let version = board.processor.model.cpuid(leaf: 1, subleaf: 0, CPUIDInputs())
      FirmwareTables.place(
        into: board.memory, processors: board.processors.count, signature: version.eax, features: version.edx)
      let entry = try image.place(into: board.memory, modules: modules, commandLine: commandLine)
      board.processor.enterProtectedMode(
        rip: UInt64(entry.instruction), rax: UInt64(MultibootImage.Entry.magic), rbx: UInt64(entry.information))
    }
  }
}
