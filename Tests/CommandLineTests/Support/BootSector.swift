/// Disk images whose first sector is a program of real mode, for firmware to boot.
enum BootSector {
  /// Prints `ready` on COM1, then keys until Enter as int 16h gives them, and ends the machine with status 1.
  static let echo: [UInt8] = disk(
    print("ready\n") + [0xB4, 0x00, 0xCD, 0x16, 0xBA, 0xF8, 0x03, 0xEE, 0x3C, 0x0D, 0x75, 0xF4, 0xB0, 0x00, 0xE6, 0xF4])

  /// Writes sector 2 with int 13h, prints `written`, and halts with interrupts on.
  static let writer: [UInt8] = disk(
    // XOR AX, AX; MOV ES, AX; MOV DS, AX; MOV AX, 301h; MOV BX, 7C00h; MOV CX, 2; MOV DX, 80h; INT 13h
    [0x31, 0xC0, 0x8E, 0xC0, 0x8E, 0xD8, 0xB8, 0x01, 0x03, 0xBB, 0x00, 0x7C, 0xB9, 0x02, 0x00, 0xBA, 0x80, 0x00]
      + [0xCD, 0x13] + print("written\n") + [0xFB, 0xF4, 0xEB, 0xFD])

  /// Prints a text and ends the machine with status 1.
  static func text(_ text: String) -> [UInt8] { disk(print(text) + [0xB0, 0x00, 0xE6, 0xF4, 0xF4]) }

  /// MOV DX, 3F8h, then MOV AL, byte; OUT DX, AL for each.
  private static func print(_ text: String) -> [UInt8] { [0xBA, 0xF8, 0x03] + text.utf8.flatMap { [0xB0, $0, 0xEE] } }

  private static func disk(_ program: [UInt8]) -> [UInt8] {
    program + [UInt8](repeating: 0, count: 510 - program.count) + [0x55, 0xAA] + [UInt8](repeating: 0, count: 63 * 512)
  }
}
