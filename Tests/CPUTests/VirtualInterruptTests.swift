import CPU
import Layout
import MMU
import Testing

/// Virtual-8086 mode extensions and protected-mode virtual interrupts (SDM Vol. 3, "Class 3—Software Interrupt Handling in
/// Virtual-8086 Mode", "Protected-Mode Virtual Interrupts"; Vol. 2, CLI, STI, PUSHF, POPF, INT n, IRET).
@Suite struct VirtualInterruptTests {
  private static let interrupt: UInt64 = 1 << 9
  private static let privilege: UInt64 = 3 << 12
  private static let virtual8086: UInt64 = 1 << 17
  private static let virtualInterrupt: UInt64 = 1 << 19
  private static let pending: UInt64 = 1 << 20
  private static let trap: UInt64 = 1 << 8

  /// A processor that has gone from RESET through protected mode to a program in virtual-8086 mode or at CPL 3.
  ///
  /// The program lies at 20000h, its stack ends at 30000h; its own handler of vector n lies at 4000h:n in virtual-8086
  /// mode. The protected-mode handlers halt.
  private final class Rig {
    private final class NoPorts: PortSpace {
      func read(port: UInt16, size: Int, at cycle: UInt64) -> UInt32 { .max }
      func write(port: UInt16, size: Int, value: UInt32, at cycle: UInt64) {}
    }

    let memory: PhysicalMemory
    let processor: Processor
    private let ports = NoPorts()
    var state: State { processor.state }
    static let tss: UInt64 = 0x1000
    private static let handlers: UInt64 = 0x6000

    init() throws {
      memory = try PhysicalMemory(size: 1 << 20)
      let (timing, model, decoder) = try SystemRig.shared()
      processor = Processor(
        memory: memory, ports: ports, blocks: BlockCache(memory: memory), decoder: decoder,
        timing: timing, options: ProcessorOptions(model: model))
      let descriptors: [UInt64] = [
        0, 0x00CF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF, 0x00CF_F300_0000_FFFF,
        0x0000_8900_0000_0000 | Rig.tss << 16 | 0x2FF,
      ]
      for (index, descriptor) in descriptors.enumerated() { put(0x800 + index * 8, littleEndian(descriptor)) }
      put(0x900, littleEndian(0x2F | 0x800 << 16, 6) + [0, 0] + littleEndian(0x7FF | 0x2000 << 16, 6))
      // ESP0, SS0; the I/O map behind the redirection bitmap, whose bits are all set.
      put(Int(Rig.tss) + 4, littleEndian(0x5000, 4) + littleEndian(0x10, 4))
      put(Int(Rig.tss) + 102, littleEndian(0x100, 2))
      put(Int(Rig.tss) + 0xE0, [UInt8](repeating: 0xFF, count: 32))
      for vector in 0..<256 {
        let handler = Int(Rig.handlers) + vector * 4
        put(0x2000 + vector * 8, littleEndian(UInt64(handler & 0xFFFF) | 8 << 16 | 0xEE00 << 32))
        put(handler, [0xF4])
        put(vector * 4, littleEndian(UInt64(vector) | 0x4000 << 16, 4))
      }
      put(0x4_0000, [UInt8](repeating: 0xF4, count: 256))
    }

    func put(_ address: Int, _ bytes: [UInt8]) {
      bytes.withUnsafeBytes { memory.write(PhysicalAddress(UInt64(address)), $0) }
    }

    func word(_ address: UInt64) -> UInt64 { UInt64(memory.read(PhysicalAddress(address), as: UInt16.self)) }
    func doubleword(_ address: UInt64) -> UInt64 { UInt64(memory.read(PhysicalAddress(address), as: UInt32.self)) }

    /// Goes to a program with EFLAGS and CR4.
    func start(_ program: [UInt8], flags: UInt64, cr4: UInt64) {
      processor.reset()
      state.pointee.segments.1.base = 0
      state.pointee.segments.1.selector = 0
      state.pointee.codeBase = 0
      state.pointee.rip = 0x7C00
      // lgdt [900h]; lidt [908h]; mov eax, 31h; mov cr0, eax; jmp 8:7D00h
      put(
        0x7C00,
        [
          0x0F, 0x01, 0x16, 0x00, 0x09, 0x0F, 0x01, 0x1E, 0x08, 0x09, 0x66, 0xB8, 0x31, 0, 0, 0, 0x0F, 0x22, 0xC0, 0xEA,
          0x00, 0x7D, 0x08, 0x00,
        ])
      let isVirtual = flags & VirtualInterruptTests.virtual8086 != 0
      let frame: [UInt64] =
        isVirtual ? [0, 0, 0, 0, 0x2000, 0xFFF0, flags, 0x2000, 0] : [0x23, 0x2_FFF0, flags, 0x1B, 0x2_0000]
      // mov ax, 10h; mov ds/es/ss, ax; mov esp, 5000h; mov ax, 28h; ltr ax; mov eax, cr4; mov cr4, eax; pushes; iretd
      var code: [UInt8] = [0x66, 0xB8, 0x10, 0, 0x8E, 0xD8, 0x8E, 0xC0, 0x8E, 0xD0, 0xBC, 0, 0x50, 0, 0]
      code += [0x66, 0xB8, 0x28, 0, 0x0F, 0x00, 0xD8, 0xB8] + littleEndian(cr4, 4) + [0x0F, 0x22, 0xE0]
      for value in frame { code += [0x68] + littleEndian(value, 4) }
      put(0x7D00, code + [0xCF])
      put(0x805 + 5 * 8, [0x89])
      put(0x2_0000, program + [0xF4])
      let stop = processor.run(until: .max, instructionLimit: state.pointee.instructions + 100_000)
      #expect(stop == .halted || stop == .instructionLimit)
    }

    /// The protected-mode handler that has halted, and what its frame says of EIP and EFLAGS; nil: there is none.
    var handled: (vector: UInt8, offset: UInt64, flags: UInt64)? {
      let place = state.pointee.rip &- 1 &- Rig.handlers
      guard place < 1024, place % 4 == 0, state.pointee.activity == 1 else { return nil }
      let vector = UInt8(place / 4)
      let frame = state[.rsp] + ([8, 10, 11, 12, 13, 14, 17].contains(vector) ? 4 : 0)
      return (vector, doubleword(frame) & 0xFFFF, doubleword(frame + 8))
    }
  }

  /// Runs a program that ends with HLT, which is #GP(0) above CPL 0.
  private static func run(
    _ program: [UInt8], flags: UInt64, extensions: Bool = true, redirected: [UInt8] = []
  ) throws -> (rig: Rig, vector: UInt8, offset: UInt64, flags: UInt64) {
    let rig = try Rig()
    for vector in redirected {
      let place = Int(Rig.tss) + 0xE0 + Int(vector / 8)
      let old = rig.memory.read(PhysicalAddress(UInt64(place)), as: UInt8.self)
      rig.put(place, [old & ~(1 << (vector & 7))])
    }
    rig.start(program, flags: flags, cr4: extensions ? 3 : 0)
    let handled = try #require(rig.handled)
    return (rig, handled.vector, handled.offset, handled.flags)
  }

  /// CLI and STI, in both modes: what they change at each IOPL, with and without the extensions.
  @Test func clearAndSet() throws {
    for mode in [virtualMode, 0 as UInt64] {
      for level: UInt64 in [0, 3] {
        for extensions in [true, false] {
          for (byte, isSet): (UInt8, Bool) in [(0xFA, false), (0xFB, true)] {
            for waiting: UInt64 in [0, Self.pending] {
              // The flag starts as the other value.
              let before = isSet ? 0 : Self.interrupt | Self.virtualInterrupt
              let end = try Self.run(
                [byte, 0x90], flags: 2 | mode | level << 12 | before | waiting, extensions: extensions)
              let name: Comment = "VM \(mode != 0) IOPL \(level) \(extensions) set \(isSet) VIP \(waiting != 0)"
              #expect(end.vector == 13, name)
              let faults = level < 3 && (!extensions || isSet && waiting != 0)
              #expect(end.offset == (faults ? 0 : 2), name)
              let changed = faults ? 0 : level == 3 ? Self.interrupt : Self.virtualInterrupt
              let both = Self.interrupt | Self.virtualInterrupt
              #expect(end.flags & both == (isSet ? changed : both & ~changed), name)
            }
          }
        }
      }
    }
  }

  private var virtualMode: UInt64 { Self.virtual8086 }

  @Test func pushFlags() throws {
    for level: UInt64 in [0, 3] {
      for bits: UInt64 in [0, Self.virtualInterrupt, Self.interrupt, Self.virtualInterrupt | Self.interrupt] {
        let flags = 2 | virtualMode | level << 12 | bits
        let end = try Self.run([0x9C], flags: flags)
        #expect(end.offset == 1)
        let pushed = end.rig.word(0x2_FFEE)
        let shown = bits & (level == 3 ? Self.interrupt : Self.virtualInterrupt) != 0
        #expect(pushed == 2 | Self.privilege | (shown ? Self.interrupt : 0))
        // PUSHFD, and PUSHF without the extensions, ask for IOPL 3.
        #expect(try Self.run([0x66, 0x9C], flags: flags).offset == (level == 3 ? 2 : 0))
        #expect(try Self.run([0x9C], flags: flags, extensions: false).offset == (level == 3 ? 1 : 0))
      }
    }
  }

  /// POPF and IRET, 16 bits at IOPL 0: IF goes to VIF; TF, and IF while VIP is set, fault and change nothing.
  @Test func popFlagsAndReturn() throws {
    for bits: UInt64 in [0, Self.interrupt, Self.trap, 0xCD5, 0xED5] {
      for waiting: UInt64 in [0, Self.pending] {
        let faults = bits & Self.trap != 0 || bits & Self.interrupt != 0 && waiting != 0
        let old = Self.virtualInterrupt
        let flags = 2 | virtualMode | old | waiting
        let image = littleEndian(bits, 2)
        // push image; popf
        let popped = try Self.run([0x68] + image + [0x9D], flags: flags)
        #expect(popped.offset == (faults ? 3 : 4))
        let expected = faults ? old : bits & ~Self.interrupt | (bits & Self.interrupt != 0 ? Self.virtualInterrupt : 0)
        #expect(popped.flags & ~(Self.pending | Self.virtual8086 | 1 << 16 | 2) == expected)
        // push image; push cs; push 8; iret; nop
        let program = [0x68] + image + [0x0E, 0x6A, 0x08, 0xCF, 0x90]
        let returned = try Self.run(program, flags: flags)
        #expect(returned.offset == (faults ? 6 : 8))
        #expect(returned.flags & ~(Self.pending | Self.virtual8086 | 1 << 16 | 2) == expected)
        if faults { #expect(returned.rig.doubleword(returned.rig.state[.rsp] + 16) == 0xFFEA, "SP stays") }
      }
    }
    for program: [UInt8] in [[0x66, 0x9D], [0x66, 0xCF]] {
      #expect(try Self.run(program, flags: 2 | virtualMode).offset == 0, "32 bits")
    }
  }

  /// INT n: the redirection bitmap, IOPL and CR4.VME decide who handles it.
  @Test func softwareInterrupts() throws {
    for level: UInt64 in [0, 3] {
      for extensions in [true, false] {
        for redirected in [[], [0x42], [0x41, 0x43]] as [[UInt8]] {
          let old = Self.virtualInterrupt | Self.interrupt
          let flags = 2 | virtualMode | level << 12 | old
          let end = try Self.run([0xCD, 0x42], flags: flags, extensions: extensions, redirected: redirected)
          let name: Comment = "IOPL \(level) \(extensions) \(redirected)"
          if extensions && redirected == [0x42] {
            // The 8086 handler is an HLT at 4000h:42h.
            #expect(end.vector == 13 && end.offset == 0x42, name)
            #expect(end.rig.word(0x2_FFEA) == 2 && end.rig.word(0x2_FFEC) == 0x2000, name)
            #expect(end.rig.word(0x2_FFEE) == 2 | Self.privilege | Self.interrupt, name)
            #expect(end.flags & old == (level == 3 ? Self.virtualInterrupt : Self.interrupt), name)
          } else {
            #expect(end.vector == (level == 3 ? 0x42 : 13), name)
            #expect(end.offset == (level == 3 ? 2 : 0), name)
          }
        }
      }
    }
  }

  /// INT3 and INTO are never redirected.
  @Test func breakpointsAreNotRedirected() throws {
    let all = [UInt8](0...255)
    let flags = 2 | virtualMode | Self.privilege
    #expect(try Self.run([0xCC], flags: flags, redirected: all).vector == 3)
    #expect(try Self.run([0xCE], flags: flags | 0x800, redirected: all).vector == 4)
    #expect(try Self.run([0xCC], flags: 2 | virtualMode, redirected: all).vector == 3)
  }

  /// A TSS without the bitmap, or a 16-bit one, is #GP(0).
  @Test func withoutBitmap() throws {
    let rig = try Rig()
    rig.put(Int(Rig.tss) + 102, littleEndian(0x400, 2))
    rig.start([0xCD, 0x42], flags: 2 | virtualMode | Self.privilege, cr4: 1)
    #expect(rig.handled?.vector == 13)
    #expect(rig.handled?.offset == 0)
  }

  /// A bit string's word must lie in the segment, wherever the operand's address is ("BT—Bit Test").
  @Test func bitStringsStayInTheSegment() throws {
    // mov bx, address; mov ax, bits; bts [bx], ax
    for (address, bits, vector, offset): (UInt64, Int16, UInt8, UInt64) in [
      (0xFFF0, 0x7F, 13, 9), (0xFFF0, 0x80, 13, 9), (0xFFFF, -16, 13, 9), (0xFFFF, 0, 13, 6), (0xFFFE, 0, 13, 9),
    ] {
      let end = try Self.run(
        [0xBB] + littleEndian(address, 2) + [0xB8] + littleEndian(UInt64(UInt16(bitPattern: bits)), 2)
          + [0x0F, 0xAB, 0x07],
        flags: 2 | virtualMode)
      #expect(end.vector == vector && end.offset == offset, "\(address) \(bits)")
    }
  }
}
