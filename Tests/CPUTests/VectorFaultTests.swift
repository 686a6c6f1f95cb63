import CPU
import MMU
import Testing

/// When MMX, SSE, x87 and XSAVE instructions fault (SDM Vol. 2, "Instruction Exception Specification", and each
/// instruction's page).
@Suite struct VectorFaultTests {
  /// Which rules an instruction obeys.
  enum Kind: CaseIterable {
    case sse, mmx, both, x87, waiting, fxsave, xsave, xcr
  }

  /// Instructions of each kind; memory operands are at RBX.
  static let instructions: [(String, [UInt8], Kind)] = [
    ("PADDB xmm", [0x66, 0x0F, 0xFC, 0xC1], .sse), ("PADDB xmm, m", [0x66, 0x0F, 0xFC, 0x03], .sse),
    ("MOVUPS m", [0x0F, 0x11, 0x03], .sse), ("MOVAPS m", [0x0F, 0x29, 0x03], .sse),
    ("MOVD r, xmm", [0x66, 0x0F, 0x7E, 0xC0], .sse), ("MOVD xmm, m", [0x66, 0x0F, 0x6E, 0x03], .sse),
    ("PINSRW xmm", [0x66, 0x0F, 0xC4, 0xC0, 1], .sse), ("PEXTRB m", [0x66, 0x0F, 0x3A, 0x14, 0x03, 1], .sse),
    ("PTEST", [0x66, 0x0F, 0x38, 0x17, 0xC1], .sse), ("PTEST m", [0x66, 0x0F, 0x38, 0x17, 0x03], .sse),
    ("PSLLW xmm, i", [0x66, 0x0F, 0x71, 0xF1, 3], .sse), ("MASKMOVDQU", [0x66, 0x0F, 0xF7, 0xC1], .sse),
    ("LDMXCSR", [0x0F, 0xAE, 0x13], .sse), ("STMXCSR", [0x0F, 0xAE, 0x1B], .sse),
    ("PADDB mm", [0x0F, 0xFC, 0xC1], .mmx), ("PADDB mm, m", [0x0F, 0xFC, 0x03], .mmx),
    ("MOVQ m, mm", [0x0F, 0x7F, 0x03], .mmx), ("PSHUFB mm", [0x0F, 0x38, 0x00, 0xC1], .mmx),
    ("PSHUFW mm", [0x0F, 0x70, 0xC1, 0], .mmx), ("EMMS", [0x0F, 0x77], .mmx), ("MASKMOVQ", [0x0F, 0xF7, 0xC1], .mmx),
    ("PMOVMSKB r, mm", [0x0F, 0xD7, 0xC1], .mmx), ("MOVQ2DQ", [0xF3, 0x0F, 0xD6, 0xC1], .both),
    ("MOVDQ2Q", [0xF2, 0x0F, 0xD6, 0xC1], .both), ("FNINIT", [0xDB, 0xE3], .x87), ("FNCLEX", [0xDB, 0xE2], .x87),
    ("FNSTCW", [0xD9, 0x3B], .x87), ("FNSTSW m", [0xDD, 0x3B], .x87), ("FNSTSW AX", [0xDF, 0xE0], .x87),
    ("FLDCW", [0xD9, 0x2B], .waiting), ("FXSAVE", [0x0F, 0xAE, 0x03], .fxsave),
    ("FXRSTOR", [0x0F, 0xAE, 0x0B], .fxsave), ("XSAVE", [0x0F, 0xAE, 0x23], .xsave),
    ("XRSTOR", [0x0F, 0xAE, 0x2B], .xsave), ("XSAVEOPT", [0x0F, 0xAE, 0x33], .xsave),
    ("XSAVEC", [0x0F, 0xC7, 0x23], .xsave), ("XSAVES", [0x0F, 0xC7, 0x2B], .xsave),
    ("XGETBV", [0x0F, 0x01, 0xD0], .xcr),
  ]

  /// The vector that CR0, CR4 and a pending error lead to, or nil.
  private static func expected(
    _ kind: Kind, emulated: Bool, switched: Bool, fxsr: Bool, xsave: Bool, pending: Bool
  ) -> UInt8? {
    switch kind {
    case .sse: emulated || !fxsr ? 6 : switched ? 7 : nil
    case .mmx: emulated ? 6 : switched ? 7 : pending ? 16 : nil
    case .both: emulated || !fxsr ? 6 : switched ? 7 : pending ? 16 : nil
    case .x87: emulated || switched ? 7 : nil
    case .waiting: emulated || switched ? 7 : pending ? 16 : nil
    case .fxsave: emulated ? 6 : switched ? 7 : nil
    case .xsave: !xsave ? 6 : switched ? 7 : nil
    case .xcr: !xsave ? 6 : nil
    }
  }

  @Test func availability() throws {
    let machine = try VectorMachine()
    let (cr0, cr4) = (machine.state.pointee.cr0, machine.state.pointee.cr4)
    for (name, bytes, kind) in VectorFaultTests.instructions {
      for bits in 0..<32 {
        let (emulated, switched, fxsr) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0)
        let (xsave, pending) = (bits & 8 != 0, bits & 16 != 0)
        machine.state.pointee.cr0 = cr0 | (emulated ? 4 : 0) | (switched ? 8 : 0)
        machine.state.pointee.cr4 = cr4 & ~(1 << 9 | 1 << 18) | (fxsr ? 1 << 9 : 0) | (xsave ? 1 << 18 : 0)
        machine.state[.rax] = 0
        machine.state[.rcx] = 0
        machine.state[.rdx] = 0
        machine.state[.rbx] = VectorMachine.data
        machine.state[.rdi] = VectorMachine.data
        machine.write([UInt8](repeating: 0, count: 1024), at: VectorMachine.data)
        machine.state.vectors.pointee.fpuControl = 0x037E
        machine.state.vectors.pointee.fpuStatus = pending ? 0x8081 : 0
        machine.state.vectors.pointee.fpuFull = 0
        let before = machine.snapshot
        let end = machine.run(bytes)
        let vector = VectorFaultTests.expected(
          kind, emulated: emulated, switched: switched, fxsr: fxsr, xsave: xsave, pending: pending)
        #expect(
          end == vector.map { .fault($0, error: nil) } ?? .done,
          "\(name): EM \(emulated) TS \(switched) OSFXSR \(fxsr) OSXSAVE \(xsave) pending \(pending)")
        if vector != nil {
          #expect(machine.snapshot.fpu == before.fpu && machine.snapshot.control == before.control, "\(name)")
        }
      }
    }
  }

  /// WAIT looks at MP and TS together, and not at EM.
  @Test func wait() throws {
    let machine = try VectorMachine()
    let cr0 = machine.state.pointee.cr0 & ~0xE
    for bits in 0..<16 as Range<UInt64> {
      let pending = bits & 1 != 0
      machine.state.pointee.cr0 = cr0 | bits & 0xE
      machine.state.vectors.pointee.fpuStatus = pending ? 0x8081 : 0
      let end = machine.run([0x9B])
      let expected: VectorMachine.End =
        bits & 0xA == 0xA ? .fault(7, error: nil) : pending ? .fault(16, error: nil) : .done
      #expect(end == expected, "CR0 bits \(bits)")
    }
  }

  /// SDM Vol. 2, "Exceptions Type 4": operands of 16 bytes are aligned; those of MOVDQU and its like, and shorter ones, may
  /// lie anywhere.
  @Test(arguments: VectorDefinition.all)
  func alignment(_ definition: VectorDefinition) throws {
    guard definition.hasXMM, definition.memory > 0 else { return }
    let machine = try VectorMachine()
    let bytes = (definition.prefix.map { [$0] } ?? []) + definition.opcode + [0x03] + (definition.hasControl ? [0] : [])
    for offset in 1..<16 as Range<UInt64> {
      machine.state[.rbx] = VectorMachine.data + offset
      #expect(machine.run(bytes) == (definition.isAligned ? .fault(13, error: 0) : .done))
    }
  }

  @Test func alignmentOfStoresAndSaveAreas() throws {
    let machine = try VectorMachine()
    let stores: [(UInt64, [UInt8])] = [
      (16, [0x66, 0x0F, 0x7F, 0x03]), (16, [0x0F, 0x29, 0x03]), (16, [0x66, 0x0F, 0x29, 0x03]),
      (16, [0x66, 0x0F, 0xE7, 0x03]), (16, [0x0F, 0x2B, 0x03]), (16, [0x66, 0x0F, 0x2B, 0x03]),
      (16, [0x66, 0x0F, 0x38, 0x17, 0x03]), (16, [0x0F, 0xAE, 0x03]), (16, [0x0F, 0xAE, 0x0B]),
      (64, [0x0F, 0xAE, 0x23]), (64, [0x0F, 0xAE, 0x2B]), (64, [0x0F, 0xAE, 0x33]), (64, [0x0F, 0xC7, 0x23]),
      (64, [0x0F, 0xC7, 0x2B]), (64, [0x0F, 0xC7, 0x1B]),
    ]
    machine.write([UInt8](repeating: 0, count: 2048), at: VectorMachine.data)
    for (alignment, bytes) in stores {
      machine.state[.rax] = 0
      machine.state[.rdx] = 0
      for offset in 1..<128 as Range<UInt64> {
        machine.state[.rbx] = VectorMachine.data + offset
        let end = machine.run(bytes)
        if offset % alignment != 0 {
          #expect(end == .fault(13, error: 0), "\(bytes) at \(offset)")
        } else if bytes != [0x0F, 0xC7, 0x1B] {
          #expect(end == .done, "\(bytes) at \(offset)")
        }
      }
    }
  }

  /// A fault leaves registers, tags and memory as they were; CR2 is the first byte that could not be reached.
  @Test func pageFaults() throws {
    let machine = try VectorMachine()
    let last = VectorMachine.data + 0x20_0000
    let accesses: [([UInt8], write: Bool, size: UInt64)] = [
      ([0xF3, 0x0F, 0x6F, 0x03], false, 16), ([0xF3, 0x0F, 0x7F, 0x03], true, 16), ([0x0F, 0x6F, 0x03], false, 8),
      ([0x0F, 0x7F, 0x03], true, 8), ([0x66, 0x0F, 0x38, 0x30, 0x03], false, 8), ([0x0F, 0xAE, 0x13], false, 4),
      ([0x0F, 0xAE, 0x1B], true, 4), ([0xD9, 0x2B], false, 2), ([0xDD, 0x3B], true, 2),
    ]
    var random = SplitMix64(state: 1)
    for (bytes, isWrite, size) in accesses {
      for (address, cr2) in [
        (VectorMachine.unmapped, VectorMachine.unmapped), (last - size / 2, last),
      ] {
        machine.randomize(&random)
        machine.state.vectors.pointee.fpuStatus = 0x3800
        machine.state[.rbx] = address
        machine.state.pointee.cr2 = 0
        let tail = machine.read(16, at: last - 16)
        let before = machine.snapshot
        #expect(machine.run(bytes) == .fault(14, error: isWrite ? 2 : 0), "\(bytes)")
        #expect(machine.state.pointee.cr2 == cr2, "\(bytes)")
        let after = machine.snapshot
        #expect(after.xmm == before.xmm && after.fpu == before.fpu && after.control == before.control, "\(bytes)")
        #expect(machine.read(16, at: last - 16) == tail)
      }
    }
    for bytes in [[0x0F, 0xAE, 0x03], [0x0F, 0xAE, 0x0B], [0x0F, 0xAE, 0x23], [0x0F, 0xAE, 0x2B]] as [[UInt8]] {
      machine.randomize(&random)
      machine.state[.rbx] = last - 256
      let before = machine.read(256, at: last - 256)
      let error: UInt32 = bytes[2] == 0x03 || bytes[2] == 0x23 ? 2 : 0
      #expect(machine.run(bytes) == .fault(14, error: error))
      #expect(machine.state.pointee.cr2 == last)
      #expect(machine.read(256, at: last - 256) == before)
    }
  }

  /// LOCK stands before none of them.
  @Test func lock() throws {
    let machine = try VectorMachine()
    machine.state[.rbx] = VectorMachine.data
    for (name, bytes, _) in VectorFaultTests.instructions {
      #expect(machine.run([0xF0] + bytes) == .fault(6, error: nil), "\(name)")
    }
  }

  /// What is not built ends the run with its name.
  @Test func refusedByName() throws {
    let machine = try VectorMachine()
    let names: [(String, [UInt8])] = [
      ("ADDPS", [0x0F, 0x58, 0xC1]), ("MULSD", [0xF2, 0x0F, 0x59, 0xC1]), ("CVTSI2SD", [0xF2, 0x0F, 0x2A, 0xC1]),
      ("FADD", [0xD8, 0xC1]), ("FLD", [0xD9, 0x03]), ("FSIN", [0xD9, 0xFE]), ("FISTP", [0xDF, 0x3B]),
      ("ROUNDPS", [0x66, 0x0F, 0x3A, 0x08, 0xC1, 0]),
    ]
    for (name, bytes) in names {
      guard case .stopped(.refused(.instruction(name, let rest))) = machine.run(bytes) else {
        Issue.record("\(name) is not refused")
        continue
      }
      #expect(Array(rest.prefix(bytes.count)) == bytes)
    }
  }

  /// What keeps an instruction from executing comes before the refusal (SDM Vol. 3, "Interrupt 7—Device Not Available").
  @Test func refusedOnlyWhereItWouldExecute() throws {
    let machine = try VectorMachine()
    machine.state.pointee.cr0 |= 8
    for bytes: [UInt8] in [[0x0F, 0x58, 0xC1], [0xD8, 0xC1], [0xDD, 0x33]] {
      machine.state[.rbx] = VectorMachine.data
      #expect(machine.run(bytes) == .fault(7, error: nil), "\(bytes)")
    }
    machine.state.pointee.cr0 &= ~8
    machine.state.pointee.cr4 &= ~(1 << 9)
    #expect(machine.run([0x0F, 0x58, 0xC1]) == .fault(6, error: nil))
  }

  /// Guests turn the instructions on by themselves; a write of CR0 or CR4 counts from the next instruction on.
  @Test func controlRegisters() throws {
    let machine = try VectorMachine()
    machine.state.pointee.cr4 = 0x20
    #expect(machine.run([0x66, 0x0F, 0xEF, 0xC0]) == .fault(6, error: nil))
    machine.state[.rax] = 0x20 | 1 << 9 | 1 << 10 | 1 << 18
    #expect(machine.run([0x0F, 0x22, 0xE0]) == .done)
    #expect(machine.run([0x66, 0x0F, 0xEF, 0xC0]) == .done)
    machine.state[.rcx] = 0
    #expect(machine.run([0x0F, 0x01, 0xD0]) == .done)
    machine.state[.rax] = machine.state.pointee.cr0 | 8
    #expect(machine.run([0x0F, 0x22, 0xC0]) == .done)
    #expect(machine.run([0x66, 0x0F, 0xEF, 0xC0]) == .fault(7, error: nil))
  }

  @Test func mxcsr() throws {
    let machine = try VectorMachine()
    machine.state[.rbx] = VectorMachine.data
    #expect(machine.state.vectors.pointee.mxcsr == 0x1F80)
    for bit in 0..<32 as Range<UInt64> {
      machine.write(littleEndian(1 << bit, 4), at: VectorMachine.data)
      let end = machine.run([0x0F, 0xAE, 0x13])
      #expect(end == (bit < 16 ? .done : .fault(13, error: 0)))
      #expect(machine.state.vectors.pointee.mxcsr == 1 << min(bit, 15))
    }
    #expect(machine.run([0x0F, 0xAE, 0x1B]) == .done)
    #expect(machine.read(4, at: VectorMachine.data) == [0, 0x80, 0, 0])
  }
}
