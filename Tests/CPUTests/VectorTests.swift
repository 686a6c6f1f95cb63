import CPU
import MMU
import Testing

/// MMX and SSE instructions against `VectorDefinition`, through the decoder and the processor.
@Suite struct VectorTests {
  private static let repetitions = 60

  private static func rex(_ reg: Int, _ rm: Int, wide: Bool = false) -> [UInt8] {
    let bits = UInt8((wide ? 8 : 0) | (reg >> 3) << 2 | rm >> 3)
    return bits == 0 ? [] : [0x40 | bits]
  }

  /// Register form: prefix, REX, opcode, ModRM.
  private static func encoded(_ prefix: UInt8?, _ opcode: [UInt8], _ reg: Int, _ rm: Int, wide: Bool = false) -> [UInt8]
  {
    (prefix.map { [$0] } ?? []) + rex(reg, rm, wide: wide) + opcode + [UInt8(0xC0 | (reg & 7) << 3 | rm & 7)]
  }

  /// Memory form: the operand is at RBX.
  private static func encoded(_ prefix: UInt8?, _ opcode: [UInt8], _ reg: Int, wide: Bool = false) -> [UInt8] {
    (prefix.map { [$0] } ?? []) + rex(reg, 0, wide: wide) + opcode + [UInt8((reg & 7) << 3 | 3)]
  }

  /// An address for so many bytes; often one that crosses a page.
  private static func address(_ bytes: Int, aligned: Bool, _ random: inout SplitMix64) -> UInt64 {
    let offset = random.next()
    if aligned { return VectorMachine.data + (offset % 0x200) * 16 }
    return offset % 4 == 0
      ? VectorMachine.data + 0x1000 - UInt64(1 + Int(offset >> 8) % 16) : VectorMachine.data + offset % 0x2000
  }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: max(count, 0)) }

  // MARK: Packed operations

  @Test(arguments: VectorDefinition.all)
  func inXMMRegisters(_ definition: VectorDefinition) throws {
    guard definition.hasXMM else { return }
    let machine = try VectorMachine()
    var random = SplitMix64(state: 1)
    for _ in 0..<VectorTests.repetitions {
      machine.randomize(&random)
      let control = definition.hasControl ? [UInt8(truncatingIfNeeded: random.next() >> 20)] : []
      let reg = Int(random.next() % 16)
      let rm = Int(random.next() % 16)
      if definition.hasRegister {
        var expected = machine.snapshot
        expected.xmm[reg] = definition.body(
          machine.xmm(reg), machine.xmm(rm), Int(control.first ?? 0), machine.xmm(0))
        let end = machine.run(
          VectorTests.encoded(definition.prefix, definition.opcode, reg, rm) + control)
        #expect(end == .done)
        try #require(machine.snapshot == expected)
      }
      guard definition.memory > 0 else { continue }
      let address = VectorTests.address(definition.memory, aligned: definition.isAligned, &random)
      let memory = random.bytes(definition.memory)
      machine.write(memory, at: address)
      machine.state[.rbx] = address
      var expected = machine.snapshot
      expected.xmm[reg] = definition.body(
        machine.xmm(reg), memory + VectorTests.zeros(16 - memory.count), Int(control.first ?? 0), machine.xmm(0))
      let end = machine.run(VectorTests.encoded(definition.prefix, definition.opcode, reg) + control)
      #expect(end == .done)
      try #require(machine.snapshot == expected)
    }
  }

  /// SDM Vol. 3, "Effect of MMX Instructions on x87 State": TOP becomes 0, every tag valid, and the sign and exponent of a
  /// register that is written all ones.
  private static func entered(_ snapshot: VectorMachine.Snapshot) -> VectorMachine.Snapshot {
    var result = snapshot
    result.control[1] &= ~0x3800
    result.control[2] = 0xFF
    return result
  }

  private static func number(_ bytes: [UInt8]) -> [UInt64] { [fromLittleEndian(bytes), 0xFFFF] }

  @Test(arguments: VectorDefinition.all)
  func inMMXRegisters(_ definition: VectorDefinition) throws {
    guard definition.hasMMX else { return }
    let machine = try VectorMachine()
    var random = SplitMix64(state: 2)
    for _ in 0..<VectorTests.repetitions {
      machine.randomize(&random)
      let control = definition.hasControl ? [UInt8(truncatingIfNeeded: random.next() >> 20)] : []
      let reg = Int(random.next() % 8)
      let rm = Int(random.next() % 8)
      // REX.R and REX.B mean nothing here.
      let ignored = random.next() % 2 == 0 ? 8 : 0
      var expected = VectorTests.entered(machine.snapshot)
      expected.fpu[reg] = VectorTests.number(
        definition.body(machine.mmx(reg), machine.mmx(rm), Int(control.first ?? 0), []))
      let end = machine.run(VectorTests.encoded(nil, definition.opcode, reg | ignored, rm | ignored) + control)
      #expect(end == .done)
      try #require(machine.snapshot == expected)

      let address = VectorTests.address(definition.memoryMMX, aligned: false, &random)
      let memory = random.bytes(definition.memoryMMX)
      machine.write(memory, at: address)
      machine.state[.rbx] = address
      expected = VectorTests.entered(machine.snapshot)
      expected.fpu[reg] = VectorTests.number(
        definition.body(
          machine.mmx(reg), memory + VectorTests.zeros(8 - memory.count), Int(control.first ?? 0), []))
      #expect(machine.run(VectorTests.encoded(nil, definition.opcode, reg) + control) == .done)
      try #require(machine.snapshot == expected)
    }
  }

  @Test func shiftsByAnImmediate() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 3)
    for shift in VectorDefinition.immediateShifts {
      for count in 0...255 as ClosedRange<UInt8> {
        machine.randomize(&random)
        let rm = Int(random.next() % 16)
        let source = [count] + VectorTests.zeros(15)
        var expected = machine.snapshot
        expected.xmm[rm] = shift.body(machine.xmm(rm), source, 0, [])
        let end = machine.run(VectorTests.encoded(0x66, [0x0F, shift.opcode], Int(shift.digit), rm) + [count])
        #expect(end == .done)
        try #require(machine.snapshot == expected, "\(shift.mnemonic) \(count)")
        guard shift.hasMMX else { continue }
        expected = VectorTests.entered(machine.snapshot)
        expected.fpu[rm & 7] = VectorTests.number(shift.body(machine.mmx(rm), Array(source[..<8]), 0, []))
        #expect(
          machine.run(VectorTests.encoded(nil, [0x0F, shift.opcode], Int(shift.digit), rm & 7) + [count]) == .done)
        try #require(machine.snapshot == expected, "\(shift.mnemonic) \(count), MMX")
      }
    }
  }

  // MARK: Stores

  /// Prefix, opcode, first byte of the register that is stored, bytes, whether it must be aligned, whether there is a
  /// register form like MOVDQA's.
  private static let stores: [(String, UInt8?, UInt8, Int, Int, Bool, Bool)] = [
    ("MOVDQA", 0x66, 0x7F, 0, 16, true, true), ("MOVDQU", 0xF3, 0x7F, 0, 16, false, true),
    ("MOVAPS", nil, 0x29, 0, 16, true, true), ("MOVAPD", 0x66, 0x29, 0, 16, true, true),
    ("MOVUPS", nil, 0x11, 0, 16, false, true), ("MOVUPD", 0x66, 0x11, 0, 16, false, true),
    ("MOVNTDQ", 0x66, 0xE7, 0, 16, true, false), ("MOVNTPS", nil, 0x2B, 0, 16, true, false),
    ("MOVNTPD", 0x66, 0x2B, 0, 16, true, false), ("MOVQ", 0x66, 0xD6, 0, 8, false, false),
    ("MOVSS", 0xF3, 0x11, 0, 4, false, false), ("MOVSD", 0xF2, 0x11, 0, 8, false, false),
    ("MOVLPS", nil, 0x13, 0, 8, false, false), ("MOVLPD", 0x66, 0x13, 0, 8, false, false),
    ("MOVHPS", nil, 0x17, 8, 8, false, false), ("MOVHPD", 0x66, 0x17, 8, 8, false, false),
    ("MOVD", 0x66, 0x7E, 0, 4, false, false),
  ]

  @Test func stores() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 4)
    for (mnemonic, prefix, opcode, first, size, isAligned, hasRegister) in VectorTests.stores {
      for _ in 0..<VectorTests.repetitions {
        machine.randomize(&random)
        let (reg, rm) = (Int(random.next() % 16), Int(random.next() % 16))
        let address = VectorTests.address(size, aligned: isAligned, &random)
        machine.state[.rbx] = address
        let around = random.bytes(size + 32)
        machine.write(around, at: address - 16)
        var expected = machine.snapshot
        #expect(machine.run(VectorTests.encoded(prefix, [0x0F, opcode], reg)) == .done)
        try #require(machine.snapshot == expected, "\(mnemonic)")
        let stored = around[..<16] + machine.xmm(reg)[first..<first + size] + around[(16 + size)...]
        try #require(machine.read(size + 32, at: address - 16) == Array(stored), "\(mnemonic)")
        guard hasRegister else { continue }
        expected.xmm[rm] = expected.xmm[reg]
        #expect(machine.run(VectorTests.encoded(prefix, [0x0F, opcode], reg, rm)) == .done)
        try #require(machine.snapshot == expected, "\(mnemonic), register")
      }
    }
  }

  /// Register forms of the stores of part of a register.
  @Test func partsIntoRegisters() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 5)
    for (prefix, opcode, size, clears) in [(0x66, 0xD6, 8, true), (0xF3, 0x11, 4, false), (0xF2, 0x11, 8, false)]
      as [(UInt8, UInt8, Int, Bool)]
    {
      machine.randomize(&random)
      var expected = machine.snapshot
      let rest = clears ? VectorTests.zeros(16 - size)[...] : expected.xmm[13][size...]
      expected.xmm[13] = Array(expected.xmm[2][..<size] + rest)
      #expect(machine.run(VectorTests.encoded(prefix, [0x0F, opcode], 2, 13)) == .done)
      #expect(machine.snapshot == expected)
    }
  }

  @Test func storesOfMMXRegisters() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 6)
    for (opcode, size, wide) in [(0x7F, 8, false), (0xE7, 8, false), (0x7E, 4, false), (0x7E, 8, true)]
      as [(UInt8, Int, Bool)]
    {
      for _ in 0..<VectorTests.repetitions {
        machine.randomize(&random)
        let reg = Int(random.next() % 8)
        let address = VectorTests.address(size, aligned: false, &random)
        machine.state[.rbx] = address
        let around = random.bytes(size + 32)
        machine.write(around, at: address - 16)
        let expected = VectorTests.entered(machine.snapshot)
        #expect(machine.run(VectorTests.encoded(nil, [0x0F, opcode], reg, wide: wide)) == .done)
        try #require(machine.snapshot == expected)
        let stored = around[..<16] + machine.mmx(reg)[..<size] + around[(16 + size)...]
        try #require(machine.read(size + 32, at: address - 16) == Array(stored))
      }
    }
    machine.randomize(&random)
    var expected = VectorTests.entered(machine.snapshot)
    expected.fpu[6] = VectorTests.number(machine.mmx(3))
    #expect(machine.run(VectorTests.encoded(nil, [0x0F, 0x7F], 3, 6)) == .done)
    #expect(machine.snapshot == expected)
  }

  @Test(arguments: [(8, true), (16, false)])
  func selectedBytes(_ size: Int, _ isMMX: Bool) throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 7)
    for _ in 0..<VectorTests.repetitions * 4 {
      machine.randomize(&random)
      let (reg, rm) = (Int(random.next() % 8), Int(random.next() % 8))
      let address = VectorTests.address(size, aligned: false, &random)
      machine.state[.rdi] = address
      let around = random.bytes(size)
      machine.write(around, at: address)
      let expected = isMMX ? VectorTests.entered(machine.snapshot) : machine.snapshot
      let (data, mask) = isMMX ? (machine.mmx(reg), machine.mmx(rm)) : (machine.xmm(reg), machine.xmm(rm))
      #expect(machine.run(VectorTests.encoded(isMMX ? nil : 0x66, [0x0F, 0xF7], reg, rm)) == .done)
      #expect(machine.snapshot == expected)
      let stored = (0..<size).map { mask[$0] & 0x80 != 0 ? data[$0] : around[$0] }
      try #require(machine.read(size, at: address) == stored)
    }
  }

  // MARK: Between general and vector registers

  /// Opcode behind 66h, lane size in bytes, REX.W, whether it is an insertion.
  private static let lanesByNumber: [(String, [UInt8], Int, Bool, Bool)] = [
    ("PINSRW", [0x0F, 0xC4], 2, false, true), ("PINSRB", [0x0F, 0x3A, 0x20], 1, false, true),
    ("PINSRD", [0x0F, 0x3A, 0x22], 4, false, true), ("PINSRQ", [0x0F, 0x3A, 0x22], 8, true, true),
    ("PEXTRB", [0x0F, 0x3A, 0x14], 1, false, false), ("PEXTRW", [0x0F, 0x3A, 0x15], 2, false, false),
    ("PEXTRD", [0x0F, 0x3A, 0x16], 4, false, false), ("PEXTRQ", [0x0F, 0x3A, 0x16], 8, true, false),
    ("EXTRACTPS", [0x0F, 0x3A, 0x17], 4, false, false),
  ]

  @Test func lanesByImmediate() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 8)
    for (mnemonic, opcode, size, wide, inserts) in VectorTests.lanesByNumber {
      for _ in 0..<VectorTests.repetitions {
        machine.randomize(&random)
        // RSP is the stack's; RBX the memory operand's.
        var general = Int(random.next() % 16)
        if general == 4 { general = 5 }
        let reg = Int(random.next() % 16)
        let control = UInt8(truncatingIfNeeded: random.next() >> 9)
        let lane = Int(control) % (16 / size) * size
        let address = VectorTests.address(size, aligned: false, &random)
        let memory = random.bytes(size + 2)
        machine.write(memory, at: address - 1)
        machine.state[.rbx] = address

        var expected = machine.snapshot
        if inserts {
          let value = littleEndian(expected.general[general], size)
          expected.xmm[reg].replaceSubrange(lane..<lane + size, with: value)
        } else {
          expected.general[general] = fromLittleEndian(expected.xmm[reg][lane..<lane + size])
        }
        #expect(machine.run(VectorTests.encoded(0x66, opcode, reg, general, wide: wide) + [control]) == .done)
        expected.general[4] = machine.state[.rsp]
        try #require(machine.snapshot == expected, "\(mnemonic) \(control)")

        machine.state[.rbx] = address
        expected = machine.snapshot
        var stored = memory
        if inserts {
          expected.xmm[reg].replaceSubrange(lane..<lane + size, with: memory[1..<1 + size])
        } else {
          stored.replaceSubrange(1..<1 + size, with: expected.xmm[reg][lane..<lane + size])
        }
        #expect(machine.run(VectorTests.encoded(0x66, opcode, reg, wide: wide) + [control]) == .done)
        try #require(machine.snapshot == expected, "\(mnemonic) \(control), memory")
        try #require(machine.read(size + 2, at: address - 1) == stored, "\(mnemonic) \(control), memory")
      }
    }
  }

  @Test func wordsOfMMXRegistersAndTheOldPEXTRW() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 9)
    for control in 0...255 as ClosedRange<UInt8> {
      machine.randomize(&random)
      var expected = VectorTests.entered(machine.snapshot)
      var bytes = machine.mmx(5)
      let lane = Int(control & 3) * 2
      bytes.replaceSubrange(lane..<lane + 2, with: littleEndian(expected.general[2], 2))
      expected.fpu[5] = VectorTests.number(bytes)
      #expect(machine.run(VectorTests.encoded(nil, [0x0F, 0xC4], 5, 2) + [control]) == .done)
      try #require(machine.snapshot == expected)
      expected.general[9] = fromLittleEndian(bytes[lane..<lane + 2])
      #expect(machine.run(VectorTests.encoded(nil, [0x0F, 0xC5], 9, 5) + [control]) == .done)
      try #require(machine.snapshot == expected)
      let wide = Int(control & 7) * 2
      expected.general[9] = fromLittleEndian(machine.xmm(12)[wide..<wide + 2])
      #expect(machine.run(VectorTests.encoded(0x66, [0x0F, 0xC5], 9, 12) + [control]) == .done)
      try #require(machine.snapshot == expected)
    }
  }

  @Test func movdAndMovq() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 10)
    for wide in [false, true] {
      let size = wide ? 8 : 4
      for _ in 0..<VectorTests.repetitions {
        machine.randomize(&random)
        let reg = Int(random.next() % 16)
        var expected = machine.snapshot
        expected.xmm[reg] = littleEndian(expected.general[10], size) + VectorTests.zeros(16 - size)
        #expect(machine.run(VectorTests.encoded(0x66, [0x0F, 0x6E], reg, 10, wide: wide)) == .done)
        try #require(machine.snapshot == expected)
        expected.general[1] = fromLittleEndian(expected.xmm[3][..<size])
        #expect(machine.run(VectorTests.encoded(0x66, [0x0F, 0x7E], 3, 1, wide: wide)) == .done)
        try #require(machine.snapshot == expected)
        expected = VectorTests.entered(expected)
        expected.fpu[reg & 7] = VectorTests.number(
          littleEndian(expected.general[6], size) + VectorTests.zeros(8 - size))
        #expect(machine.run(VectorTests.encoded(nil, [0x0F, 0x6E], reg & 7, 6, wide: wide)) == .done)
        try #require(machine.snapshot == expected)
        expected.general[8] = fromLittleEndian(machine.mmx(2)[..<size])
        #expect(machine.run(VectorTests.encoded(nil, [0x0F, 0x7E], 2, 8, wide: wide)) == .done)
        try #require(machine.snapshot == expected)

        let address = VectorTests.address(size, aligned: false, &random)
        let memory = random.bytes(size)
        machine.write(memory, at: address)
        machine.state[.rbx] = address
        expected = machine.snapshot
        expected.xmm[reg] = memory + VectorTests.zeros(16 - size)
        #expect(machine.run(VectorTests.encoded(0x66, [0x0F, 0x6E], reg, wide: wide)) == .done)
        try #require(machine.snapshot == expected)
      }
    }
  }

  @Test func betweenMMXAndXMM() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 11)
    machine.randomize(&random)
    var expected = VectorTests.entered(machine.snapshot)
    expected.xmm[11] = machine.mmx(6) + VectorTests.zeros(8)
    #expect(machine.run(VectorTests.encoded(0xF3, [0x0F, 0xD6], 11, 6)) == .done)
    #expect(machine.snapshot == expected)
    machine.state.vectors.pointee.fpuFull = 3
    expected.fpu[4] = VectorTests.number(Array(machine.xmm(9)[..<8]))
    #expect(machine.run(VectorTests.encoded(0xF2, [0x0F, 0xD6], 4, 9)) == .done)
    #expect(machine.snapshot == expected)
  }

  @Test func masksOfSigns() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 12)
    func signs(_ bytes: [UInt8], _ size: Int) -> UInt64 {
      lanes(bytes, size, signed: true).enumerated().reduce(0) { $0 | ($1.element < 0 ? 1 << UInt64($1.offset) : 0) }
    }
    for _ in 0..<VectorTests.repetitions * 4 {
      machine.randomize(&random)
      let rm = Int(random.next() % 16)
      var expected = machine.snapshot
      for (prefix, opcode, size) in [(0x66, 0xD7, 1), (nil, 0x50, 4), (0x66, 0x50, 8)] as [(UInt8?, UInt8, Int)] {
        expected.general[9] = signs(machine.xmm(rm), size)
        #expect(machine.run(VectorTests.encoded(prefix, [0x0F, opcode], 9, rm)) == .done)
        try #require(machine.snapshot == expected)
      }
      expected = VectorTests.entered(expected)
      expected.general[1] = signs(machine.mmx(rm & 7), 1)
      #expect(machine.run(VectorTests.encoded(nil, [0x0F, 0xD7], 1, rm & 7)) == .done)
      try #require(machine.snapshot == expected)
    }
  }

  /// PTEST: ZF, CF; the other arithmetic flags are cleared.
  @Test func ptest() throws {
    let machine = try VectorMachine()
    var random = SplitMix64(state: 13)
    for round in 0..<VectorTests.repetitions * 4 {
      machine.randomize(&random)
      if round % 3 == 0 { machine.setXMM(1, machine.xmm(2).map { ~$0 }) }
      if round % 3 == 1 { machine.setXMM(1, machine.xmm(2)) }
      let (a, b) = (machine.xmm(1), machine.xmm(2))
      var expected = machine.snapshot
      expected.flags = 2
      if zip(a, b).allSatisfy({ $0 & $1 == 0 }) { expected.flags |= 0x40 }
      if zip(a, b).allSatisfy({ ~$0 & $1 == 0 }) { expected.flags |= 1 }
      #expect(machine.run([0x66, 0x0F, 0x38, 0x17, 0xCA]) == .done)
      try #require(machine.snapshot == expected)
      machine.write(b, at: VectorMachine.data)
      machine.state[.rbx] = VectorMachine.data
      machine.state.rflags = 0x8D7
      expected = machine.snapshot.with(flags: expected.flags)
      #expect(machine.run([0x66, 0x0F, 0x38, 0x17, 0x0B]) == .done)
      try #require(machine.snapshot == expected)
    }
  }

  /// RIP-relative operands count from behind the immediate.
  @Test func ripRelativeWithAnImmediate() throws {
    let machine = try VectorMachine()
    let value = (0..<16).map { UInt8($0) }
    machine.write(value, at: VectorMachine.data)
    let displacement = UInt32(VectorMachine.data - VectorMachine.code - 9)
    #expect(
      machine.run([0x66, 0x0F, 0x70, 0x05] + littleEndian(UInt64(displacement), 4) + [0x1B]) == .done)
    #expect(machine.xmm(0) == joined(value[12...], value[8..<12], value[4..<8], value[..<4]))
  }

  /// The state's hash covers every vector register, MXCSR, XCR0 and the x87 words.
  @Test func hashCoversTheVectorState() throws {
    let machine = try VectorMachine()
    func hash() -> String {
      var hasher = StateHasher()
      machine.processor.hash(into: &hasher)
      return hasher.description
    }
    var seen: Set<String> = [hash()]
    for number in 0..<16 {
      machine.state[xmm: number][1] ^= 1 << 63
      #expect(seen.insert(hash()).inserted)
    }
    for number in 0..<8 {
      machine.state[fpu: number].signAndExponent ^= 1
      #expect(seen.insert(hash()).inserted)
    }
    machine.state.vectors.pointee.mxcsr ^= 1
    #expect(seen.insert(hash()).inserted)
    machine.state.vectors.pointee.fpuFull ^= 1
    #expect(seen.insert(hash()).inserted)
    machine.state.vectors.pointee.xcr0 ^= 2
    #expect(seen.insert(hash()).inserted)
  }
}

extension VectorMachine.Snapshot {
  func with(flags: UInt64) -> Self {
    var copy = self
    copy.flags = flags
    return copy
  }
}
