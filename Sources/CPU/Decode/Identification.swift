import Layout
import Opcodes

/// What decides how bytes are decoded, besides segments.
public enum CodeKind: String, CaseIterable, Sendable {
  /// Real-address or virtual-8086 mode.
  case real
  /// 16- and 32-bit code of protected and compatibility mode.
  case protected16, protected32
  /// 64-bit mode.
  case long

  var mode: UInt64 {
    switch self {
    case .real: UInt64(ModeCode16)
    case .protected16: UInt64(ModeCode16 | ModeProtected)
    case .protected32: UInt64(ModeCode32 | ModeProtected)
    case .long: UInt64(ModeCode64)
    }
  }
}

/// What the decoder makes of bytes, for who compares it with another one.
public struct IdentifiedEncoding: Sendable {
  /// What becomes of it.
  public enum Standing: String, Sendable {
    /// It executes, or raises what its operands or the processor's state ask for.
    case executed
    /// A row names it, and the run ends there.
    case refused
    /// A row names it, and what would switch it on is not there: #UD.
    case absent
    /// Nothing is encoded, or not with these prefixes and operands: #UD.
    case undefined
    /// More than fifteen bytes: #GP(0).
    case tooLong
  }

  /// What becomes of it.
  public let standing: Standing
  /// Its bytes; of what is undefined, those that had to be read.
  public let length: Int
  /// Its row of the opcode table, if one claims it.
  public let opcode: Opcode?
  /// The row's place in `Opcode.all`.
  public let row: Int?
}

extension Decoder {
  /// What the first bytes are; nil when the instruction goes on behind them.
  public func identify(_ bytes: UnsafeRawBufferPointer, as kind: CodeKind) -> IdentifiedEncoding? {
    guard case .instruction(let instruction) = decode(bytes, ripOffset: 0, mode: kind.mode) else { return nil }
    let opcode = instruction.row.map { self.opcode(ofRow: $0) }
    let standing: IdentifiedEncoding.Standing
    switch (opcode?.shape, instruction.isUndefined) {
    case (_, true): standing = .undefined
    case (.absent, _): standing = .absent
    case (.refused, _): standing = .refused
    case (nil, _): standing = .tooLong
    default: standing = .executed
    }
    return IdentifiedEncoding(
      standing: standing, length: Int(instruction.op.length), opcode: opcode, row: instruction.row)
  }
}
