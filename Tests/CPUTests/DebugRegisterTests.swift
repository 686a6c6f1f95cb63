import CPU
import Layout
import MMU
import Testing

/// Breakpoints and debug registers (SDM Vol. 3, "Debug Registers", "Debug Exceptions").
@Suite struct DebugRegisterTests {
  // Programs begin with MOV DR0, RAX; MOV DR7, RBX.
  private static let arm: [UInt8] = [0x0F, 0x23, 0xC0, 0x0F, 0x23, 0xFB]
  private static let trace: UInt64 = 1 << 8
  private static let resume: UInt64 = 1 << 16

  /// DR7 with breakpoint 0 of a kind and length.
  private static func control(_ kind: UInt64, _ bytes: UInt64, enabled: Bool = true) -> UInt64 {
    (enabled ? 1 : 0) | kind << 16 | [1: 0, 2: 1, 8: 2, 4: 3][bytes, default: 0] << 18
  }

  private static let stores: [UInt64: [UInt8]] = [
    1: [0x88, 0x11], 2: [0x66, 0x89, 0x11], 4: [0x89, 0x11], 8: [0x48, 0x89, 0x11],
  ]
  private static let loads: [UInt64: [UInt8]] = [
    1: [0x8A, 0x11], 2: [0x66, 0x8B, 0x11], 4: [0x8B, 0x11], 8: [0x48, 0x8B, 0x11],
  ]

  /// Every length against every access around it; the address's low bits below the length do not count.
  @Test func dataBreakpointsMatchByOverlap() throws {
    let rig = try SystemRig()
    let base = SystemRig.data + 0x100
    for (length, size) in [1, 2, 4, 8].flatMap({ length in [1, 2, 4, 8].map { (length as UInt64, $0 as UInt64) } }) {
      for kind: UInt64 in [1, 3] {
        for isWrite in [true, false] {
          for distance in stride(from: -9 as Int64, through: 9, by: 1) {
            rig.state[.rax] = base + (length > 1 ? 1 : 0)
            rig.state[.rbx] = Self.control(kind, length)
            let first = base &+ UInt64(bitPattern: distance)
            rig.state[.rcx] = first
            let access = try #require((isWrite ? Self.stores : Self.loads)[size])
            rig.start(Self.arm + access + [0x90])
            let events = rig.run().events
            let overlaps = first + size > base && first < base + length
            let isMet = overlaps && (isWrite || kind == 3)
            let name: Comment = "length \(length) kind \(kind), \(size) bytes at \(distance)"
            #expect(events.map(\.vector) == (isMet ? [1] : []), name)
            guard isMet, let event = events.first else { continue }
            #expect(event.offset == Int64(Self.arm.count + access.count), name)
            #expect(event.dr6 == 0xFFFF_0FF1, name)
            #expect(event.flags & Self.resume == 0, name)
          }
        }
      }
    }
  }

  /// Operands of every shape reach the breakpoint: stacks, strings, calls, read-modify-write, far pointers, XMM, crossing
  /// a page.
  @Test(
    arguments: [
      ("PUSH", [0x55], true), ("POP", [0x5D], false), ("CALL", [0xE8, 0, 0, 0, 0], true),
      ("RET", [0xC3], false), ("ADD m", [0x48, 0x01, 0x11], true), ("CMP m", [0x48, 0x39, 0x11], false),
      ("XCHG", [0x48, 0x87, 0x11], true), ("MOVUPS store", [0x0F, 0x11, 0x01], true),
      ("MOVUPS load", [0x0F, 0x10, 0x01], false),
      ("STOSQ", [0x48, 0xAB], true), ("LODSQ", [0x48, 0xAD], false), ("MOVSQ", [0x48, 0xA5], true),
      ("PUSH m", [0xFF, 0x31], true), ("BTS", [0x48, 0x0F, 0xBA, 0x29, 3], true), ("SETE", [0x0F, 0x94, 0x01], true),
      ("FXSAVE", [0x0F, 0xAE, 0x01], true), ("CMPXCHG16B", [0x48, 0x0F, 0xC7, 0x09], true),
      ("LAR", [0x0F, 0x02, 0x11], false),
    ] as [(String, [UInt8], Bool)])
  func everyShape(_ name: String, _ access: [UInt8], _ isWrite: Bool) throws {
    let place = SystemRig.data + 0x200
    for kind: UInt64 in [1, 3] {
      let (events, _) = try SystemRig.agreeing(Self.arm + access + [0x90, 0x90]) { rig in
        rig.state[.rax] = place
        rig.state[.rbx] = Self.control(kind, 8)
        for register in [GeneralRegister.rcx, .rsi, .rdi] { rig.state[register] = place }
        // The stack's top, or what is pushed, lies there.
        if rig.state.pointee.rip == SystemRig.code {
          let pushes = ["PUSH", "CALL", "PUSH m"].contains(name)
          if ["PUSH", "POP", "CALL", "RET"].contains(name) { rig.state[.rsp] = place + (pushes ? 8 : 0) }
        }
        rig.put(place, [SystemRig.code + 8])
      }
      let isMet = isWrite && name != "PUSH m" || kind == 3
      #expect(events.first?.vector == (isMet ? 1 : nil), "\(name) kind \(kind)")
      if isMet { #expect(events.first?.dr6 == 0xFFFF_0FF1) }
    }
  }

  /// The trap of one instruction in a loop comes each time, and only its instruction waits for it.
  @Test func trapsEachTime() throws {
    // mov ecx, 5; L: inc dword [rdx]; dec ecx; jnz L
    let program = Self.arm + [0xB9, 5, 0, 0, 0, 0xFF, 0x02, 0xFF, 0xC9, 0x75, 0xFA]
    let (events, rig) = try SystemRig.agreeing(program) { rig in
      rig.state[.rax] = SystemRig.data
      rig.state[.rbx] = Self.control(1, 4)
      rig.state[.rdx] = SystemRig.data
    }
    #expect(events.map(\.rcx) == [5, 4, 3, 2, 1])
    #expect(events.allSatisfy { $0.offset == 13 })
    #expect(rig.get(SystemRig.data) == 5)
  }

  /// A breakpoint that is not enabled is reported with one that is, and alone does nothing.
  @Test func notEnabled() throws {
    // mov dr1, rax
    let program: [UInt8] = [0x0F, 0x23, 0xC8] + Self.arm + [0x88, 0x11, 0x90]
    for enabled: UInt64 in [0, 1, 4, 5] {
      let (events, _) = try SystemRig.agreeing(program) { rig in
        rig.state[.rax] = SystemRig.data
        rig.state[.rbx] = enabled | 1 << 16 | 1 << 20
        rig.state[.rcx] = SystemRig.data
      }
      #expect(events.map(\.dr6) == (enabled == 0 ? [] : [0xFFFF_0FF3]))
    }
  }

  /// An access that faults meets no breakpoint.
  @Test func faultsGoBefore() throws {
    // div qword [rcx] by zero
    let (events, _) = try SystemRig.agreeing(Self.arm + [0x48, 0xF7, 0x31]) { rig in
      rig.state[.rax] = SystemRig.data
      rig.state[.rbx] = Self.control(3, 8)
      rig.state[.rcx] = SystemRig.data
      rig.put(SystemRig.data, [0])
    }
    #expect(events.map(\.vector) == [0])
    #expect(events.first?.dr6 == 0xFFFF_0FF0)
  }

  // MARK: Strings

  /// "Instruction-Breakpoint Exception Condition": traps between iterations, with RF in the frame but behind the last.
  @Test func repeatedStringsTrapBetweenIterations() throws {
    for (met, remaining): (UInt64, UInt64) in [(0, 9), (3, 6), (9, 0)] {
      let program = Self.arm + [0xF3, 0xAA, 0x90]
      let (events, rig) = try SystemRig.agreeing(program) { rig in
        rig.state[.rax] = SystemRig.data + met
        rig.state[.rbx] = Self.control(1, 1)
        rig.state[.rcx] = 10
        rig.state[.rdi] = SystemRig.data
      }
      let event = try #require(events.first)
      #expect(events.count == 1)
      #expect(event.rcx == remaining)
      #expect(event.offset == (remaining == 0 ? 8 : 6))
      #expect(event.flags & Self.resume == (remaining == 0 ? 0 : Self.resume))
      #expect(rig.state[.rcx] == 0)
    }
  }

  @Test func singleStepComesBetweenIterations() throws {
    let (events, _) = try SystemRig.agreeing(flags: 0x102, [0xF3, 0xAA, 0x90]) { rig in
      rig.state[.rcx] = 3
      rig.state[.rdi] = SystemRig.data
      rig.setsResume = false
    }
    #expect(events.map(\.rcx) == [2, 1, 0, 0])
    #expect(events.map(\.offset) == [0, 0, 2, 3])
    #expect(events.allSatisfy { $0.dr6 == 0xFFFF_4FF0 })
  }

  /// What a breakpoint and single stepping have to say comes at once.
  @Test func trapsJoin() throws {
    let (events, _) = try SystemRig.agreeing(flags: 2, Self.arm + [0x9D, 0x88, 0x11, 0x90]) { rig in
      rig.state[.rax] = SystemRig.data
      rig.state[.rbx] = Self.control(1, 1)
      rig.state[.rcx] = SystemRig.data
      if rig.state.pointee.rip == SystemRig.code { rig.state[.rsp] = SystemRig.data + 0x800 }
      rig.put(SystemRig.data + 0x800, [0x102])
    }
    #expect(events.prefix(2).map(\.dr6) == [0xFFFF_4FF1, 0xFFFF_4FF0])
    #expect(events.first?.offset == 9)
  }

  // MARK: Execution

  /// Before the instruction, with RF as it was; RF in the frame lets it execute once.
  @Test func instructionBreakpoints() throws {
    // mov ecx, 3; L: nop; inc edx; dec ecx; jnz L
    let program = Self.arm + [0xB9, 3, 0, 0, 0, 0x90, 0xFF, 0xC2, 0xFF, 0xC9, 0x75, 0xF9]
    for place: UInt64 in 11...17 {
      let (events, rig) = try SystemRig.agreeing(program) { rig in
        rig.state[.rax] = SystemRig.code + place
        rig.state[.rbx] = 1
        rig.state[.rdx] = 0
      }
      let isStart = [11, 12, 14, 16].contains(place)
      #expect(events.count == (isStart ? 3 : 0), "\(place)")
      #expect(events.allSatisfy { $0.vector == 1 && $0.offset == Int64(place) && $0.dr6 == 0xFFFF_0FF1 })
      #expect(events.allSatisfy { $0.flags & Self.resume == 0 })
      #expect(rig.state[.rdx] == 3)
    }
  }

  /// Without RF the breakpoint recurs.
  @Test func withoutResumeTheyRecur() throws {
    let rig = try SystemRig()
    rig.setsResume = false
    rig.state[.rax] = SystemRig.code + 6
    rig.state[.rbx] = 1
    rig.start(Self.arm + [0x90])
    #expect(rig.run(limit: 7).events.count == 7)
  }

  /// They come before what the fetch of the instruction raises, and other faults push RF.
  @Test func theyComeBeforeFetchFaults() throws {
    // jmp rcx, to where nothing is mapped
    let rig = try SystemRig()
    rig.state[.rax] = SystemRig.unmapped
    rig.state[.rbx] = 1
    rig.state[.rcx] = SystemRig.unmapped
    rig.start(Self.arm + [0xFF, 0xE1])
    let events = rig.run().events
    #expect(events.map(\.vector) == [1, 14])
    #expect(events.map { $0.flags & Self.resume } == [0, Self.resume])
  }

  /// A repeated string instruction is one instruction, however often it is interrupted.
  @Test func repeatedStringsBreakOnce() throws {
    let rig = try SystemRig()
    rig.state[.rax] = SystemRig.code + 6
    rig.state[.rbx] = 1
    rig.state[.rcx] = 100
    rig.state[.rdi] = SystemRig.data
    rig.start(Self.arm + [0xF3, 0xAA, 0x90])
    var breaks = 0
    for _ in 0..<1000 where rig.state[.rcx] > 0 || breaks == 0 {
      let stop = rig.processor.run(until: rig.state.pointee.cycles + 3)
      guard stop == .halted else { continue }
      breaks += 1
      let frame = rig.state[.rsp]
      rig.put(frame + 16, [rig.get(frame + 16) | Self.resume])
      rig.state.pointee.activity = 0
    }
    #expect(breaks == 1)
    #expect(rig.state[.rcx] == 0)
  }

  // MARK: Shadows and ports

  /// "Masking Exceptions and Interrupts When Switching Stacks": a trap of MOV SS waits for the next instruction.
  @Test func trapsWaitBehindTheLoadOfSS() throws {
    // mov ss, [rcx]; nop; nop
    let (events, _) = try SystemRig.agreeing(Self.arm + [0x8E, 0x11, 0x90, 0x90]) { rig in
      rig.state[.rax] = SystemRig.data
      rig.state[.rbx] = Self.control(3, 2)
      rig.state[.rcx] = SystemRig.data
      rig.put(SystemRig.data, [0x10])
    }
    #expect(events.map(\.offset) == [9])
  }

  @Test func ports() throws {
    for (name, access, bytes): (String, [UInt8], UInt64) in [
      ("OUT", [0xEE], 1), ("IN", [0xEC], 1), ("OUT d", [0xEF], 4), ("IN w", [0x66, 0xED], 2), ("OUTS", [0x6E], 1),
      ("INS", [0x6D], 4),
    ] {
      for extensions in [true, false] {
        for distance in stride(from: -4 as Int64, through: 4, by: 1) {
          let first = UInt64(0x80 + distance)
          let (events, _) = try SystemRig.agreeing(Self.arm + access + [0x90]) { rig in
            rig.state[.rax] = 0x80
            rig.state[.rbx] = Self.control(2, 2)
            rig.state[.rdx] = first
            rig.state[.rsi] = SystemRig.data
            rig.state[.rdi] = SystemRig.data
            rig.state.pointee.cr4 = rig.state.pointee.cr4 & ~8 | (extensions ? 8 : 0)
          }
          let isMet = extensions && first + bytes > 0x80 && first < 0x82
          #expect(events.map(\.vector) == (isMet ? [1] : []), "\(name) at \(first)")
        }
      }
    }
  }

  // MARK: The registers

  @Test func generalDetect() throws {
    for access: [UInt8] in [[0x0F, 0x21, 0xC0], [0x0F, 0x23, 0xC8], [0x0F, 0x21, 0xF0], [0x0F, 0x23, 0xF8]] {
      let rig = try SystemRig()
      rig.resumed = []
      rig.state[.rbx] = 1 << 13
      rig.start([0x0F, 0x23, 0xFB] + access)
      let events = rig.run().events
      #expect(events.map(\.vector) == [1])
      #expect(events.first?.offset == 3)
      #expect(events.first?.dr6 == 0xFFFF_2FF0)
      #expect(events.first?.flags ?? 0 & Self.resume != 0)
      #expect(rig.state.pointee.dr.7 == 0x400, "the handler may use them")
    }
  }

  /// #UD, then #GP(0) for the privilege, then #DB, then #GP(0) for the value.
  @Test func faultsOfTheirMoves() throws {
    func vector(_ access: [UInt8], isUser: Bool = false, extensions: Bool = false, detect: Bool = false) throws
      -> UInt8?
    {
      let rig = try SystemRig()
      rig.resumed = []
      if extensions { rig.state.pointee.cr4 |= 8 }
      if detect { rig.state.pointee.dr.7 = 0x2400 }
      rig.state[.rax] = 1 << 32
      rig.start(access, isUser: isUser)
      let (events, stop) = rig.run()
      #expect(stop == nil)
      // #UD ends the run as UD2 does: where it was tells them apart.
      if events.isEmpty { return rig.get(rig.state[.rsp]) == SystemRig.code ? 6 : nil }
      return events.first?.vector
    }
    #expect(try vector([0x0F, 0x23, 0xC0]) == nil, "DR0 takes 64 bits")
    #expect(try vector([0x0F, 0x23, 0xF0]) == 13)
    #expect(try vector([0x0F, 0x23, 0xF8]) == 13)
    #expect(try vector([0x0F, 0x23, 0xE0]) == 13, "DR4 is DR6")
    #expect(try vector([0x0F, 0x23, 0xE0], extensions: true) == 6)
    #expect(try vector([0x0F, 0x21, 0xE8]) == nil)
    #expect(try vector([0x0F, 0x21, 0xE8], extensions: true) == 6)
    #expect(try vector([0x0F, 0x21, 0xE8], isUser: true, extensions: true) == 6)
    #expect(try vector([0x0F, 0x21, 0xC0], isUser: true, detect: true) == 13)
    #expect(try vector([0x0F, 0x23, 0xF8], detect: true) == 1)
    #expect(try vector([0x44, 0x0F, 0x21, 0xC0], isUser: true) == 6, "DR8")
  }

  @Test func reservedBits() throws {
    let rig = try SystemRig()
    // mov dr6, rax; mov dr7, rbx; mov rcx, dr6; mov rdx, dr7
    let program: [UInt8] = [0x0F, 0x23, 0xF0, 0x0F, 0x23, 0xFB, 0x0F, 0x21, 0xF1, 0x0F, 0x21, 0xFA]
    for value: UInt64 in [0, 0xFFFF_DF00, 0x1234_5678 & ~0x20FF] {
      rig.state[.rax] = value
      rig.state[.rbx] = value
      rig.start(program)
      #expect(rig.run().events.isEmpty)
      #expect(rig.state[.rcx] == value & 0xE00F | 0xFFFF_0FF0)
      #expect(rig.state[.rdx] == value & 0xFFFF_23FF | 0x400)
    }
  }
}
