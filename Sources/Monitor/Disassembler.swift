import CCapstone

/// Disassembly for people, by Capstone. It never decides what executes.
public struct Disassembler: ~Copyable {
  private var handle: csh = 0

  /// A disassembler of 64-, 32- or 16-bit code; nil when Capstone cannot be opened.
  public init?(bits: Int = 64) {
    let mode = bits == 64 ? CS_MODE_64 : bits == 32 ? CS_MODE_32 : CS_MODE_16
    guard cs_open(CS_ARCH_X86, mode, &handle) == CS_ERR_OK else { return nil }
  }

  deinit {
    var handle = handle
    cs_close(&handle)
  }

  /// The first instruction of some bytes: its text and length; nil when they are none that Capstone knows.
  public func first(_ bytes: [UInt8], at address: UInt64) -> (text: String, length: Int)? {
    var instructions: UnsafeMutablePointer<cs_insn>?
    let count = cs_disasm(handle, bytes, bytes.count, address, 1, &instructions)
    guard count > 0, let instruction = instructions else { return nil }
    defer { cs_free(instructions, count) }
    func string(_ pointer: UnsafeRawPointer, _ size: Int) -> String {
      let characters = UnsafeRawBufferPointer(start: pointer, count: size).prefix { $0 != 0 }
      return String(decoding: characters, as: UTF8.self)
    }
    let mnemonic = withUnsafeBytes(of: &instruction.pointee.mnemonic) { raw in
      raw.baseAddress.map { string($0, raw.count) } ?? ""
    }
    let operands = withUnsafeBytes(of: &instruction.pointee.op_str) { raw in
      raw.baseAddress.map { string($0, raw.count) } ?? ""
    }
    return (operands.isEmpty ? mnemonic : mnemonic + " " + operands, Int(instruction.pointee.size))
  }
}
