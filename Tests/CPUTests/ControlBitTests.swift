import CPU
import Layout
import MMU
import Testing

/// Bits of CR0 and CR4: which may be set, and what they keep from whom (SDM Vol. 3, "Control Registers").
@Suite struct ControlBitTests {
  private func vector(_ rig: SystemRig) -> UInt8? {
    let (events, stop) = rig.run()
    guard stop == nil else { return 255 }
    if events.isEmpty { return rig.get(rig.state[.rsp]) == SystemRig.code ? 6 : nil }
    return events.first?.vector
  }

  /// Each bit of CR4 that belongs to a feature is reserved without it, the others always.
  @Test func reservedInCR4() throws {
    // What may be toggled one at a time from the rig's value, in the oldest model and in the one with all.
    let penryn = try SystemRig(model: "core2_penryn_t9600")
    let most = try SystemRig()
    for bit: UInt64 in 0..<64 {
      for rig in [penryn, most] {
        // LA57 cannot change in IA-32e mode; SMEP and SMAP keep the rig from its own pages.
        guard ![12, 20, 21].contains(bit) || rig === penryn else { continue }
        rig.resumed = []
        let old = rig.state.pointee.cr4
        rig.state[.rax] = old | 1 << bit
        rig.start([0x0F, 0x22, 0xE0])
        let vector = vector(rig)
        // UMIP, LA57, FSGSBASE, PCIDE, SMEP, SMAP, PKE, CET and PKS came after Penryn.
        let isNew = [11, 12, 16, 17, 20, 21, 22, 23, 24].contains(bit)
        // CPUID offers SMX nowhere.
        let isReserved = bit == 14 || bit == 15 || bit == 19 || bit > 24 || rig === penryn && isNew
        #expect((vector == 13) == isReserved, "bit \(bit) \(rig.processor.model.name)")
        rig.state.pointee.cr4 = old
      }
    }
  }

  /// A feature that was taken away takes its bit along.
  @Test func withoutTheFeature() throws {
    for (bit, mask): (UInt64, String) in [
      (0, "1.EDX=2"), (1, "1.EDX=2"), (3, "1.EDX=4"), (6, "1.EDX=80"), (11, "7.ECX=4"), (16, "7.EBX=1"),
      (18, "1.ECX=4000000"),
    ] {
      for isMasked in [true, false] {
        let rig = try SystemRig(without: isMasked ? [try #require(CPUIDMask(mask))] : [])
        rig.state[.rax] = rig.state.pointee.cr4 | 1 << bit
        rig.start([0x0F, 0x22, 0xE0])
        #expect(vector(rig) == (isMasked ? 13 : nil), "bit \(bit)")
      }
    }
  }

  @Test func combinationsInCR0() throws {
    // PG without PE, NW without CD, bits above 31, PG off in 64-bit mode.
    for (value, expected): (UInt64, UInt8?) in [
      (0x8000_0030, 13), (0xA001_0031, 13), (0x1_8001_0031, 13), (0x0001_0031, 13), (0xE001_0031, nil),
      (0x8001_0031, nil), (0x9FFE_FFC1 | 1 << 16, nil),
    ] {
      let rig = try SystemRig()
      rig.state[.rax] = value
      rig.start([0x0F, 0x22, 0xC0])
      #expect(vector(rig) == expected, "\(String(value, radix: 16))")
    }
  }

  /// Registers that there are not are #UD at every privilege, before #GP(0).
  @Test func registersThatThereAreNot() throws {
    for number: UInt8 in 0..<16 {
      for isUser in [false, true] {
        let rig = try SystemRig()
        // mov rax, CRn
        rig.start([number > 7 ? 0x4C : 0x48, 0x0F, 0x20, 0xC0 | (number & 7) << 3], isUser: isUser)
        let exists = [0, 2, 3, 4, 8].contains(number)
        #expect(vector(rig) == (!exists ? 6 : isUser ? 13 : nil), "CR\(number)")
      }
    }
  }

  /// TSD, PCE, UMIP: instruction, bit, and whether the bit forbids it or allows it to a user.
  @Test(
    arguments: [
      ("RDTSC", [0x0F, 0x31], 2), ("RDTSCP", [0x0F, 0x01, 0xF9], 2), ("SGDT", [0x0F, 0x01, 0x01], 11),
      ("SIDT", [0x0F, 0x01, 0x09], 11), ("SLDT", [0x0F, 0x00, 0xC0], 11), ("SLDT m", [0x0F, 0x00, 0x01], 11),
      ("STR", [0x0F, 0x00, 0xC8], 11), ("STR m", [0x0F, 0x00, 0x09], 11), ("SMSW", [0x0F, 0x01, 0xE0], 11),
      ("SMSW m", [0x0F, 0x01, 0x21], 11),
    ] as [(String, [UInt8], UInt64)])
  func keptFromUsers(_ name: String, _ bytes: [UInt8], _ bit: UInt64) throws {
    for isUser in [false, true] {
      for isSet in [false, true] {
        let rig = try SystemRig()
        if isSet { rig.state.pointee.cr4 |= 1 << bit }
        rig.state[.rcx] = SystemRig.data
        rig.start(bytes, isUser: isUser)
        #expect(vector(rig) == (isUser && isSet ? 13 : nil), "\(name) \(isUser) \(isSet)")
      }
    }
  }

  /// There is no counter, whoever asks.
  @Test func performanceCounters() throws {
    for isUser in [false, true] {
      let rig = try SystemRig()
      rig.state.pointee.cr4 |= 1 << 8
      rig.start([0x0F, 0x33], isUser: isUser)
      #expect(vector(rig) == 13)
    }
  }

  /// MONITOR and MWAIT: CPL 0 only, operands checked, and MWAIT does not wait.
  @Test func monitorAndWait() throws {
    let monitor: [UInt8] = [0x0F, 0x01, 0xC8]
    let wait: [UInt8] = [0x0F, 0x01, 0xC9]
    let armed: [UInt8] = monitor + wait
    func end(
      _ bytes: [UInt8], rax: UInt64 = SystemRig.data, rcx: UInt64 = 0, isUser: Bool = false, mask: String? = nil
    ) throws -> UInt8? {
      let rig = try SystemRig(without: try mask.map { [try #require(CPUIDMask($0))] } ?? [])
      rig.state[.rax] = rax
      rig.state[.rcx] = rcx
      rig.start(bytes, isUser: isUser)
      return vector(rig)
    }
    #expect(try end(armed) == nil)
    #expect(try end(wait, rcx: 1) == nil)
    #expect(try end(wait, rcx: 2) == 13)
    #expect(try end(monitor, rcx: 1) == 13)
    #expect(try end(monitor, rax: SystemRig.unmapped) == 14)
    #expect(try end(monitor, rax: 1 << 63) == 13)
    #expect(try end([0x67] + monitor, rax: SystemRig.data | 1 << 63) == nil)
    #expect(try end(monitor, isUser: true) == 6)
    #expect(try end(wait, isUser: true) == 6)
    #expect(try end(monitor, mask: "1.ECX=8") == 6)
    #expect(try end(wait, mask: "1.ECX=8") == 6)
  }

  /// An instruction whose feature is taken away is #UD, or what its encoding was before there was the feature.
  @Test(
    arguments: [
      ("7.EBX=8", [0xC4, 0xE2, 0x70, 0xF2, 0xC2]), ("7.EBX=100", [0xC4, 0xE2, 0x72, 0xF5, 0xC2]),
      ("7.EBX=80000", [0x66, 0x0F, 0x38, 0xF6, 0xC1]), ("1.ECX=400000", [0x0F, 0x38, 0xF0, 0x01]),
      ("1.ECX=800000", [0xF3, 0x0F, 0xB8, 0xC1]), ("1.ECX=40000000", [0x0F, 0xC7, 0xF0]),
      ("7.EBX=40000", [0x0F, 0xC7, 0xF8]), ("1.ECX=100000", [0xF2, 0x0F, 0x38, 0xF1, 0xC1]),
      ("1.ECX=2000", [0x48, 0x0F, 0xC7, 0x09]), ("1.EDX=100", [0x0F, 0xC7, 0x09]), ("1.EDX=8000", [0x0F, 0x44, 0xC1]),
      ("7.EBX=800000", [0x66, 0x0F, 0xAE, 0x39]), ("7.EBX=1000000", [0x66, 0x0F, 0xAE, 0x31]),
      ("1.EDX=80000", [0x0F, 0xAE, 0x39]), ("1.EDX=1000000", [0x0F, 0xAE, 0x01]), ("1.EDX=10", [0x0F, 0x31]),
      ("80000001.EDX=8000000", [0x0F, 0x01, 0xF9]), ("7.ECX=400000", [0xF3, 0x0F, 0xC7, 0xF8]),
      ("D:1.EAX=1", [0x0F, 0xAE, 0x31]), ("D:1.EAX=2", [0x0F, 0xC7, 0x21]), ("D:1.EAX=8", [0x0F, 0xC7, 0x29]),
      ("1.ECX=200", [0x66, 0x0F, 0x38, 0x00, 0xC1]), ("1.ECX=80000", [0x66, 0x0F, 0x38, 0x17, 0xC1]),
      ("1.ECX=1", [0xF2, 0x0F, 0x12, 0xC1]),
    ] as [(String, [UInt8])])
  func gates(_ text: String, _ bytes: [UInt8]) throws {
    let mask = try #require(CPUIDMask(text), "\(text)")
    for masks in [[], [mask]] {
      let rig = try SystemRig(without: masks)
      rig.state.pointee.cr4 |= 1 << 18
      rig.state[.rax] = 1
      rig.state[.rcx] = SystemRig.data
      rig.start(bytes)
      #expect(vector(rig) == (masks.isEmpty ? nil : 6), "\(text) \(masks.isEmpty)")
    }
  }

  /// TZCNT and LZCNT are BSF and BSR with a prefix that is ignored: another result, and the destination stays for 0.
  @Test func bitScansOfOldModels() throws {
    for (text, byte, old): (String, UInt8, UInt64) in [("7.EBX=8", 0xBC, 4), ("80000001.ECX=20", 0xBD, 10)] {
      let rig = try SystemRig(without: [try #require(CPUIDMask(text))])
      rig.state[.rcx] = 0x410
      rig.start([0xF3, 0x0F, byte, 0xC1, 0x31, 0xD2, 0xBB, 7, 0, 0, 0, 0xF3, 0x0F, byte, 0xDA])
      #expect(vector(rig) == nil)
      #expect(rig.state[.rax] == old)
      #expect(rig.state[.rbx] == 7)
    }
  }
}
