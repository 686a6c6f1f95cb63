import CPU
import Layout
import MMU
import Testing

/// Faults while events are delivered (SDM Vol. 3, "Interrupt 8—Double Fault Exception (#DF)", "Error Code").
@Suite struct DoubleFaultTests {
  /// A way to raise an exception: the program, and its vector.
  static let firsts: [(name: String, program: [UInt8], vector: UInt8)] = [
    ("#DE", [0x31, 0xC9, 0xF7, 0xF1], 0),
    // int3; into the handler of a trap
    ("#BP", [0xCC], 3),
    ("#BR", [], 5),
    ("#NM", [], 7),
    // int 20h, whose gate asks for a stack beyond the TSS
    ("#TS", [0xCD, 0x20], 10),
    // mov eax, 28h; mov ds, eax
    ("#NP", [0xB8, 0x28, 0, 0, 0, 0x8E, 0xD8], 11),
    // mov rbp, 8000000000000000h; mov eax, [rbp]
    ("#SS", [0x48, 0xBD, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x8B, 0x45, 0], 12),
    // mov rcx, 8000000000000000h; mov eax, [rcx]
    ("#GP", [0x48, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x8B, 0x01], 13),
    // mov ecx, 40000000h; mov eax, [rcx]
    ("#PF", [0xB9, 0, 0, 0, 0x40, 0x8B, 0x01], 14),
  ].filter { !$0.1.isEmpty }

  /// What is wrong with a vector's gate, and the exception that delivery through it raises, with its error code when the
  /// event is not the program's own.
  enum Wrong: CaseIterable {
    case type, notPresent, beyondTSS, stackNotCanonical, stackUnmapped, codeNotPresent, codeNull

    var vector: UInt8 {
      switch self {
      case .type, .codeNull: 13
      case .notPresent, .codeNotPresent: 11
      case .beyondTSS: 10
      case .stackNotCanonical: 12
      case .stackUnmapped: 14
      }
    }

    func error(_ gate: UInt8, external: UInt64) -> UInt64 {
      switch self {
      case .type, .notPresent: UInt64(gate) << 3 | 2 | external
      case .beyondTSS: 0x30 | external
      case .stackNotCanonical, .codeNull: external
      case .codeNotPresent: 0x40 | external
      case .stackUnmapped: 2
      }
    }

    func apply(to vector: UInt8, _ rig: SystemRig) {
      switch self {
      case .type: rig.setGate(vector, type: 0xE7)
      case .notPresent: rig.setGate(vector, type: 0x6E)
      // IST 1 lies inside the TSS, IST 7 behind its limit.
      case .beyondTSS: rig.setGate(vector, stack: 7)
      case .stackNotCanonical: rig.setGate(vector, stack: 1)
      case .stackUnmapped: rig.setGate(vector, stack: 2)
      case .codeNotPresent: rig.setGate(vector, selector: 0x40)
      case .codeNull: rig.setGate(vector, selector: 0)
      }
    }
  }

  private static func rig() throws -> SystemRig {
    let rig = try SystemRig()
    rig.resumed = []
    // IST 1, IST 2; IST 7 is beyond the limit.
    rig.put(SystemRig.tss + 36, [1 << 63, SystemRig.unmapped])
    rig.state.pointee.tr.limit = 0x50
    rig.setGate(0x20, stack: 7)
    return rig
  }

  private enum Class { case benign, contributory, pageFault }

  private static func kind(_ vector: UInt8) -> Class {
    switch vector {
    case 0, 10, 11, 12, 13: .contributory
    case 14: .pageFault
    default: .benign
    }
  }

  /// "Conditions for Generating a Double Fault": each cell, and what comes of the second exception where there is none.
  @Test func conditions() throws {
    for first in Self.firsts {
      for wrong in Wrong.allCases where wrong.vector != first.vector {
        let rig = try Self.rig()
        wrong.apply(to: first.vector, rig)
        rig.start(first.program)
        let (events, stop) = rig.run()
        let name: Comment = "\(first.name), then \(wrong)"
        #expect(stop == nil, name)
        let event = try #require(events.first, name)
        switch (Self.kind(first.vector), Self.kind(wrong.vector)) {
        case (.contributory, .contributory), (.pageFault, .contributory), (.pageFault, .pageFault):
          #expect(event.vector == 8 && event.error == 0, name)
        default:
          #expect(event.vector == wrong.vector, name)
          // INT3 is the program's own: no EXT.
          #expect(event.error == wrong.error(first.vector, external: first.vector == 3 ? 0 : 1), name)
        }
        #expect(rig.get(rig.state[.rsp] + 32) == SystemRig.kernelStack, "RSP is the program's: \(first.name) \(wrong)")
      }
    }
  }

  /// The same exception twice, and a page fault for a page fault.
  @Test func theSameTwice() throws {
    for first in Self.firsts where Self.kind(first.vector) != .benign {
      let wrong = Wrong.allCases.first { $0.vector == first.vector } ?? .notPresent
      let rig = try Self.rig()
      wrong.apply(to: first.vector, rig)
      rig.start(first.program)
      #expect(rig.run().events.first?.vector == 8, "\(first.name)")
    }
  }

  /// A fault on the way to the double fault's handler ends in the shutdown state.
  @Test func shutdown() throws {
    for wrong in Wrong.allCases {
      let rig = try Self.rig()
      Wrong.notPresent.apply(to: 13, rig)
      wrong.apply(to: 8, rig)
      rig.start([0x48, 0xB9, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x8B, 0x01])
      #expect(rig.run().stop == .shutdown, "\(wrong)")
    }
  }

  /// Software interrupts: no EXT, and RIP is the instruction's.
  @Test func softwareInterrupts() throws {
    for wrong in Wrong.allCases {
      let rig = try Self.rig()
      wrong.apply(to: 0x20, rig)
      rig.start([0x90, 0xCD, 0x20])
      let event = try #require(rig.run().events.first)
      #expect(event.vector == wrong.vector)
      #expect(event.error == wrong.error(0x20, external: 0), "\(wrong)")
      #expect(event.offset == 1)
    }
    // Beyond the IDT, and with a DPL below CPL.
    for (isUser, type, vector): (Bool, UInt64, UInt8) in [(false, 0xEE, 0x50), (true, 0x8E, 0x20)] {
      let rig = try Self.rig()
      rig.state.pointee.tr.limit = 0x67
      if vector == 0x20 { rig.setGate(vector, type: type) }
      rig.start([0xCD, vector], isUser: isUser)
      let event = try #require(rig.run().events.first)
      #expect(event.vector == 13)
      #expect(event.error == UInt64(vector) << 3 | 2)
    }
  }

  /// The codes of what is in the local table have TI.
  @Test func tableIndicator() throws {
    let rig = try Self.rig()
    rig.state.pointee.ldtr = SegmentRegister(
      base: 0x6000, limit: 0xF, attributes: 0x82, selector: 0x48, reserved: (0, 0, 0))
    rig.put(0x6000, [0, 0x00CF_1300_0000_FFFF])
    // mov eax, 0Ch; mov ds, eax
    rig.start([0xB8, 0x0C, 0, 0, 0, 0x8E, 0xD8])
    let notPresent = try #require(rig.run().events.first)
    #expect(notPresent.vector == 11 && notPresent.error == 0xC)
    rig.start([0xB8, 0x17, 0, 0, 0, 0x8E, 0xD8])
    let beyond = try #require(rig.run().events.first)
    #expect(beyond.vector == 13 && beyond.error == 0x14)
  }
}
