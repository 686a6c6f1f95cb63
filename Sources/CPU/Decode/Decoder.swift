import Layout
import MMU
import Opcodes

/// Decodes instructions by the opcode table, in every mode.
public final class Decoder {
  /// An instruction's ops, without their place in a block: the instruction's own, and before it, where its memory operand
  /// is not simply a 64-bit linear address, the one that computes the address.
  struct Instruction {
    var address: DecodedOp?
    var op: DecodedOp
    /// Cycles the instruction costs.
    var cycles: UInt64
    /// Its row of the opcode table; nil: no row claims the bytes.
    var row: Int?
    /// #UD, whatever the operands and the processor's state.
    var isUndefined = false
  }

  /// What bytes turned out to be.
  enum Outcome {
    case instruction(Instruction)
    /// The instruction goes on behind the bytes at hand.
    case needsMore
  }

  /// A row with its handlers looked up: by width, form, condition and mode.
  private struct Row {
    let opcode: Opcode
    /// Its place in the table.
    let number: Int
    let handlers: [Handler]
    let cycles: UInt64
    /// The model lacks the instruction.
    let isUndefined: Bool
  }

  /// What a mode says of sizes (SDM Vol. 1, "Operand Size and Address Size in 64-Bit Mode" and "Operand-Size and
  /// Address-Size Attributes").
  private struct Sizes {
    var is64: Bool
    var operand: Int
    var address: Int
    var mode: UInt64
  }

  private let rows: [Row]
  /// Row numbers by map and byte, in the table's order.
  private let candidates: [[Int]]
  private let timing: TimingTable
  /// Told the row of everything that is decoded: for tests that ask what a program consists of.
  package var observer: ((Int) -> Void)?
  private static let widths = [0, 8, 16, 32, 64, 128]

  /// Builds the decoder.
  ///
  /// - Parameter model: instructions that it lacks are #UD; without one every instruction that is built executes.
  /// - Throws: `TableError` when the opcode table is wrong.
  public init(timing: TimingTable, model: CPUModel? = nil) throws {
    let opcodes = try Opcode.all()
    let gates = try model.map { try InstructionGates($0) } ?? InstructionGates()
    let byName = Dictionary(
      zip(handlerNames(of: opcodes), generatedHandlers()), uniquingKeysWith: { first, _ in first })
    var rows: [Row] = []
    var candidates = [[Int]](repeating: [], count: 2048)
    for opcode in opcodes {
      var handlers: [Handler] = []
      let isMissing = gates.isMissing(opcode.mnemonic)
      let substitute = gates.substitute(for: opcode.mnemonic)
      let executed = isMissing ? opcodes.first { $0.mnemonic == substitute } : opcode
      for width in Decoder.widths {
        for form in OperandForm.allCases {
          for condition in 0..<(opcode.spread == 16 ? 16 : 1) {
            for mode in opcode.usesMode ? HandlerMode.allCases : [.long] {
              let name = executed?.handlerName(width: width, form: form, condition: condition, mode: mode)
              handlers.append(name.flatMap { byName[$0] } ?? undefined)
            }
          }
        }
      }
      for offset in 0..<opcode.spread {
        candidates[opcode.map.rawValue << 8 | (Int(opcode.byte) + offset) & 0xFF].append(rows.count)
      }
      rows.append(
        Row(
          opcode: opcode, number: rows.count, handlers: handlers, cycles: timing[opcode.timing],
          isUndefined: executed == nil))
    }
    self.rows = rows
    self.candidates = candidates
    self.timing = timing
  }

  /// Decodes one instruction.
  ///
  /// - Parameters:
  ///   - bytes: at least the first, at most all bytes of its page from there on.
  ///   - ripOffset: of its first byte from the block's.
  ///   - mode: of the processor (`Mode…`).
  func decode(_ bytes: UnsafeRawBufferPointer, ripOffset: Int, mode: UInt64) -> Outcome {
    var cursor = InstructionCursor(bytes)
    let is64 = mode & UInt64(ModeCodeMask) == UInt64(ModeCode64)
    var prefixes = cursor.prefixes(in64BitMode: is64)
    let isProtected = mode & UInt64(ModeProtected) != 0
    guard let (map, byte) = cursor.opcode(&prefixes, in64BitMode: is64, isProtected: isProtected) else {
      return incomplete(cursor)
    }
    guard !prefixes.isInvalid else { return nothing(cursor) }
    let modRM = cursor.peek
    var found: Row?
    for number in candidates[map << 8 | Int(byte)] {
      let row = rows[number]
      guard row.opcode.exists(in64BitMode: is64), matches(row.opcode, prefixes) else { continue }
      guard row.opcode.hasModRM else {
        found = row
        break
      }
      guard let modRM else { return incomplete(cursor) }
      guard matches(row.opcode, modRM) else { continue }
      found = row
      break
    }
    guard let row = found else { return nothing(cursor) }
    let is32 = mode & UInt64(ModeCodeMask) != UInt64(ModeCode16)
    let sizes = Sizes(
      is64: is64, operand: prefixes.operandSize == is32 ? 16 : 32,
      address: is64 ? (prefixes.addressSize ? 32 : 64) : prefixes.addressSize == is32 ? 16 : 32, mode: mode)
    observer?(row.number)
    return build(row, byte, prefixes, sizes, &cursor, ripOffset)
  }

  /// A row of the opcode table.
  func opcode(ofRow number: Int) -> Opcode { rows[number].opcode }

  /// F2 and F3 come before 66 as mandatory prefixes.
  private func matches(_ opcode: Opcode, _ prefixes: Prefixes) -> Bool {
    if opcode.excludesREXB && prefixes.rexB != 0 { return false }
    if opcode.needsREXW && !prefixes.rexW { return false }
    switch opcode.prefix {
    case .any: return true
    case .none: return prefixes.mandatory == nil
    case .strictlyNone: return prefixes.mandatory == nil && !prefixes.operandSize
    case .byte(let byte):
      return prefixes.mandatory == byte || byte == 0x66 && prefixes.operandSize && prefixes.mandatory == nil
    }
  }

  private func matches(_ opcode: Opcode, _ modRM: UInt8) -> Bool {
    if let digit = opcode.digit, modRM >> 3 & 7 != digit { return false }
    if let rm = opcode.exactRM { return modRM >> 6 == 3 && modRM & 7 == rm }
    guard modRM >> 6 == 3 else { return !opcode.needsRegister }
    return !opcode.operands.contains(.memory) || opcode.excludesRegister
  }

  // MARK: Building ops

  private func build(
    _ row: Row, _ byte: UInt8, _ prefixes: Prefixes, _ sizes: Sizes, _ cursor: inout InstructionCursor,
    _ ripOffset: Int
  ) -> Outcome {
    let opcode = row.opcode
    let width = width(of: opcode, prefixes, sizes)
    /// What near transfers and rows without a width go by.
    let operandSize = width != 0 ? width : opcode.isAlways64 && sizes.is64 ? 64 : sizes.operand
    var op = plain(undefined, cursor)
    var isUndefined = false
    var isMemory = false
    var memory = MemoryOperand()
    var modRM: UInt8 = 0
    if opcode.hasModRM {
      guard let value = cursor.next() else { return incomplete(cursor) }
      modRM = value
      isMemory = modRM >> 6 != 3 && !opcode.operands.contains(.register)
      if isMemory {
        let found =
          sizes.address == 16
          ? memoryOperand16(modRM, &cursor, &op) : memoryOperand(modRM, prefixes, sizes.is64, &cursor, &op)
        guard let found else { return incomplete(cursor) }
        memory = found
      }
    }
    var hasImmediate = false
    var hasVEXRegister = false
    for (position, operand) in opcode.operands.enumerated() {
      var register: Int?
      switch operand {
      case .registerOrMemory, .register, .registerOnly:
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
        isMemory = true
      case .opcodeRegister: register = Int(byte & 7 | prefixes.rexB << 3)
      case .accumulator: register = 0
      case .control:
        let number = modRM >> 3 & 7 | prefixes.rexR << 3
        op.immediate = Int64(number)
        // SDM Vol. 2B, "MOV—Move to/from Control Registers", "MOV—Move to/from Debug Registers".
        let exists = byte & 1 != 0 ? number < 8 : [0, 2, 3, 4].contains(number) || number == 8 && sizes.is64
        if !exists { isUndefined = true }
      case .one: op.immediate = 1
      case .vexRegister:
        hasVEXRegister = true
        let number = Int(prefixes.vexRegister & (sizes.is64 ? 15 : 7))
        if position == 0 { register = number } else { op.immediate = Int64(number * 8) }
      case .offset:
        guard let value = cursor.signed(sizes.address / 8) else { return incomplete(cursor) }
        isMemory = true
        memory.isOffset = true
        if sizes.address == 64 {
          op.immediate = value
        } else {
          op.displacement = Int32(truncatingIfNeeded: value)
        }
      case .immediate, .signedByte, .relative:
        guard let value = immediate(operand, width, operandSize, &cursor) else { return incomplete(cursor) }
        // ENTER has two.
        op.immediate = hasImmediate ? op.immediate | value << 16 : value
        hasImmediate = true
      case .segment:
        let number = modRM >> 3 & 7
        op.immediate = Int64(number)
        // There are six, and CS cannot be loaded (SDM Vol. 2B, "MOV—Move").
        if number > 5 || position == 0 && number == 1 { isUndefined = true }
      case .fixedSegment(let number): op.immediate = Int64(number)
      case .farPointer:
        guard let offset = cursor.signed(operandSize / 8), let selector = cursor.signed(2) else {
          return incomplete(cursor)
        }
        let low = offset & (operandSize == 16 ? 0xFFFF : 0xFFFF_FFFF)
        op.immediate = (selector & 0xFFFF) << 32 | low
      case .stackRegister: op.immediate = Int64(modRM & 7)
      case .memory, .cl, .dx: break
      }
      if let register {
        let offset = registerOffset(register, operand, width, prefixes)
        if position == 0 { op.destination = offset } else { op.source = offset }
      }
    }
    op.length = UInt8(cursor.count)
    op.handler = handler(row, width, isMemory, byte, operandSize, sizes)
    if prefixes.lock && !(opcode.allowsLock && isMemory && !memory.isOffset) { isUndefined = true }
    // A VEX.vvvv that is not used must be 1111b.
    if prefixes.vexLength != 0 || !hasVEXRegister && prefixes.vexRegister != 0 { isUndefined = true }
    if opcode.excludesRegister && !isMemory || opcode.excludesOperandSize && prefixes.operandSize {
      isUndefined = true
    }
    if isUndefined || opcode.shape == .absent {
      // #UD comes before whatever the operand's address would raise.
      op.handler = undefined
      op.detail = OpDetail.ends.rawValue
      return .instruction(Instruction(op: op, cycles: row.cycles, row: row.number, isUndefined: isUndefined))
    }
    if opcode.shape == .refused {
      op.immediate = Int64(row.number)
      op.source = opcode.unit.rawValue
    }
    var details: OpDetail = opcode.endsBlock ? .ends : []
    if sizes.address == 16 { details.insert(.address16) }
    if sizes.address == 32 { details.insert(.address32) }
    if prefixes.mandatory == 0xF3 { details.insert(.repeat) }
    if prefixes.mandatory == 0xF2 { details.insert(.repeatNot) }
    let end = Int64(ripOffset + cursor.count)
    if opcode.operands.contains(where: { if case .relative = $0 { true } else { false } }) { op.immediate &+= end }
    if memory.isRIPRelative {
      op.base = UInt8(OffsetRIP)
      if let displacement = Int32(exactly: Int64(op.displacement) + end) {
        op.displacement = displacement
      } else {
        memory.distance = end
      }
    }
    if opcode.shape == .string { op.immediate = Int64(timing.iteration) }
    if opcode.shape == .string || opcode.mnemonic == "XLAT" || opcode.mnemonic == "MONITOR" {
      op.source = UInt8((prefixes.segment ?? .ds).rawValue)
      let isPlain = sizes.is64 ? prefixes.segment == nil : isFlat(prefixes.segment ?? .ds, sizes)
      if !isPlain { details.insert(.segmented) }
    }
    if opcode.handlerStem == "pop" && memory.isBasedOnStack { op.displacement &+= Int32(width / 8) }
    op.detail = details.rawValue
    var address: DecodedOp?
    let hasAddress = !row.isUndefined && (opcode.handlerStem != "lea" || memory.distance != 0)
    if isMemory && hasAddress && opcode.handlerStem != "nop" && opcode.handlerStem != "undefined" {
      address = addressOp(op, memory, bytes: operandBytes(opcode, width), opcode, prefixes, sizes)
    }
    if address != nil {
      op.base = UInt8(OffsetLinear)
      op.index = UInt8(OffsetZero)
      op.displacement = 0
    }
    if address != nil || !isMemory { op.scale = UInt8((operandSize / 8).trailingZeroBitCount & 7) }
    return .instruction(Instruction(address: address, op: op, cycles: row.cycles, row: row.number))
  }

  private func handler(
    _ row: Row, _ width: Int, _ isMemory: Bool, _ byte: UInt8, _ operandSize: Int, _ sizes: Sizes
  ) -> Handler {
    let opcode = row.opcode
    let conditions = opcode.spread == 16 ? 16 : 1
    let modes = opcode.usesMode ? HandlerMode.allCases.count : 1
    var mode = 0
    if opcode.usesMode && !sizes.is64 {
      let flat = UInt64(ModeCode32 | ModeFlatData | ModeFlatCode | ModeStack32)
      let isFlat = sizes.mode & flat == flat && (!opcode.isAlways64 || operandSize == 32)
      mode = isFlat ? 1 : 2
    }
    let widthIndex = Decoder.widths.firstIndex(of: width) ?? 0
    let condition = conditions == 16 ? Int(byte & 15) : 0
    return row.handlers[((widthIndex * 2 + (isMemory ? 1 : 0)) * conditions + condition) * modes + mode]
  }

  /// The op that computes a memory operand's linear address, or nil where the instruction's own fields say it.
  private func addressOp(
    _ op: DecodedOp, _ memory: MemoryOperand, bytes: Int, _ opcode: Opcode, _ prefixes: Prefixes, _ sizes: Sizes
  ) -> DecodedOp? {
    let segment = prefixes.segment ?? (memory.defaultsToStack ? .ss : .ds)
    var address = op
    var details: OpDetail = sizes.address == 16 ? .address16 : sizes.address == 32 ? .address32 : []
    if sizes.is64 {
      guard sizes.address == 32 || prefixes.segment != nil || memory.distance != 0 else { return nil }
      if memory.distance != 0 {
        address.handler = addressFarFromBlock
        address.source = UInt8(segment.rawValue)
        address.immediate = memory.distance
        address.detail = details.rawValue
        return address
      }
      address.handler = address64
    } else if sizes.address == 32 && isFlat(segment, sizes) {
      address.handler = address32
    } else {
      address.handler = addressInSegment
      if opcode.writesMemory { details.insert(.writes) }
    }
    address.source = UInt8(segment.rawValue)
    address.destination = UInt8(truncatingIfNeeded: bytes < 256 ? bytes : 0)
    address.immediate = Int64(bytes) | Int64(opcode.unit.rawValue) << 32
    address.detail = details.rawValue
    if opcode.shape == .bitTest, case .reg = opcode.operands.last {
      address.handler = addressOfBit
      address.immediate |= Int64(op.source) << 48
    }
    return address
  }

  private func isFlat(_ segment: Segment, _ sizes: Sizes) -> Bool {
    segment != .cs && segment != .fs && segment != .gs && sizes.mode & UInt64(ModeFlatData) != 0
      && sizes.address == 32
  }

  /// Bytes of the memory operand, for limit checks.
  private func operandBytes(_ opcode: Opcode, _ width: Int) -> Int {
    if width == 16, let bytes = opcode.memoryBytes16 { return bytes }
    if let bytes = opcode.memoryBytes { return bytes }
    if [.vector, .vectorInsert, .vectorExtract, .vectorTest].contains(opcode.shape) { return width / 8 }
    for operand in opcode.operands {
      switch operand {
      case .registerOrMemory(.b), .offset(.b): return 1
      case .registerOrMemory(.w): return 2
      case .registerOrMemory(.d): return 4
      case .registerOrMemory(.q): return 8
      case .registerOrMemory, .offset: return max(width / 8, 1)
      default: continue
      }
    }
    return 1
  }

  /// An op that uses no operand.
  private func plain(_ handler: @escaping Handler, _ cursor: InstructionCursor) -> DecodedOp {
    var op = DecodedOp(handler)
    op.length = UInt8(min(cursor.count, 15))
    return op
  }

  /// Bytes ran out: more are wanted, unless there are fifteen already.
  private func incomplete(_ cursor: InstructionCursor) -> Outcome {
    guard cursor.isTooLong else { return .needsMore }
    return .instruction(Instruction(op: plain(tooLong, cursor), cycles: 1))
  }

  /// Nothing is encoded here: #UD (SDM Vol. 2D, "Opcode Map": what is left blank is reserved).
  private func nothing(_ cursor: InstructionCursor) -> Outcome {
    var op = plain(undefined, cursor)
    op.detail = OpDetail.ends.rawValue
    return .instruction(Instruction(op: op, cycles: 1, isUndefined: true))
  }

  private func width(of opcode: Opcode, _ prefixes: Prefixes, _ sizes: Sizes) -> Int {
    guard let first = opcode.widths.first else { return 0 }
    guard opcode.widths.count > 1 else { return first }
    var wanted = sizes.operand
    if sizes.is64 {
      if opcode.isAlways64 || prefixes.rexW { wanted = 64 } else if opcode.defaultsTo64 && wanted == 32 { wanted = 64 }
    }
    if opcode.widths.contains(wanted) { return wanted }
    return wanted == 64 ? 32 : wanted == 16 ? 32 : first
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

  /// What a memory operand is besides base, index and displacement.
  private struct MemoryOperand {
    var isRIPRelative = false
    /// Its base is RSP, RBP, ESP, EBP or BP: the stack segment is the default.
    var defaultsToStack = false
    var isBasedOnStack = false
    /// A memory offset (MOV moffs).
    var isOffset = false
    /// What must still be added to its displacement, because the sum does not fit.
    var distance: Int64 = 0
  }

  /// Reads SIB and displacement of 32- and 64-bit addresses; nil when bytes ran out.
  private func memoryOperand(
    _ modRM: UInt8, _ prefixes: Prefixes, _ is64: Bool, _ cursor: inout InstructionCursor, _ op: inout DecodedOp
  ) -> MemoryOperand? {
    let mod = modRM >> 6
    var memory = MemoryOperand()
    var base = Int(modRM & 7)
    var displacementBytes = mod == 1 ? 1 : mod == 2 ? 4 : 0
    var hasBase = true
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
      memory.isRIPRelative = is64
      displacementBytes = 4
    }
    if hasBase {
      let register = base | Int(prefixes.rexB) << 3
      op.base = UInt8(register * 8)
      memory.defaultsToStack = register == 4 || register == 5
      memory.isBasedOnStack = register == 4
    }
    if displacementBytes > 0 {
      guard let value = cursor.signed(displacementBytes) else { return nil }
      op.displacement = Int32(truncatingIfNeeded: value)
    }
    return memory
  }

  /// Reads the displacement of 16-bit addresses (SDM Vol. 2A, "16-Bit Addressing Forms with the ModR/M Byte").
  private func memoryOperand16(
    _ modRM: UInt8, _ cursor: inout InstructionCursor, _ op: inout DecodedOp
  ) -> MemoryOperand? {
    let forms: [(base: GeneralRegister?, index: GeneralRegister?)] = [
      (.rbx, .rsi), (.rbx, .rdi), (.rbp, .rsi), (.rbp, .rdi), (nil, .rsi), (nil, .rdi), (.rbp, nil), (.rbx, nil),
    ]
    let mod = modRM >> 6
    var form = forms[Int(modRM & 7)]
    var displacementBytes = Int(mod)
    if mod == 0 && modRM & 7 == 6 {
      form = (nil, nil)
      displacementBytes = 2
    }
    if let base = form.base { op.base = UInt8(base.rawValue * 8) }
    if let index = form.index { op.index = UInt8(index.rawValue * 8) }
    if displacementBytes > 0 {
      guard let value = cursor.signed(displacementBytes) else { return nil }
      op.displacement = Int32(truncatingIfNeeded: value)
    }
    var memory = MemoryOperand()
    memory.defaultsToStack = form.base == .rbp
    return memory
  }

  private func immediate(
    _ operand: Opcode.Operand, _ width: Int, _ operandSize: Int, _ cursor: inout InstructionCursor
  ) -> Int64? {
    switch operand {
    case .signedByte, .immediate(.b), .relative(.b): return cursor.signed(1)
    case .immediate(.w): return cursor.signed(2).map { $0 & 0xFFFF }
    case .immediate(.v): return cursor.signed(width / 8)
    default: return cursor.signed(operandSize == 16 ? 2 : 4)
    }
  }
}
