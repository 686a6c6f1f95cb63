import Layout
import MMU
import Opcodes

/// Decodes instructions of 64-bit mode by the opcode table.
public final class Decoder {
  /// What bytes turned out to be.
  enum Outcome {
    /// An op, without its place in a block.
    case op(DecodedOp)
    /// The instruction goes on behind the bytes at hand.
    case needsMore
  }

  /// A row with its handlers looked up: by width, form and condition.
  private struct Row {
    let opcode: Opcode
    /// Its place in the table.
    let number: Int
    let handlers: [Handler]
    let cycles: UInt64
    let isString: Bool
  }

  private let rows: [Row]
  /// Row numbers by map and byte, in the table's order.
  private let candidates: [[Int]]
  private let timing: TimingTable
  private static let widths = [0, 8, 16, 32, 64, 128]

  /// Builds the decoder.
  ///
  /// - Throws: `TableError` when the opcode table is wrong.
  public init(timing: TimingTable) throws {
    let opcodes = try Opcode.all()
    let list = handlerList(of: opcodes)
    let pointers = generatedHandlers()
    var byName: [String: Handler] = [:]
    for (specification, pointer) in zip(list, pointers) { byName[specification.name] = pointer }
    var rows: [Row] = []
    var candidates = [[Int]](repeating: [], count: 1024)
    for opcode in opcodes {
      var handlers: [Handler] = []
      for width in Decoder.widths {
        for form in OperandForm.allCases {
          for condition in 0..<(opcode.spread == 16 ? 16 : 1) {
            let name = opcode.handler(width: width, form: form, condition: condition).name
            handlers.append(byName[name] ?? notBuilt)
          }
        }
      }
      for offset in 0..<opcode.spread {
        candidates[opcode.map.rawValue << 8 | (Int(opcode.byte) + offset) & 0xFF].append(rows.count)
      }
      rows.append(
        Row(
          opcode: opcode, number: rows.count, handlers: handlers, cycles: timing[opcode.timing],
          isString: opcode.shape == .string))
    }
    self.rows = rows
    self.candidates = candidates
    self.timing = timing
  }

  /// Cycles of the instruction that an op decoded last costs; the op itself keeps sums.
  private(set) var lastCycles: UInt64 = 0

  /// Decodes one instruction.
  ///
  /// - Parameters:
  ///   - bytes: at least the first, at most all bytes of its page from there on.
  ///   - ripOffset: of its first byte from the block's.
  func decode(_ bytes: UnsafeRawBufferPointer, ripOffset: Int) -> Outcome {
    var cursor = InstructionCursor(bytes)
    let prefixes = cursor.prefixes()
    guard let (map, byte) = cursor.opcode() else { return cursor.isTooLong ? .op(faulting(cursor)) : .needsMore }
    let modRM = cursor.peek
    var found: Row?
    for number in candidates[map << 8 | Int(byte)] {
      let row = rows[number]
      guard matches(row.opcode, prefixes) else { continue }
      guard row.opcode.hasModRM else {
        found = row
        break
      }
      guard let modRM else { return cursor.isTooLong ? .op(faulting(cursor)) : .needsMore }
      guard matches(row.opcode, modRM) else { continue }
      found = row
      break
    }
    guard let row = found else {
      lastCycles = 1
      return .op(plain(notBuilt, cursor))
    }
    lastCycles = row.cycles
    return build(row, byte, prefixes, &cursor, ripOffset)
  }

  /// The mnemonic of a row of the opcode table.
  func mnemonic(ofRow number: Int) -> String { rows[number].opcode.mnemonic }

  private func matches(_ opcode: Opcode, _ prefixes: Prefixes) -> Bool {
    switch opcode.prefix {
    case .any: true
    case .none: prefixes.mandatory == nil
    case .strictlyNone: prefixes.mandatory == nil && !prefixes.operandSize
    case .byte(0x66): prefixes.operandSize && prefixes.mandatory == nil
    case .byte(let byte): prefixes.mandatory == byte
    }
  }

  private func matches(_ opcode: Opcode, _ modRM: UInt8) -> Bool {
    if let digit = opcode.digit, modRM >> 3 & 7 != digit { return false }
    if let rm = opcode.exactRM { return modRM >> 6 == 3 && modRM & 7 == rm }
    if opcode.operands.contains(.memory) && modRM >> 6 == 3 { return false }
    if opcode.needsRegister && modRM >> 6 != 3 { return false }
    return true
  }

  // MARK: Building an op

  private func build(
    _ row: Row, _ byte: UInt8, _ prefixes: Prefixes, _ cursor: inout InstructionCursor, _ ripOffset: Int
  ) -> Outcome {
    let opcode = row.opcode
    let width = width(of: opcode, prefixes)
    var op = plain(notBuilt, cursor)
    var isMemory = false
    var isRIPRelative = false
    var modRM: UInt8 = 0
    if opcode.hasModRM {
      guard let value = cursor.next() else { return cursor.isTooLong ? .op(faulting(cursor)) : .needsMore }
      modRM = value
      isMemory = modRM >> 6 != 3 && !opcode.operands.contains(.register)
      if isMemory {
        guard let relative = memoryOperand(modRM, prefixes, &cursor, &op) else {
          return cursor.isTooLong ? .op(faulting(cursor)) : .needsMore
        }
        isRIPRelative = relative
      }
    }
    var isOffset = false
    for (position, operand) in opcode.operands.enumerated() {
      var register: Int?
      switch operand {
      case .registerOrMemory, .register:
        if !isMemory { register = Int(modRM & 7 | prefixes.rexB << 3) }
      case .reg: register = Int(modRM >> 3 & 7 | prefixes.rexR << 3)
      case .vectorOrMemory, .vectorOnly:
        if !isMemory { register = Int(modRM & 7 | prefixes.rexB << 3) }
      case .mmxOrMemory, .mmxOnly:
        if !isMemory { register = Int(modRM & 7) }
      case .vector: register = Int(modRM >> 3 & 7 | prefixes.rexR << 3)
      case .mmx: register = Int(modRM >> 3 & 7)
      case .atDestinationIndex:
        op.base = UInt8(7 * 8)
        isOffset = true
      case .opcodeRegister: register = Int(byte & 7 | prefixes.rexB << 3)
      case .accumulator: register = 0
      case .control: op.immediate = Int64(modRM >> 3 & 7 | prefixes.rexR << 3)
      case .one: op.immediate = 1
      case .immediate, .signedByte, .relative, .offset:
        guard let value = immediate(operand, width, prefixes, &cursor) else {
          return cursor.isTooLong ? .op(faulting(cursor)) : .needsMore
        }
        op.immediate = value
        if case .offset = operand { isOffset = true }
      case .memory, .cl, .dx, .stackRegister: break
      }
      if let register, position < 2 {
        let offset = registerOffset(register, operand, width, prefixes)
        if position == 0 { op.destination = offset } else { op.source = offset }
      }
    }
    op.length = UInt8(cursor.count)
    let condition = opcode.spread == 16 ? Int(byte & 15) : 0
    let widthIndex = Decoder.widths.firstIndex(of: width) ?? 0
    let perForm = opcode.spread == 16 ? 16 : 1
    op.handler = row.handlers[(widthIndex * 2 + (isMemory || isOffset ? 1 : 0)) * perForm + condition]
    if prefixes.lock && !(opcode.allowsLock && isMemory) { op.handler = undefined }
    if (isMemory && opcode.mnemonic != "NOP" || isOffset || row.isString)
      && (prefixes.addressSize && opcode.handlerStem != "lea" || prefixes.segment != nil && opcode.handlerStem != "lea")
    {
      op.handler = notBuilt
    }
    if prefixes.addressSize { op.detail |= UInt8(DetailAddress32) }
    if prefixes.mandatory == 0xF3 { op.detail |= UInt8(DetailRepeat) }
    if prefixes.mandatory == 0xF2 { op.detail |= UInt8(DetailRepeatNot) }
    if opcode.endsBlock { op.detail |= UInt8(DetailEnds) }
    if row.isString { op.immediate = Int64(timing.iteration) }
    if opcode.shape == .refused { op.immediate = Int64(row.number) }
    let end = Int64(ripOffset + cursor.count)
    if opcode.operands.contains(where: { if case .relative = $0 { true } else { false } }) { op.immediate &+= end }
    if isRIPRelative {
      guard let displacement = Int32(exactly: Int64(op.displacement) + end) else {
        return .op(plain(notBuilt, cursor))
      }
      op.displacement = displacement
      op.base = UInt8(OffsetRIP)
    }
    return .op(op)
  }

  /// An op that uses no operand; of a handler that ends its block.
  private func plain(_ handler: @escaping Handler, _ cursor: InstructionCursor) -> DecodedOp {
    var op = DecodedOp(handler)
    op.length = UInt8(min(cursor.count, 15))
    return op
  }

  /// More than 15 bytes: #GP(0) (SDM Vol. 3, "Interrupt 13—General Protection Exception (#GP)").
  private func faulting(_ cursor: InstructionCursor) -> DecodedOp {
    lastCycles = 1
    return plain(tooLong, cursor)
  }

  private func width(of opcode: Opcode, _ prefixes: Prefixes) -> Int {
    guard let first = opcode.widths.first, let last = opcode.widths.last else { return 0 }
    guard opcode.widths.count > 1 else { return first }
    let wanted = prefixes.rexW ? 64 : prefixes.operandSize ? 16 : opcode.defaultsTo64 ? 64 : 32
    return opcode.widths.contains(wanted) ? wanted : wanted == 16 ? first : last
  }

  private func registerOffset(_ number: Int, _ operand: Opcode.Operand, _ width: Int, _ prefixes: Prefixes) -> UInt8 {
    let isByte: Bool
    switch operand {
    case .registerOrMemory(.b), .reg(.b), .opcodeRegister(.b), .accumulator(.b): isByte = true
    default: isByte = false
    }
    if isByte && !prefixes.hasREX && (4...7).contains(number) { return UInt8((number - 4) * 8 + 1) }
    return UInt8(number * 8)
  }

  /// Reads SIB and displacement; returns whether the operand is RIP-relative, or nil when bytes ran out.
  private func memoryOperand(
    _ modRM: UInt8, _ prefixes: Prefixes, _ cursor: inout InstructionCursor, _ op: inout DecodedOp
  ) -> Bool? {
    let mod = modRM >> 6
    var base = Int(modRM & 7)
    var displacementBytes = mod == 1 ? 1 : mod == 2 ? 4 : 0
    var hasBase = true
    var isRIPRelative = false
    if base == 4 {
      guard let sib = cursor.next() else { return nil }
      base = Int(sib & 7)
      let index = Int(sib >> 3 & 7 | prefixes.rexX << 3)
      if index != 4 {
        op.index = UInt8(index * 8)
        op.scale = sib >> 6
      }
      if base == 5 && mod == 0 {
        hasBase = false
        displacementBytes = 4
      }
    } else if base == 5 && mod == 0 {
      hasBase = false
      isRIPRelative = true
      displacementBytes = 4
    }
    if hasBase { op.base = UInt8((base | Int(prefixes.rexB) << 3) * 8) }
    if displacementBytes > 0 {
      guard let value = cursor.signed(displacementBytes) else { return nil }
      op.displacement = Int32(truncatingIfNeeded: value)
    }
    return isRIPRelative
  }

  private func immediate(
    _ operand: Opcode.Operand, _ width: Int, _ prefixes: Prefixes, _ cursor: inout InstructionCursor
  ) -> Int64? {
    switch operand {
    case .signedByte, .immediate(.b), .relative(.b): return cursor.signed(1)
    case .immediate(.w): return cursor.signed(2).map { $0 & 0xFFFF }
    case .immediate(.v): return cursor.signed(width / 8)
    case .relative: return cursor.signed(4)
    case .offset: return prefixes.addressSize ? cursor.signed(4).map { $0 & 0xFFFF_FFFF } : cursor.signed(8)
    default: return cursor.signed(width == 16 ? 2 : 4)
    }
  }
}
