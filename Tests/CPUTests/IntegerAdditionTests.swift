import CPU
import Layout
import MMU
import Testing

/// Integer instructions outside the first set, each against a definition that is slow and follows the manual's words.
@Suite struct IntegerAdditionTests {
  /// Registers that all point at the data, with a stack.
  private static let pointers = [UInt64](repeating: IntegerRig.data, count: 16).with(4, IntegerRig.stack)

  private static let places: [Encoder.Place] = [.register(1), .memory(1)]

  /// A register or memory operand with a value; memory of every alignment, and across a page's end.
  private func operand(_ rig: IntegerRig, _ isMemory: Bool, _ registers: inout [UInt64]) -> (Encoder.Place, UInt64) {
    let number = Int(rig.random.below(16))
    guard isMemory else { return (.register(number), registers[number]) }
    let value = rig.random.operand()
    let address = IntegerRig.data + 0xFE0 + rig.random.below(40)
    rig.put(address, [value])
    registers[number] = address - 0x40
    return (.memory(number), value)
  }

  // MARK: ADX

  @Test("ADCX, ADOX", arguments: [(UInt8(0x66), Flag.carry), (UInt8(0xF3), Flag.overflow)])
  func additions(prefix: UInt8, flag: UInt64) throws {
    let rig = try IntegerRig(seed: 1)
    for round in 0..<2000 {
      let width = round % 2 == 0 ? 32 : 64
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      let reg = Int(rig.random.below(16))
      let (place, source) = operand(rig, round % 4 < 2, &registers)
      let code = Encoder.legacy([prefix], w: width == 64, [0x0F, 0x38, 0xF6], reg: reg, place)
      let expected = Bits.sum(Bits.of(registers[reg], width), Bits.of(source, width), carry: flags & flag != 0)
      let result = rig.run(code, registers, flags: flags)
      #expect(result.registers == registers.with(reg, Bits.number(expected.sum)), "\(code)")
      #expect(result.flags == flags & ~flag | (expected.carry ? flag : 0), "\(code)")
    }
  }

  // MARK: CRC32

  /// The manual's definition: bits reflected, shifted, and the remainder of a division modulo 2.
  private func remainder(_ sum: UInt64, _ source: UInt64, _ width: Int) -> UInt64 {
    func reflected(_ value: UInt64, _ width: Int) -> UInt128 {
      UInt128(Bits.number(Bits.of(value, width).reversed()))
    }
    var dividend = reflected(source, width) << 32 ^ reflected(sum, 32) << UInt128(width)
    for bit in (32..<128).reversed() where dividend >> UInt128(bit) & 1 == 1 {
      dividend ^= 0x1_1EDC_6F41 << UInt128(bit - 32)
    }
    return UInt64(reflected(UInt64(dividend), 32))
  }

  @Test("CRC32", arguments: [8, 16, 32, 64])
  func sums(width: Int) throws {
    let rig = try IntegerRig(seed: 2)
    for round in 0..<1000 {
      // REX.W with a byte source, too: the destination's upper half is cleared either way.
      let w = width == 64 || width == 8 && round % 4 < 2
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      let reg = Int(rig.random.below(16))
      let (place, source) = operand(rig, round % 2 == 0, &registers)
      let code = Encoder.legacy(
        (width == 16 ? [0x66] : []) + [0xF2], w: w, [0x0F, 0x38, width == 8 ? 0xF0 : 0xF1], reg: reg, place,
        needsREX: true)
      let result = rig.run(code, registers, flags: flags)
      #expect(result.registers == registers.with(reg, remainder(registers[reg], source, width)), "\(code)")
      #expect(result.flags == flags)
    }
  }

  /// Known answers: the check value of CRC-32C, and a source in AH.
  @Test func knownSums() throws {
    let rig = try IntegerRig()
    var sum: UInt64 = 0xFFFF_FFFF
    for byte in "123456789".utf8 {
      let registers = IntegerAdditionTests.pointers.with(1, sum).with(0, UInt64(byte) << 8)
      sum = rig.run([0xF2, 0x0F, 0x38, 0xF0, 0xCC], registers).registers[1]  // crc32 ecx, ah
    }
    #expect(sum ^ 0xFFFF_FFFF == 0xE306_9283)
  }

  // MARK: Moves

  @Test("MOVBE", arguments: [16, 32, 64], [true, false])
  func swaps(width: Int, isStore: Bool) throws {
    let rig = try IntegerRig(seed: 3)
    for _ in 0..<500 {
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      let reg = Int(rig.random.below(16))
      let (place, value) = operand(rig, true, &registers)
      let address = registers[place.number] + 0x40
      let code = Encoder.legacy(
        width == 16 ? [0x66] : [], w: width == 64, [0x0F, 0x38, isStore ? 0xF1 : 0xF0], reg: reg, place)
      let result = rig.run(code, registers, flags: flags)
      let kept = width == 64 ? 0 : ~UInt64(0) << UInt64(width)
      func swapped(_ value: UInt64) -> UInt64 {
        let bytes = (0..<width / 8).map { Bits.of(value >> UInt64(8 * $0), 8) }
        return Bits.number(Array(bytes.reversed().joined()))
      }
      if isStore {
        #expect(rig.get(address) == value & kept | swapped(registers[reg]))
      } else {
        registers[reg] = (width == 16 ? registers[reg] & kept : 0) | swapped(value)
      }
      #expect(result.registers == registers && result.flags == flags, "\(code)")
    }
  }

  @Test("MOVNTI", arguments: [32, 64])
  func nonTemporal(width: Int) throws {
    let rig = try IntegerRig(seed: 4)
    for _ in 0..<300 {
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      let reg = Int(rig.random.below(16))
      let (place, value) = operand(rig, true, &registers)
      let address = registers[place.number] + 0x40
      let code = Encoder.legacy([], w: width == 64, [0x0F, 0xC3], reg: reg, place)
      let result = rig.run(code, registers, flags: flags)
      let kept = width == 64 ? 0 : ~UInt64(0) << UInt64(width)
      #expect(rig.get(address) == value & kept | registers[reg] & ~kept)
      #expect(result.registers == registers && result.flags == flags, "\(code)")
    }
  }

  @Test func tableLookUp() throws {
    let rig = try IntegerRig(seed: 5)
    for offset in 0..<UInt64(40) { rig.put(IntegerRig.data + offset * 8, [rig.random.next()]) }
    for index in 0..<UInt64(256) {
      let base = IntegerRig.data + rig.random.below(60)
      let registers = rig.randomRegisters().with(3, base).with(0, rig.random.next() & ~0xFF | index)
      let result = rig.run([0xD7], registers)
      #expect(result.registers == registers.with(0, registers[0] & ~0xFF | rig.get(base + index) & 0xFF))
    }
    // RBX + AL wraps, and what it reads may fault.
    let wrapped = IntegerAdditionTests.pointers.with(3, ~0).with(0, 0x80)
    #expect(rig.run([0xD7], wrapped).registers == wrapped.with(0, rig.get(0x7F) & 0xFF))
    let faulting = IntegerAdditionTests.pointers.with(3, IntegerRig.unmapped - 0x80).with(0, 0x80)
    #expect(rig.run([0xD7], faulting) == .init(registers: faulting, flags: 0, vector: 14, error: 0))
    #expect(rig.run([0xF0, 0xD7], faulting).vector == 6)
  }

  // MARK: Compare and exchange

  @Test("CMPXCHG8B and CMPXCHG16B, with and without LOCK", arguments: [8, 16], [true, false])
  func exchanges(bytes: Int, usesHostPointers: Bool) throws {
    let rig = try IntegerRig(seed: 6, usesHostPointers: usesHostPointers)
    for round in 0..<1000 {
      let isEqual = round % 2 == 0
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      // 8 bytes may lie anywhere; across a page's end, too.
      let place = Encoder.Place.memory(8 + Int(rig.random.below(8)))
      let address = IntegerRig.data + 0xFE0 + (bytes == 16 ? 16 * rig.random.below(3) : rig.random.below(40))
      registers[place.number] = address - 0x40
      var old = [rig.random.operand(), rig.random.operand()]
      if isEqual {
        old = bytes == 16 ? [registers[0], registers[2]] : [registers[2] << 32 | registers[0] & 0xFFFF_FFFF, old[1]]
      } else if round % 4 == 1 {
        // Different in one bit only.
        old = bytes == 16 ? [registers[0], registers[2]] : [registers[2] << 32 | registers[0] & 0xFFFF_FFFF, old[1]]
        old[Int(rig.random.below(UInt64(bytes) / 8))] ^= 1 << rig.random.below(64)
      }
      rig.put(address, old)
      let code = Encoder.legacy(round % 3 == 0 ? [0xF0] : [], w: bytes == 16, [0x0F, 0xC7], reg: 1, place)
      let result = rig.run(code, registers, flags: flags)
      var new = old
      let isSame: Bool
      if bytes == 16 {
        isSame = old == [registers[0], registers[2]]
        if isSame { new = [registers[3], registers[1]] } else { (registers[0], registers[2]) = (old[0], old[1]) }
      } else {
        isSame = old[0] >> 32 == registers[2] & 0xFFFF_FFFF && old[0] & 0xFFFF_FFFF == registers[0] & 0xFFFF_FFFF
        if isSame {
          new[0] = registers[1] << 32 | registers[3] & 0xFFFF_FFFF
        } else {
          (registers[0], registers[2]) = (old[0] & 0xFFFF_FFFF, old[0] >> 32)
        }
      }
      #expect([rig.get(address), rig.get(address + 8)] == new, "\(code)")
      #expect(result.registers == registers, "\(code)")
      #expect(result.flags == flags & ~Flag.zero | (isSame ? Flag.zero : 0), "\(code)")
    }
  }

  /// Memory is written even when it differs: a page that may only be read faults. CMPXCHG16B faults on an address that is
  /// not a multiple of 16, before anything else.
  @Test func exchangeFaults() throws {
    let rig = try IntegerRig()
    let narrow: [UInt8] = [0x0F, 0xC7, 0x0E]  // cmpxchg8b [rsi]
    let wide: [UInt8] = [0x48, 0x0F, 0xC7, 0x0E]  // cmpxchg16b [rsi]
    for (code, address, vector, error): ([UInt8], UInt64, UInt8?, UInt64?) in [
      (narrow, IntegerRig.readOnly, 14, 3), (wide, IntegerRig.readOnly, 14, 3), (narrow, IntegerRig.unmapped, 14, 2),
      (wide, IntegerRig.unmapped, 14, 2), (wide, IntegerRig.unmapped + 8, 13, 0),
      (narrow, IntegerRig.data + 3, nil, nil),
      (wide, IntegerRig.data + 1, 13, 0), (wide, IntegerRig.data + 8, 13, 0), (wide, IntegerRig.data + 16, nil, nil),
      (wide, IntegerRig.notCanonical, 13, 0), (narrow, IntegerRig.readOnly - 4, 14, 3),
    ] {
      let registers = IntegerAdditionTests.pointers.with(6, address)
      let result = rig.run(code, registers)
      #expect(result.vector == vector && result.error == error, "\(code) at \(address)")
      if vector != nil { #expect(result.registers == registers) }
    }
  }

  // MARK: Random numbers

  /// The sequence follows from the seed, from nothing else, and both instructions take from it.
  @Test func randomNumbers() throws {
    var sequences: [[UInt64]] = []
    for seed: UInt64 in [0, 0, 1] {
      let rig = try IntegerRig(usesHostPointers: sequences.isEmpty, randomSeed: seed)
      var sequence: [UInt64] = []
      for number in 0..<64 {
        let registers = IntegerAdditionTests.pointers.with(9, ~0)
        let code = Encoder.legacy([], w: true, [0x0F, 0xC7], reg: number % 3 == 0 ? 7 : 6, .register(9))
        let result = rig.run(code, registers, flags: rig.randomFlags())
        #expect(result.flags == Flag.carry)
        #expect(result.registers == registers.with(9, result.registers[9]))
        sequence.append(result.registers[9])
      }
      #expect(Set(sequence).count == 64)
      sequences.append(sequence)
    }
    #expect(sequences[0] == sequences[1] && sequences[0] != sequences[2])
  }

  @Test func randomWidths() throws {
    let rig = try IntegerRig()
    let reference = try IntegerRig()
    for digit in [6, 7] {
      for (prefix, w, mask): ([UInt8], Bool, UInt64) in [
        ([0x66], false, 0xFFFF), ([], false, 0xFFFF_FFFF), ([], true, ~0), ([0x66], true, ~0),
      ] {
        let registers = IntegerAdditionTests.pointers.with(10, 0x1234_5678_9ABC_DEF0)
        let result = rig.run(Encoder.legacy(prefix, w: w, [0x0F, 0xC7], reg: digit, .register(10)), registers)
        let whole = reference.run([0x48, 0x0F, 0xC7, 0xF0], registers).registers[0]
        let kept = mask == 0xFFFF ? registers[10] & ~mask : 0
        #expect(result.registers == registers.with(10, kept | whole & mask))
      }
    }
    #expect(rig.run([0xF0, 0x0F, 0xC7, 0xF0], IntegerAdditionTests.pointers).vector == 6)
  }

  /// The generator is part of the state that a hash covers.
  @Test func randomStateIsHashed() throws {
    let rig = try IntegerRig()
    func hash() -> String {
      var hasher = StateHasher()
      rig.processor.hash(into: &hasher)
      return hasher.description
    }
    let before = hash()
    rig.processor.state.pointee.random ^= 1
    #expect(hash() != before)
    rig.processor.state.pointee.random ^= 1
    rig.processor.state.pointee.tscAux ^= 1
    #expect(hash() != before)
  }

  // MARK: Which processor

  @Test func processorIdentifier() throws {
    let rig = try IntegerRig()
    let registers = IntegerAdditionTests.pointers.with(0, 0xFFFF_FFFF_8765_4321).with(1, 0xC000_0103).with(2, 0)
    #expect(rig.run([0x0F, 0x30], registers).vector == nil)  // wrmsr
    #expect(rig.run([0x0F, 0x30], registers.with(2, 1)).vector == 13)
    let read = rig.run([0x0F, 0x32], registers.with(0, ~0).with(2, ~0))  // rdmsr
    #expect(read.registers[0] == 0x8765_4321 && read.registers[2] == 0)
    for prefixes: [UInt8] in [[0xF3], [0xF3, 0x48], [0x66, 0xF3]] {
      let result = rig.run(prefixes + [0x0F, 0xC7, 0xFB], registers, flags: Flag.all)  // rdpid rbx
      #expect(result.registers == registers.with(3, 0x8765_4321) && result.flags == Flag.all)
    }
    rig.processor.state.pointee.tscOffset = 0x1_0000_0000_0000
    let clock = rig.processor.state.pointee.cycles
    let result = rig.run([0x0F, 0x01, 0xF9], registers, flags: Flag.all)  // rdtscp
    #expect(result.flags == Flag.all)
    #expect(result.registers[1] == 0x8765_4321 && result.registers[2] == 0x1_0000)
    #expect(result.registers[0] >= clock && result.registers[0] <= rig.processor.state.pointee.cycles)
    #expect(rig.run([0xF0, 0x0F, 0x01, 0xF9], registers).vector == 6)
  }

  // MARK: Cache lines

  /// CLFLUSH, CLFLUSHOPT and CLWB read a byte as far as faults go, also where there is no RAM; CLDEMOTE never faults.
  @Test("cache lines", arguments: [true, false])
  func cacheLines(usesHostPointers: Bool) throws {
    let rig = try IntegerRig(usesHostPointers: usesHostPointers)
    let codes: [([UInt8], Bool)] = [
      ([0x0F, 0xAE, 0x3E], true), ([0x66, 0x0F, 0xAE, 0x3E], true), ([0x66, 0x0F, 0xAE, 0x36], true),
      ([0x0F, 0x1C, 0x06], false),
    ]
    for (code, checks) in codes {
      for (address, vector): (UInt64, UInt8?) in [
        (IntegerRig.data, nil), (IntegerRig.data + 0xFFF, nil), (IntegerRig.readOnly, nil), (IntegerRig.code, nil),
        (IntegerRig.beyond, nil), (IntegerRig.unmapped, 14), (IntegerRig.unmapped - 1, nil),
        (IntegerRig.notCanonical, 13),
      ] {
        let registers = IntegerAdditionTests.pointers.with(6, address)
        let result = rig.run(code, registers, flags: Flag.all)
        #expect(result.vector == (checks ? vector : nil), "\(code) at \(address)")
        #expect(result.error == (checks && vector != nil ? 0 : nil))
        #expect(result.registers == registers && result.flags == Flag.all && result.refusal == nil)
      }
      #expect(rig.run([0xF0] + code, IntegerAdditionTests.pointers).vector == 6, "\(code) with LOCK")
    }
    // The same bytes with a register are fences, and hints that mean nothing.
    for code: [UInt8] in [[0x0F, 0xAE, 0xF8], [0x0F, 0xAE, 0xF0], [0x0F, 0x1C, 0xC0], [0x0F, 0x1C, 0x4E, 0x00]] {
      #expect(rig.run(code, IntegerAdditionTests.pointers).vector == nil, "\(code)")
    }
  }

  // MARK: ENTER

  @Test("ENTER, every nesting level", arguments: [true, false])
  func frames(isWord: Bool) throws {
    let rig = try IntegerRig(seed: 7)
    let bytes: UInt64 = isWord ? 2 : 8
    for level in 0..<64 {
      let size = rig.random.below(0x400)
      let stack = IntegerRig.stack - rig.random.below(64)
      let base = IntegerRig.data + 0x800 + rig.random.below(64)
      for offset in 0..<UInt64(40) { rig.put(base - 0x140 + offset * 8, [rig.random.next()]) }
      let registers = rig.randomRegisters().with(4, stack).with(5, base)
      let flags = rig.randomFlags()
      let code = (isWord ? [0x66] : []) + [0xC8, UInt8(size & 0xFF), UInt8(size >> 8), UInt8(level)]
      let result = rig.run(code, registers, flags: flags)
      // RBP, the frames' addresses of the levels outside, and this one's.
      let frame = stack - bytes
      var pushed = [base]
      if level & 31 != 0 {
        for outer in 1..<UInt64(max(level & 31, 1)) { pushed.append(rig.get(base - outer * bytes)) }
        pushed.append(frame)
      }
      let mask: UInt64 = isWord ? 0xFFFF : ~0
      for (index, value) in pushed.enumerated() {
        #expect((rig.get(stack - UInt64(index + 1) * bytes) ^ value) & mask == 0, "level \(level), word \(index)")
      }
      let top = stack - UInt64(pushed.count) * bytes - size
      #expect(result.registers == registers.with(5, base & ~mask | frame & mask).with(4, top) && result.flags == flags)
    }
  }

  /// The new RSP must be writable, though nothing is written there; a fault changes no register.
  @Test func frameFaults() throws {
    let rig = try IntegerRig()
    let limit = IntegerRig.readOnly + 0x1000
    for (rsp, size, vector): (UInt64, UInt64, UInt8?) in [
      (limit + 0x100, 0xF8, nil), (limit + 0x100, 0xF9, 14), (limit + 0x100, 0x200, 14), (limit, 0, 14),
      (limit + 4, 0, 14), (limit + 8, 0, nil),
    ] {
      rig.put(limit, [0x1111])
      let registers = IntegerAdditionTests.pointers.with(4, rsp).with(5, 0x1234)
      // The handler's stack is this one: a fault while it cannot be written is a double one, and a third.
      let result = rig.run([0xC8, UInt8(size & 0xFF), UInt8(size >> 8), 0], registers)
      let isAbove = rsp >= limit + 0x100
      #expect((result.vector == nil) == (vector == nil || !isAbove), "\(rsp), \(size)")
      if vector == 14, isAbove {
        #expect(result == .init(registers: registers, flags: 0, vector: 14, error: 3))
        #expect(rig.processor.state.pointee.cr2 == rsp - 8 - size)
      }
      if vector == 14, !isAbove { #expect(rig.processor.state.pointee.activity == 2) }
    }
    #expect(rig.run([0xF0, 0xC8, 0, 0, 0], IntegerAdditionTests.pointers).vector == 6)
  }

  // MARK: Traps

  /// INT1 is a trap to vector 1 with RIP behind it; UD0, UD1 are faults whatever their operand is; WAIT wants CR0.MP and
  /// CR0.TS for its #NM.
  @Test func traps() throws {
    let rig = try IntegerRig()
    let registers = IntegerAdditionTests.pointers
    let trap = rig.run([0xF1], registers)
    #expect(trap == .init(registers: registers, flags: 0, vector: 1))
    #expect(rig.get(rig.processor.state.pointee.gpr.4) == IntegerRig.code + 1)
    for code: [UInt8] in [
      [0x0F, 0xFF, 0xC1], [0x0F, 0xFF, 0x06], [0x0F, 0xB9, 0xC1], [0x0F, 0xB9, 0x46, 0x10], [0x0F, 0x0B], [0xF0, 0xF1],
      [0x65, 0x0F, 0xB9, 0x06],
    ] {
      #expect(rig.run(code, registers.with(6, IntegerRig.unmapped)).vector == 6, "\(code)")
      #expect(rig.get(rig.processor.state.pointee.gpr.4) == IntegerRig.code)
    }
    for bits in 0..<UInt64(16) {
      rig.processor.state.pointee.cr0 = rig.processor.state.pointee.cr0 & ~15 | bits | 1
      #expect(rig.run([0x9B], registers).vector == (bits & 10 == 10 ? 7 : nil))
    }
  }

  // MARK: LOCK and register operands

  @Test func undefined() throws {
    let rig = try IntegerRig()
    for place in IntegerAdditionTests.places {
      let codes: [[UInt8]] = [
        Encoder.legacy([0x66], w: false, [0x0F, 0x38, 0xF6], reg: 0, place),
        Encoder.legacy([0xF3], w: false, [0x0F, 0x38, 0xF6], reg: 0, place),
        Encoder.legacy([0xF2], w: false, [0x0F, 0x38, 0xF0], reg: 0, place),
        Encoder.legacy([0xF2], w: false, [0x0F, 0x38, 0xF1], reg: 0, place),
        Encoder.legacy([0xF3], w: false, [0x0F, 0xB8], reg: 0, place),
        Encoder.legacy([0xF3], w: false, [0x0F, 0xBC], reg: 0, place),
        Encoder.legacy([0xF3], w: false, [0x0F, 0xBD], reg: 0, place),
      ]
      for code in codes {
        #expect(rig.run(code, IntegerAdditionTests.pointers).vector == nil, "\(code)")
        #expect(rig.run([0xF0] + code, IntegerAdditionTests.pointers).vector == 6, "\(code) with LOCK")
      }
    }
    // 66 means nothing to these, and is #UD.
    for code: [UInt8] in [[0x0F, 0xC3, 0x06], [0x0F, 0xAE, 0xE8], [0x0F, 0xAE, 0xF0], [0x0F, 0xAE, 0xF8]] {
      #expect(rig.run(code, IntegerAdditionTests.pointers).vector == nil, "\(code)")
      #expect(rig.run([0x66] + code, IntegerAdditionTests.pointers).vector == 6, "\(code) with 66")
    }
    let memoryOnly: [([UInt8], UInt8, Bool)] = [
      ([0x0F, 0x38, 0xF0], 0, false), ([0x0F, 0x38, 0xF1], 0, false), ([0x0F, 0xC3], 0, false),
      ([0x0F, 0xC7], 1, true),
    ]
    for (opcode, reg, allowsLock) in memoryOnly {
      for w in [false, true] {
        let memory = Encoder.legacy([], w: w, opcode, reg: Int(reg), .memory(1))
        let register = Encoder.legacy([], w: w, opcode, reg: Int(reg), .register(1))
        #expect(rig.run(memory, IntegerAdditionTests.pointers).vector == nil, "\(memory)")
        #expect(rig.run([0xF0] + memory, IntegerAdditionTests.pointers).vector == (allowsLock ? nil : 6), "\(memory)")
        #expect(rig.run(register, IntegerAdditionTests.pointers).vector == 6, "\(register)")
        #expect(rig.run([0xF0] + register, IntegerAdditionTests.pointers).vector == 6, "\(register)")
      }
    }
  }

  // MARK: Counting bits

  @Test("POPCNT, TZCNT, LZCNT", arguments: [UInt8(0xB8), UInt8(0xBC), UInt8(0xBD)], [16, 32, 64])
  func counts(opcode: UInt8, width: Int) throws {
    let rig = try IntegerRig(seed: 8)
    for round in 0..<500 {
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      let reg = Int(rig.random.below(16))
      let (place, source) = operand(rig, round % 2 == 0, &registers)
      let code = Encoder.legacy((width == 16 ? [0x66] : []) + [0xF3], w: width == 64, [0x0F, opcode], reg: reg, place)
      let bits = Bits.of(source, width)
      let isZero = !bits.contains(true)
      let count: Int
      var effect = FlagEffect(given: Flag.carry | Flag.zero, undefined: Flag.all & ~Flag.carry & ~Flag.zero)
      switch opcode {
      case 0xB8:
        count = bits.count { $0 }
        effect = FlagEffect(given: Flag.all, values: isZero ? Flag.zero : 0)
      case 0xBC: count = bits.firstIndex(of: true) ?? width
      default: count = bits.lastIndex(of: true).map { width - 1 - $0 } ?? width
      }
      if opcode != 0xB8 { effect.values = (isZero ? Flag.carry : 0) | (count == 0 ? Flag.zero : 0) }
      let result = rig.run(code, registers, flags: flags)
      let kept = width == 16 ? registers[reg] & ~0xFFFF : 0
      #expect(result.registers == registers.with(reg, kept | UInt64(count)), "\(code)")
      #expect(effect.holds(before: flags, after: result.flags), "\(code) of \(source): \(flags) to \(result.flags)")
    }
  }
}
