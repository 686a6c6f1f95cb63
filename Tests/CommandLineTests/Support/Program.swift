/// Small flat images, written as bytes.
enum Program {
  /// JMP to itself.
  static let endless: [UInt8] = [0xEB, 0xFE]
  /// CLI; HLT.
  static let halt: [UInt8] = [0xFA, 0xF4]
  /// UD2, without an IDT: a triple fault.
  static let tripleFault: [UInt8] = [0x0F, 0x0B]
  /// FADD, which is not built.
  static let refused: [UInt8] = [0xD8, 0xC1]

  /// MOV AL, code; OUT F4h, AL; then for ever.
  static func exit(_ code: UInt8) -> [UInt8] { [0xB0, code, 0xE6, 0xF4] + endless }

  /// MOV EAX, code; OUT F4h, EAX; then for ever.
  static func exit(wide code: UInt32) -> [UInt8] {
    [0xB8] + (0..<4).map { UInt8(truncatingIfNeeded: code >> ($0 * 8)) } + [0xE7, 0xF4] + endless
  }

  /// Writes text to COM1: MOV DX, 3F8h, then MOV AL, byte; OUT DX, AL for each.
  static func print(_ text: String) -> [UInt8] { [0x66, 0xBA, 0xF8, 0x03] + text.utf8.flatMap { [0xB0, $0, 0xEE] } }
}
