import CPU
import Testing

/// BMI1 and BMI2, each against a definition over single bits that is slow and follows the manual's words.
@Suite struct BitManipulationTests {
  /// A row of the manual: encoding, operands, definition.
  struct Instruction: CustomTestStringConvertible, Sendable {
    let name: String
    let map: UInt8
    let pp: UInt8
    let opcode: UInt8
    /// ModRM.reg where it is part of the opcode; the destination is then in VEX.vvvv.
    var digit: Int?
    var hasImmediate = false
    /// Of the operand in ModRM.rm, that in VEX.vvvv (or the immediate).
    let apply: @Sendable (_ e: [Bool], _ b: [Bool]) -> (result: [Bool], flags: FlagEffect)

    var testDescription: String { name }
  }

  /// The low eight bits, and the eight above them, as numbers.
  private static func byte(_ bits: [Bool], _ index: Int = 0) -> Int {
    Int(Bits.number(Array(bits[index * 8..<index * 8 + 8])))
  }

  /// ZF and SF of a result, CF as given, OF clear, AF and PF undefined.
  private static func effect(_ result: [Bool], carry: Bool = false) -> FlagEffect {
    var effect = FlagEffect(given: Flag.all & ~Flag.adjust & ~Flag.parity, undefined: Flag.adjust | Flag.parity)
    if !result.contains(true) { effect.values |= Flag.zero }
    if result.last == true { effect.values |= Flag.sign }
    if carry { effect.values |= Flag.carry }
    return effect
  }

  static let instructions: [Instruction] = [
    Instruction(name: "ANDN", map: 2, pp: 0, opcode: 0xF2) { e, b in
      let result = zip(e, b).map { $0 && !$1 }
      return (result, effect(result))
    },
    Instruction(name: "BEXTR", map: 2, pp: 0, opcode: 0xF7) { e, b in
      let (start, length) = (byte(b), byte(b, 1))
      let result = e.indices.map { $0 < length && start + $0 < e.count && e[start + $0] }
      var flags = effect(result)
      flags.given &= ~Flag.sign
      flags.undefined |= Flag.sign
      return (result, flags)
    },
    Instruction(name: "BLSR", map: 2, pp: 0, opcode: 0xF3, digit: 1) { e, _ in
      var result = e
      if let lowest = e.firstIndex(of: true) { result[lowest] = false }
      return (result, effect(result, carry: !e.contains(true)))
    },
    Instruction(name: "BLSMSK", map: 2, pp: 0, opcode: 0xF3, digit: 2) { e, _ in
      let lowest = e.firstIndex(of: true) ?? e.count
      let result = e.indices.map { $0 <= lowest }
      var flags = effect(result, carry: lowest == e.count)
      flags.values &= ~Flag.zero
      return (result, flags)
    },
    Instruction(name: "BLSI", map: 2, pp: 0, opcode: 0xF3, digit: 3) { e, _ in
      let lowest = e.firstIndex(of: true)
      let result = e.indices.map { $0 == lowest }
      return (result, effect(result, carry: lowest != nil))
    },
    Instruction(name: "BZHI", map: 2, pp: 0, opcode: 0xF5) { e, b in
      let result = e.indices.map { $0 < byte(b) && e[$0] }
      return (result, effect(result, carry: byte(b) > e.count - 1))
    },
    Instruction(name: "PDEP", map: 2, pp: 3, opcode: 0xF5) { e, b in
      var source = b[...]
      return (e.map { $0 ? source.removeFirst() : false }, .none)
    },
    Instruction(name: "PEXT", map: 2, pp: 2, opcode: 0xF5) { e, b in
      let taken = zip(e, b).filter(\.0).map(\.1)
      return (taken + [Bool](repeating: false, count: e.count - taken.count), .none)
    },
    Instruction(name: "RORX", map: 3, pp: 3, opcode: 0xF0, hasImmediate: true) { e, b in
      (e.indices.map { e[($0 + byte(b)) % e.count] }, .none)
    },
    Instruction(name: "SARX", map: 2, pp: 2, opcode: 0xF7) { e, b in
      (e.indices.map { e[min($0 + byte(b) % e.count, e.count - 1)] }, .none)
    },
    Instruction(name: "SHLX", map: 2, pp: 1, opcode: 0xF7) { e, b in
      let count = byte(b) % e.count
      return (e.indices.map { $0 >= count && e[$0 - count] }, .none)
    },
    Instruction(name: "SHRX", map: 2, pp: 3, opcode: 0xF7) { e, b in
      let count = byte(b) % e.count
      return (e.indices.map { $0 + count < e.count && e[$0 + count] }, .none)
    },
  ]

  private func bytes(
    _ instruction: Instruction, w: Bool, reg: Int, vvvv: Int, _ place: Encoder.Place, _ immediate: UInt8
  )
    -> [UInt8]
  {
    Encoder.vex(
      map: instruction.map, pp: instruction.pp, w: w, instruction.opcode, reg: instruction.digit ?? reg,
      vvvv: instruction.hasImmediate ? 0 : vvvv, place) + (instruction.hasImmediate ? [immediate] : [])
  }

  @Test("registers and memory, both widths, any registers", arguments: instructions, [true, false])
  func everyForm(instruction: Instruction, usesHostPointers: Bool) throws {
    let rig = try IntegerRig(seed: 1, usesHostPointers: usesHostPointers)
    for round in 0..<800 {
      let width = round % 2 == 0 ? 32 : 64
      let (reg, vvvv, rm) = (Int(rig.random.below(16)), Int(rig.random.below(16)), Int(rig.random.below(16)))
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      let immediate = UInt8(truncatingIfNeeded: rig.random.next())
      let place: Encoder.Place
      let source: UInt64
      if round % 4 < 2 {
        place = .register(rm)
        source = registers[rm]
      } else {
        place = .memory(rm)
        source = rig.random.operand()
        // Every alignment, and across a page's end.
        let address = IntegerRig.data + 0xFE0 + rig.random.below(40)
        rig.put(address, [source])
        registers[rm] = address - 0x40
      }
      let code = bytes(instruction, w: width == 64, reg: reg, vvvv: vvvv, place, immediate)
      let second = instruction.hasImmediate ? UInt64(immediate) : registers[vvvv]
      let expected = instruction.apply(Bits.of(source, width), Bits.of(second, width))
      let result = rig.run(code, registers, flags: flags)
      registers[instruction.digit != nil ? vvvv : reg] = Bits.number(expected.result)
      #expect(result.vector == nil && result.refusal == nil)
      #expect(result.registers == registers, "\(instruction.name) \(code), source \(source), second \(second)")
      #expect(
        expected.flags.holds(before: flags, after: result.flags),
        "\(instruction.name) \(code), source \(source), second \(second): \(flags) to \(result.flags)")
    }
  }

  @Test func mulx() throws {
    let rig = try IntegerRig(seed: 2)
    for round in 0..<800 {
      let width = round % 2 == 0 ? 32 : 64
      let (reg, vvvv, rm) = (Int(rig.random.below(16)), Int(rig.random.below(16)), Int(rig.random.below(16)))
      var registers = rig.randomRegisters()
      let flags = rig.randomFlags()
      var place = Encoder.Place.register(rm)
      var source = registers[rm]
      if round % 4 >= 2 {
        place = .memory(rm)
        source = rig.random.operand()
        let address = IntegerRig.data + 0xFE0 + rig.random.below(40)
        rig.put(address, [source])
        registers[rm] = address - 0x40
      }
      var product: UInt128 = 0
      for (index, bit) in Bits.of(source, width).enumerated() where bit {
        product += UInt128(Bits.number(Bits.of(registers[2], width))) << UInt128(index)
      }
      let code = Encoder.vex(map: 2, pp: 3, w: width == 64, 0xF6, reg: reg, vvvv: vvvv, place)
      let result = rig.run(code, registers, flags: flags)
      // Both in one register: the upper half stays.
      registers[vvvv] = Bits.number(Bits.of(UInt64(truncatingIfNeeded: product), width))
      registers[reg] = UInt64(truncatingIfNeeded: product >> UInt128(width))
      #expect(result.registers == registers, "\(code)")
      #expect(result.flags == flags)
    }
  }

  /// What an assembler makes of these, against what the encoder of these tests does.
  @Test func encodings() {
    let rows: [(UInt8, UInt8, Bool, UInt8, Int, Int, Encoder.Place, String)] = [
      (2, 0, true, 0xF2, 0, 3, .register(1), "C4E2E0F2C1"),  // andn rax, rbx, rcx
      (2, 0, false, 0xF2, 8, 9, .register(10), "C44230F2C2"),  // andn r8d, r9d, r10d
      (2, 0, true, 0xF7, 0, 1, .memory(12), "C4C2F0F7442440"),  // bextr rax, [r12 + 40h], rcx
      (2, 0, false, 0xF3, 3, 0, .memory(5), "C4E278F35D40"),  // blsi eax, [rbp + 40h]
      (2, 3, true, 0xF6, 15, 14, .register(13), "C4428BF6FD"),  // mulx r15, r14, r13
      (2, 2, false, 0xF7, 1, 2, .register(6), "C4E26AF7CE"),  // sarx ecx, esi, edx
    ]
    for (map, pp, w, opcode, reg, vvvv, place, text) in rows {
      let code = Encoder.vex(map: map, pp: pp, w: w, opcode, reg: reg, vvvv: vvvv, place)
      #expect(code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined() == text)
    }
  }

  // MARK: What is undefined

  /// SDM Vol. 2A, "The VEX Prefix": LOCK, 66, F2, F3 and REX before it are #UD; so is L = 1 with these instructions.
  @Test("prefixes and fields that are #UD", arguments: instructions)
  func undefined(instruction: Instruction) throws {
    let rig = try IntegerRig(seed: 3)
    let registers = [UInt64](repeating: IntegerRig.data, count: 16).with(4, IntegerRig.stack)
    for place in [Encoder.Place.register(1), .memory(1)] {
      let code = bytes(instruction, w: true, reg: 0, vvvv: 3, place, 7)
      #expect(rig.run(code, registers).vector == nil)
      for prefix: UInt8 in [0xF0, 0x66, 0xF2, 0xF3, 0x40, 0x48] {
        let result = rig.run([prefix] + code, registers)
        #expect(result.vector == 6 && result.registers == registers, "\(prefix)")
      }
      // A REX that is not the last prefix means nothing.
      #expect(rig.run([0x48, 0x2E] + code, registers).vector == nil)
      var long = code
      long[2] |= 4
      #expect(rig.run(long, registers).vector == 6)
      for map: UInt8 in [0, 4, 8, 31] {
        var other = code
        other[1] = other[1] & 0xE0 | map
        #expect(rig.run(other, registers).vector == 6, "mmmmm = \(map)")
      }
    }
  }

  /// RORX does not use VEX.vvvv: anything but 1111b is #UD.
  @Test func unusedRegister() throws {
    let rig = try IntegerRig()
    let registers = [UInt64](repeating: IntegerRig.data, count: 16).with(4, IntegerRig.stack)
    for vvvv in 0..<16 {
      let code = Encoder.vex(map: 3, pp: 3, w: false, 0xF0, reg: 0, vvvv: vvvv, .register(1)) + [1]
      #expect(rig.run(code, registers).vector == (vvvv == 0 ? nil : 6))
    }
  }

  /// Encodings that are not in the table, in all three maps and in both forms of the prefix: XCR0 cannot have what AVX needs.
  @Test func unknown() throws {
    let rig = try IntegerRig()
    let registers = [UInt64](repeating: IntegerRig.data, count: 16).with(4, IntegerRig.stack)
    let codes: [[UInt8]] = [
      [0xC5, 0xF8, 0x77],  // VZEROUPPER
      [0xC5, 0xF9, 0x6F, 0xC1],  // VMOVDQA
      [0xC4, 0xE1, 0x78, 0x77],
      [0xC4, 0xE2, 0x79, 0x58, 0xC1],  // VPBROADCASTD
      [0xC4, 0xE3, 0x79, 0x0F, 0xC1, 0x04],  // VPALIGNR
      [0xC4, 0xE2, 0x78, 0xF3, 0xC1],  // the group of BLSR with /0
    ]
    for code in codes {
      #expect(rig.run(code, registers).vector == 6, "\(code)")
    }
  }

  /// SDM Vol. 3, "Interrupt 13—General Protection Exception (#GP)": longer than 15 bytes.
  @Test func length() throws {
    let rig = try IntegerRig()
    let registers = [UInt64](repeating: IntegerRig.data, count: 16).with(4, IntegerRig.stack)
    let code = Encoder.vex(map: 2, pp: 0, w: true, 0xF2, reg: 0, vvvv: 3, .register(1))
    for count in 0..<12 {
      let result = rig.run([UInt8](repeating: 0x2E, count: count) + code, registers)
      #expect(result.vector == (count + code.count > 15 ? 13 : nil), "\(count) prefixes")
    }
  }

  /// An instruction that begins in one page and ends in the next, cut at every byte.
  @Test func acrossPages() throws {
    let rig = try IntegerRig(seed: 4)
    let code = Encoder.vex(map: 3, pp: 3, w: true, 0xF0, reg: 0, vvvv: 0, .memory(12)) + [8]
    for cut in 0...code.count {
      var registers = rig.randomRegisters()
      registers[12] = IntegerRig.data
      rig.put(IntegerRig.data + 0x40, [0x0123_4567_89AB_CDEF])
      let result = rig.run(code, registers, at: IntegerRig.code + 0x1000 - UInt64(cut))
      #expect(result.registers == registers.with(0, 0xEF01_2345_6789_ABCD), "cut at \(cut)")
    }
  }

  @Test("memory that faults changes nothing", arguments: instructions, [true, false])
  func faults(instruction: Instruction, usesHostPointers: Bool) throws {
    let rig = try IntegerRig(seed: 5, usesHostPointers: usesHostPointers)
    let code = bytes(instruction, w: true, reg: 0, vvvv: 3, .memory(1), 7)
    for (address, vector, fault): (UInt64, UInt8, UInt64?) in [
      (IntegerRig.unmapped, 14, IntegerRig.unmapped), (IntegerRig.unmapped - 4, 14, IntegerRig.unmapped),
      (IntegerRig.notCanonical, 13, nil),
    ] {
      let registers = rig.randomRegisters().with(1, address &- 0x40).with(4, IntegerRig.stack)
      let flags = rig.randomFlags()
      let result = rig.run(code, registers, flags: flags)
      #expect(result == .init(registers: registers, flags: flags, vector: vector, error: 0))
      if let fault { #expect(rig.processor.state.pointee.cr2 == fault) }
    }
  }
}

extension [UInt64] {
  /// The same with one element replaced.
  func with(_ index: Int, _ value: UInt64) -> [UInt64] {
    var copy = self
    copy[index] = value
    return copy
  }
}
