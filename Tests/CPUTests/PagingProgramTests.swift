import CPU
import Layout
import Testing

/// Control registers and the instructions about paging as a guest executes them (SDM Vol. 3, "Paging").
@Suite struct PagingProgramTests {
  private let data = PagingBench.data
  private let gp = PagingBench.End.fault(.generalProtection, 0)
  private let ud = PagingBench.End.fault(.invalidOpcode, 0)

  private enum Bit {
    static let pge: UInt64 = 1 << 7
    static let la57: UInt64 = 1 << 12
    static let pcide: UInt64 = 1 << 17
    static let smep: UInt64 = 1 << 20
    static let smap: UInt64 = 1 << 21
    static let pke: UInt64 = 1 << 22
    static let pks: UInt64 = 1 << 24
    static let keep: UInt64 = 1 << 63
    static let global: UInt64 = 1 << 8
    static let execute: UInt64 = 1 << 63
    static let present: UInt64 = 1
    static let supervisor: UInt64 = 3
  }

  private func pageFault(_ code: UInt32) -> PagingBench.End { .fault(.pageFault, code) }

  // MARK: "MOV—Move to/from Control Registers"

  /// What #GP forbids changes nothing.
  @Test func controlRegisterFaults() throws {
    let bench = try PagingBench()
    let state = bench.processor.state
    let before = (state.pointee.cr0, state.pointee.cr3, state.pointee.cr4)
    let forbidden: [(UInt8, UInt64)] = [
      (0, 0x8000_0030), (0, 0xA001_0031), (0, 0x1_8001_0031), (0, 0x0001_0031), (4, 0x0), (4, 0x20 | Bit.la57),
      (4, 0x20 | 1 << 15), (4, 0x20 | 1 << 19), (4, 0x20 | 1 << 31), (4, 0x20 | 1 << 32), (3, 0x1000 | 1 << 40),
      (3, 0x1000 | Bit.keep),
    ]
    for (number, value) in forbidden {
      #expect(bench.moveToCR(number, value) == gp, "CR\(number) = \(String(value, radix: 16))")
    }
    #expect(before == (state.pointee.cr0, state.pointee.cr3, state.pointee.cr4))
    #expect(bench.moveToCR(0, 0xE001_0031) == .halted, "CD and NW")
    // MOV CR8, RAX
    for value: UInt64 in [16, 1 << 32, .max] { #expect(bench.run([0x44, 0x0F, 0x22, 0xC0], rax: value) == gp) }
    #expect(bench.run([0x44, 0x0F, 0x22, 0xC0], rax: 15) == .halted)
    // MOV RAX, CR8
    #expect(bench.run([0x44, 0x0F, 0x20, 0xC0], rax: 0) == .halted)
    #expect(bench[.rax] == 15)
    #expect(bench.moveToCR(5, 0) == ud)
  }

  /// Bits of CR4 are reserved in a model without their feature; a part's feature that is not built is refused by name.
  @Test(arguments: [("SMEP", 20), ("SMAP", 21), ("PKU", 22), ("PKS", 24), ("PCID", 17), ("FSGSBASE", 16)])
  func featuresOfCR4(_ feature: String, _ bit: UInt64) throws {
    for name in ["core2_penryn_t9600", "corei7_haswell_4770", "corei7_icelake_u", "max"] {
      let bench = try PagingBench(name)
      let expected = bench.processor.model.has(feature) ? .halted : gp
      #expect(bench.moveToCR(4, 0x20 | 1 << bit) == expected, "\(name) \(feature)")
    }
    let bench = try PagingBench("max")
    #expect(bench.moveToCR(4, 0x20 | 1 << 23) == .stopped(.refused(.controlRegister(4, 0x20 | 1 << 23))), "CET")
    #expect(bench.moveToCR(4, 0x20 | 1 << 14) == gp, "SMXE")
  }

  /// "Process-Context Identifiers (PCIDs)": CR4.PCIDE is set only in IA-32e mode with CR3[11:0] = 0, and keeps PG set.
  @Test func settingPCIDE() throws {
    let bench = try PagingBench()
    #expect(bench.moveToCR(3, 0x1018) == .halted)
    #expect(bench.moveToCR(4, 0x20 | Bit.pcide) == gp)
    #expect(bench.moveToCR(3, 0x1000) == .halted)
    #expect(bench.moveToCR(4, 0x20 | Bit.pcide) == .halted)
    #expect(bench.moveToCR(3, 0x1FFF | Bit.keep) == .halted)
    #expect(bench.processor.state.pointee.cr3 == 0x1FFF, "bit 63 is not stored")
    #expect(bench.moveToCR(3, 0x1000 | 1 << 62) == gp)
    #expect(bench.moveToCR(4, 0x20) == .halted, "PCIDE may be cleared whatever the PCID")
    let legacy = try PagingBench(isLong: false)
    #expect(legacy.moveToCR(4, Bit.pcide) == gp)
  }

  // MARK: PCIDs (TLB rules, section I)

  /// A bench with PCIDs on whose page 0 has been read under PCID 1 and points elsewhere since; page 1 likewise, global.
  private func stale() throws -> PagingBench {
    let bench = try PagingBench()
    for number: UInt64 in 0..<4 { bench.put(0x40_0000 + number << 12, 0x100 + number) }
    bench.map(0, to: 0x40_0000)
    bench.map(1, to: 0x40_1000, 7 | Bit.global)
    #expect(bench.moveToCR(4, 0x20 | Bit.pge) == .halted)
    #expect(bench.moveToCR(4, 0x20 | Bit.pge | Bit.pcide) == .halted)
    #expect(bench.moveToCR(3, 0x1001) == .halted)
    #expect(pages(bench) == [0x100, 0x101])
    bench.map(0, to: 0x40_2000)
    bench.map(1, to: 0x40_3000, 7 | Bit.global)
    #expect(pages(bench) == [0x100, 0x101], "nothing is invalidated")
    return bench
  }

  private func pages(_ bench: PagingBench) -> [UInt64?] { [bench.load(data), bench.load(data + 0x1000)] }
  private let old: [UInt64?] = [0x100, 0x101]
  private let halfNew: [UInt64?] = [0x102, 0x101]
  private let new: [UInt64?] = [0x102, 0x103]

  /// "MOV to CR3": of the new PCID, unless bit 63 is 1; never what is global.
  @Test func movToCR3() throws {
    let bench = try stale()
    #expect(bench.moveToCR(3, 0x1002) == .halted)
    #expect(pages(bench) == halfNew, "another PCID, which only shares what is global")
    #expect(bench.moveToCR(3, 0x1001 | Bit.keep) == .halted)
    #expect(pages(bench) == old)
    #expect(bench.moveToCR(3, 0x1001) == .halted)
    #expect(pages(bench) == halfNew)
  }

  /// "MOV to CR4": PGE, and PCIDE 1->0, drop everything; SMEP 0->1 what is of the PCID, and what is global.
  @Test(arguments: [0x20 | 1 << 17, 0x20 | 1 << 7, 0x20 | 1 << 7 | 1 << 17 | 1 << 20] as [UInt64])
  func movToCR4(_ value: UInt64) throws {
    let bench = try stale()
    #expect(bench.moveToCR(4, value) == .halted)
    #expect(pages(bench) == new)
  }

  /// "MOV to CR4": the bits that are in no row of the table drop nothing.
  @Test func otherBitsOfCR4DropNothing() throws {
    let bench = try stale()
    let base = 0x20 | Bit.pge | Bit.pcide
    #expect(bench.moveToCR(4, base | Bit.pke | Bit.pks | 1 << 16) == .halted)
    #expect(pages(bench) == old)
    #expect(bench.moveToCR(4, base) == .halted)
    #expect(pages(bench) == old)
  }

  /// "INVPCID 0, 1, 2, 3".
  @Test func invpcid() throws {
    var bench = try stale()
    for (type, pcid): (UInt64, UInt64) in [(0, 2), (1, 2)] {
      #expect(bench.invpcid(type, pcid, data) == .halted)
      #expect(pages(bench) == old, "another PCID")
    }
    #expect(bench.invpcid(0, 1, data + 0x1000) == .halted)
    #expect(pages(bench) == old, "another page, and a global one")
    #expect(bench.invpcid(0, 1, data + 0x123) == .halted)
    #expect(pages(bench) == halfNew)
    for (type, expected): (UInt64, [UInt64?]) in [(1, halfNew), (2, new), (3, halfNew)] {
      bench = try stale()
      #expect(bench.invpcid(type, type == 1 ? 1 : 0) == .halted)
      #expect(pages(bench) == expected, "type \(type)")
    }
  }

  /// "INVPCID—Invalidate Process-Context Identifier", exceptions.
  @Test func invpcidFaults() throws {
    let bench = try PagingBench()
    #expect(bench.invpcid(4, 0) == gp)
    #expect(bench.invpcid(1 << 32, 0) == gp, "all 64 bits of the register count")
    #expect(bench.invpcid(2, 1 << 12) == gp)
    #expect(bench.invpcid(0, 1) == gp, "PCID 1 without PCIDE")
    #expect(bench.invpcid(1, 1) == gp)
    #expect(bench.invpcid(0, 0, 1 << 56) == gp, "not canonical by the processor's width")
    #expect(bench.invpcid(0, 0, 1 << 47) == .halted)
    #expect(bench.invpcid(1, 0, 1 << 47) == .halted)
    for type: UInt64 in [0, 1, 2, 3] { #expect(bench.invpcid(type, type / 2 * 5) == .halted) }
    #expect(bench.run([0x66, 0x0F, 0x38, 0x82, 0xC1]) == ud, "a register")
    #expect(bench.run([0xF0, 0x66, 0x0F, 0x38, 0x82, 0x01]) == ud, "LOCK")
    #expect(bench.run([0x66, 0x0F, 0x38, 0x82, 0x01], rax: 0, rcx: data) == pageFault(0))
    #expect(try PagingBench("corei7_sandy_bridge_2600k").invpcid(2, 0) == ud)
    let legacy = try PagingBench(isLong: false)
    #expect(legacy.invpcid(1 << 32 | 2, 0) == .halted, "32 bits of the register")
  }

  /// "WRMSR to an MTRR" drops everything; to EFER and PAT, nothing.
  @Test func wrmsr() throws {
    let bench = try stale()
    #expect(bench.writeMSR(0xC000_0080, 0x501) == .halted)
    #expect(bench.writeMSR(0x277, 0) == .halted)
    #expect(pages(bench) == old)
    #expect(bench.writeMSR(0x2FF, 0x806) == .halted)
    #expect(pages(bench) == new)
  }

  /// INVLPG of an address that is not canonical is no operation.
  @Test func invlpg() throws {
    let bench = try stale()
    let count = bench.processor.translation.cache.count
    #expect(bench.run([0x0F, 0x01, 0x39], rax: 0, rcx: 1 << 47) == .halted)
    #expect(bench.processor.translation.cache.count == count)
    #expect(bench.run([0x0F, 0x01, 0x39], rax: 0, rcx: data) == .halted)
    #expect(pages(bench) == halfNew)
  }

  // MARK: "Determination of Access Rights"

  /// CR4.SMAP: a supervisor does not read or write user-mode addresses, unless EFLAGS.AC is 1.
  @Test func smap() throws {
    let bench = try PagingBench()
    bench.map(0, to: 0x40_0000)
    #expect(bench.moveToCR(4, 0x20 | Bit.smap) == .halted)
    #expect(bench.load(data) == nil)
    #expect(bench.lastFault == pageFault(1))
    #expect(bench.processor.state.pointee.cr2 == data)
    #expect(bench.store(data) == pageFault(3))
    #expect(bench.entry(0) & 0x60 == 0, "no flag is set by what is not permitted")
    let (stac, clac): ([UInt8], [UInt8]) = ([0x0F, 0x01, 0xCB], [0x0F, 0x01, 0xCA])
    #expect(bench.run(stac + [0x89, 0x19], rax: 0, rcx: data) == .halted)
    #expect(bench.processor.state.pointee.rflags & 1 << 18 != 0)
    #expect(bench.load(data) != nil)
    #expect(bench.run([0x8B, 0x19] + clac + [0x8B, 0x19], rax: 0, rcx: data) == pageFault(1))
    // PUSH RDX; POPF; MOV EBX, [RCX]
    #expect(bench.run([0x52, 0x9D, 0x8B, 0x19], rax: 0, rcx: data, rdx: 1 << 18) == .halted)
    // An LDT there: reading a descriptor is an implicit access, which AC does not let through.
    bench.put(0x820, 0x8200_0000_0FFF | data << 16)
    let lldt: [UInt8] = [0xB8, 0x20, 0, 0, 0, 0x0F, 0x00, 0xD0]
    let loadES: [UInt8] = [0xB8, 4, 0, 0, 0, 0x8E, 0xC0]
    bench.processor.state.pointee.cr2 = 0
    #expect(bench.run(lldt + stac + [0x8B, 0x19] + loadES, rax: 0, rcx: data) == pageFault(1))
    #expect(bench.processor.state.pointee.cr2 == data)
  }

  /// STAC and CLAC: #UD without the feature, and with LOCK.
  @Test func stacFaults() throws {
    for byte: UInt8 in [0xCA, 0xCB] {
      #expect(try PagingBench("corei7_haswell_4770").run([0x0F, 0x01, byte]) == ud)
      #expect(try PagingBench().run([0xF0, 0x0F, 0x01, byte]) == ud)
      #expect(try PagingBench().run([0x66, 0x0F, 0x01, byte]) == ud)
      #expect(try PagingBench().run([0x0F, 0x01, byte]) == .halted)
    }
  }

  /// CR4.SMEP: a supervisor does not fetch from user-mode addresses; I/D is reported without NXE too.
  @Test func smep() throws {
    let bench = try PagingBench()
    bench.map(0, to: 0x40_0000)
    bench.map(1, to: 0x40_0000, Bit.supervisor)
    bench.put(0x40_0000, 0xF4)
    #expect(bench.writeMSR(0xC000_0080, 0x500) == .halted)
    // JMP RCX
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: data) == .halted)
    #expect(bench.moveToCR(4, 0x20 | Bit.smep) == .halted)
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: data) == pageFault(0x11))
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: data + 0x1000) == .halted)
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: data + 0x2000) == pageFault(0x10))
    #expect(bench.load(data) != nil, "reads are not SMEP's")
  }

  /// "Protection Keys", of user-mode addresses.
  @Test func userKeys() throws {
    let bench = try PagingBench()
    bench.map(0, to: 0x40_0000, 7 | 3 << 59)
    bench.map(1, to: 0x40_1000, Bit.supervisor | 3 << 59)
    // RDPKRU
    #expect(bench.run([0x0F, 0x01, 0xEE], rax: 0) == ud)
    #expect(bench.writeKeys(0) == ud)
    #expect(bench.moveToCR(4, 0x20 | Bit.pke) == .halted)
    #expect(bench.writeKeys(0, rcx: 1) == gp)
    #expect(bench.writeKeys(0, rdx: 1) == gp)
    #expect(bench.run([0x0F, 0x01, 0xEE], rax: 0, rcx: 1) == gp)
    #expect(bench.store(data) == .halted, "key 3 forbids nothing yet, and is cached")
    #expect(bench.writeKeys(1 << 6) == .halted)
    #expect(bench.run([0x0F, 0x01, 0xEE], rax: .max, rcx: 0, rdx: .max) == .halted)
    #expect((bench[.rax], bench[.rdx]) == (1 << 6, 0))
    #expect(bench.load(data) == nil)
    #expect(bench.lastFault == pageFault(0x21))
    #expect(bench.store(data) == pageFault(0x23))
    #expect(bench.load(data + 0x1000) != nil, "a supervisor-mode address")
    #expect(bench.writeKeys(1 << 7) == .halted)
    #expect(bench.load(data) != nil)
    #expect(bench.store(data) == pageFault(0x23))
    #expect(bench.moveToCR(0, 0x8000_0031) == .halted)
    #expect(bench.store(data) == .halted, "a supervisor without WP")
    // CPUID leaf 7: OSPKE
    #expect(bench.run([0x0F, 0xA2], rax: 7) == .halted)
    #expect(bench[.rcx] & 0x18 == 0x18)
    #expect(bench.moveToCR(4, 0x20) == .halted)
    #expect(bench.run([0x0F, 0xA2], rax: 7) == .halted)
    #expect(bench[.rcx] & 0x18 == 0x08)
  }

  /// "XSAVE-Managed State": PKRU is component 9, at the place that CPUID says, or packed in a compacted area.
  @Test func keysInASaveArea() throws {
    let bench = try PagingBench()
    let keys = { bench.processor.state.pointee.userKeys }
    let area: UInt64 = 0x1_2000
    #expect(bench.moveToCR(4, 0x20 | Bit.pke | 1 << 18) == .halted)
    let (xsetbv, xsave, xrstor, xsavec): ([UInt8], [UInt8], [UInt8], [UInt8]) = (
      [0x0F, 0x01, 0xD1], [0x0F, 0xAE, 0x21], [0x0F, 0xAE, 0x29], [0x0F, 0xC7, 0x21]
    )
    #expect(bench.run(xsetbv, rax: 0x201) == .halted)
    #expect(bench.run(xsetbv, rax: 0x401) == gp)
    #expect(bench.run([0x0F, 0xA2], rax: 0xD) == .halted)
    let offset: UInt64 = 0xA80
    #expect((bench[.rax], bench[.rbx], bench[.rcx]) == (0x203, offset + 8, offset + 8))
    #expect(bench.run([0x0F, 0xA2], rax: 0xD, rcx: 1) == .halted)
    #expect(bench[.rbx] == 576 + 8)
    #expect(bench.run([0x0F, 0xA2], rax: 0xD, rcx: 9) == .halted)
    #expect((bench[.rax], bench[.rbx]) == (8, offset))

    #expect(bench.writeKeys(0x5A) == .halted)
    bench.put(area + offset, .max)
    #expect(bench.run(xsave, rax: 0x200, rcx: area) == .halted)
    #expect((bench.get(area + 512), bench.get(area + offset)) == (0x200, 0x5A))
    #expect(bench.writeKeys(1) == .halted)
    #expect(bench.run(xrstor, rax: 0x1, rcx: area) == .halted)
    #expect(keys() == 1, "not asked for")
    #expect(bench.run(xrstor, rax: 0x200, rcx: area) == .halted)
    #expect(keys() == 0x5A)
    bench.put(area + 512, 0)
    #expect(bench.run(xrstor, rax: 0x200, rcx: area) == .halted)
    #expect(keys() == 0, "its initial value")

    #expect(bench.writeKeys(7) == .halted)
    #expect(bench.run(xsavec, rax: 0x200, rcx: area) == .halted)
    #expect((bench.get(area + 520), bench.get(area + 576)) == (1 << 63 | 0x200, 7))
    #expect(bench.writeKeys(0) == .halted)
    #expect(bench.run(xrstor, rax: 0x200, rcx: area) == .halted)
    #expect(keys() == 7)
  }

  /// "Protection Keys", of supervisor-mode addresses: IA32_PKRS.
  @Test func supervisorKeys() throws {
    let bench = try PagingBench()
    bench.map(0, to: 0x40_0000, 7 | 5 << 59)
    bench.map(1, to: 0x40_1000, Bit.supervisor | 5 << 59)
    #expect(bench.store(data + 0x1000) == .halted)
    #expect(bench.writeMSR(0x6E1, 1 << 10) == .halted)
    #expect(bench.writeMSR(0x6E1, 1 << 32) == gp)
    #expect(bench.load(data + 0x1000) != nil, "CR4.PKS is 0")
    #expect(bench.moveToCR(4, 0x20 | Bit.pks) == .halted)
    #expect(bench.load(data + 0x1000) == nil)
    #expect(bench.lastFault == pageFault(0x21))
    #expect(bench.load(data) != nil, "a user-mode address")
    #expect(bench.writeMSR(0x6E1, 0) == .halted)
    #expect(bench.load(data + 0x1000) != nil)
    #expect(try PagingBench("corei7_icelake_u").writeMSR(0x6E1, 0) == gp)
  }

  /// NX is reserved without EFER.NXE, and 1-GByte pages without their feature.
  @Test func reservedBitsByModel() throws {
    let bench = try PagingBench()
    bench.map(0, to: 0x40_0000, 7 | Bit.execute)
    #expect(bench.load(data) != nil)
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: data) == pageFault(0x11))
    #expect(bench.load(data) != nil)
    #expect(bench.writeMSR(0xC000_0080, 0x500) == .halted)
    #expect(bench.load(data) != nil, "cached")
    #expect(bench.moveToCR(3, 0x1000) == .halted)
    #expect(bench.load(data) == nil)
    #expect(bench.lastFault == pageFault(9))
    for (name, expected): (String, PagingBench.End) in [("max", .halted), ("core2_penryn_t9600", pageFault(9))] {
      let bench = try PagingBench(name)
      bench.put(0x2008, 0x83)
      #expect((bench.load(0x4000_0000) != nil) == (expected == .halted))
      #expect(bench.lastFault == expected, "\(name)")
      bench.map(0, to: 1 << 37)
      #expect((bench.load(data) != nil) == (name == "max"), "MAXPHYADDR of \(name)")
    }
  }

  /// Accesses to a stack are those of its privilege level, implicit ones to the GDT a supervisor's: RETF at CPL 3 to CPL 3
  /// reads the stack as a user (SDM Vol. 3, "Access Rights").
  @Test func farReturnsOfAUserReadAsAUser() throws {
    let bench = try PagingBench()
    // Page 0 is the user's code, RETFQ; page 1 his stack; page 2 a supervisor's.
    bench.map(0, to: 0x40_0000)
    bench.map(1, to: 0x40_1000)
    bench.map(2, to: 0x40_2000, Bit.supervisor)
    bench.put(0x40_0000, 0xF4CB_48)
    bench.put(0x818, 0x00AF_FB00_0000_FFFF)
    bench.put(0x820, 0x00CF_F300_0000_FFFF)
    for page: UInt64 in [0x40_1000, 0x40_2000] {
      bench.put(page, data + 2)
      bench.put(page + 8, 0x1B)
    }
    // A TSS with a stack for the faults.
    bench.processor.state.pointee.tr = SegmentRegister(
      base: 0xE000, limit: 0x67, attributes: 0x8B, selector: 0, reserved: (0, 0, 0))
    bench.put(0xE004, 0x8000)
    for (stack, expected): (UInt64, PagingBench.End) in [(1, gp), (2, pageFault(5))] {
      // PUSH 23h; PUSH RCX; PUSH 1Bh; PUSH RAX; RETFQ
      let program: [UInt8] = [0x6A, 0x23, 0x51, 0x6A, 0x1B, 0x50, 0x48, 0xCB]
      #expect(bench.run(program, rax: data, rcx: data + stack << 12) == expected, "page \(stack)")
      let isAtHLT = stack == 1
      // Behind the error code: RIP of the fault, the user's HLT or his RETFQ.
      #expect(bench.get(bench[.rsp] + 8) == data + (isAtHLT ? 2 : 0))
    }
  }

  // MARK: "PAE Paging"

  /// A bench in PAE paging: the first 2 MiB lie at 0, and 2 MiB of 40_0000h at 4000_0000h.
  private func pae() throws -> PagingBench {
    let bench = try PagingBench(isLong: false)
    bench.put(0x6000, 0x7001)
    bench.put(0x6008, 0xB001)
    bench.put(0x7000, 0x83)
    bench.put(0xB000, 0x40_0083)
    bench.put(0x40_0000, 0x1234)
    #expect(bench.moveToCR(4, 0x20) == .halted)
    #expect(bench.moveToCR(3, 0x6000) == .halted)
    #expect(bench.moveToCR(0, 0x8000_0011) == .halted)
    return bench
  }

  /// "PDPTE Registers": walks use the registers, which MOV to CR3, and MOV to CR0 and CR4 that change certain bits, load.
  @Test func pointersAreRegisters() throws {
    let bench = try pae()
    #expect(bench.load(0x4000_0000) == 0x1234)
    let reloads: [(UInt8, UInt64)] = [(3, 0x6000), (4, 0xA0), (4, 0x20), (4, 0x30), (0, 0xC000_0011), (0, 0x8000_0011)]
    for (number, value) in reloads {
      bench.put(0x6008, 0xB001)
      #expect(bench.moveToCR(3, 0x6000) == .halted)
      bench.put(0x6008, 0)
      // INVLPG [ECX]
      #expect(bench.run([0x0F, 0x01, 0x39], rax: 0, rcx: 0x4000_0000) == .halted)
      #expect(bench.load(0x4000_0000) == 0x1234, "memory is not read again")
      #expect(bench.moveToCR(number, value) == .halted)
      _ = bench.run([0x0F, 0x01, 0x39], rax: 0, rcx: 0x4000_0000)
      #expect(bench.load(0x4000_0000) == nil, "CR\(number) = \(value)")
      #expect(bench.lastFault == pageFault(0))
    }
    bench.put(0x6008, 0xB001)
    #expect(bench.moveToCR(4, 0x38) == .halted, "DE")
    #expect(bench.load(0x4000_0000) == nil, "a bit that does not load them")
  }

  /// "PDPTE Registers": reserved bits of one that is present are #GP(0), and nothing changes.
  @Test(arguments: [1, 2, 5, 6, 7, 8, 40, 51, 52, 63] as [UInt64])
  func reservedBitsOfPointers(_ bit: UInt64) throws {
    let bench = try pae()
    let state = bench.processor.state
    let before = (state.pointee.cr0, state.pointee.cr3, state.pointee.cr4)
    bench.put(0x6010, 1 | 1 << bit)
    for (number, value): (UInt8, UInt64) in [(3, 0x6000), (4, 0xA0), (0, 0xC000_0011)] {
      #expect(bench.moveToCR(number, value) == gp, "CR\(number)")
    }
    #expect(before == (state.pointee.cr0, state.pointee.cr3, state.pointee.cr4))
    #expect(bench.load(0x4000_0000) == 0x1234)
    bench.put(0x6010, 1 << bit & ~1)
    #expect(bench.moveToCR(3, 0x6000) == .halted, "one that is not present has none")
  }

  // MARK: 5-level paging

  @Test func fiveLevels() throws {
    let bench = try PagingBench(isLong: false)
    // A PML5 whose entry 0 is the tables that there are, and 80h a GByte at 0.
    bench.put(0x1_C000, PagingBench.pml4 | 7)
    bench.put(0x1_C000 + 0x80 * 8, 0x1_D007)
    bench.put(0x1_D000, 0x1_E007)
    bench.put(0x1_E000, 0x87)
    bench.put(0x40_0008, 0x5678)
    let high: UInt64 = 0x0080_0000_0000_0000
    let program: [UInt8] = [
      0xB8, 0x20, 0x10, 0, 0, 0x0F, 0x22, 0xE0,  // MOV CR4, PAE and LA57
      0xB8, 0x00, 0xC0, 1, 0, 0x0F, 0x22, 0xD8,  // MOV CR3, 1C000h
      0xB9, 0x80, 0, 0, 0xC0, 0x31, 0xD2, 0xB8, 0, 1, 0, 0, 0x0F, 0x30,  // WRMSR EFER, LME
      0xB8, 0x11, 0, 0, 0x80, 0x0F, 0x22, 0xC0,  // MOV CR0, PG
      0xEA, 0x2D, 0, 1, 0, 8, 0,  // JMP 8:1002Dh
    ]
    #expect(bench.run(program) == .halted)
    bench.setGates(isLong: true)
    #expect(bench.load(high + 0x40_0008) == 0x5678)
    #expect(bench.get(0x1_C000 + 0x80 * 8) & 0x20 != 0, "the PML5E's accessed flag")
    #expect(bench.load(1 << 56) == nil)
    #expect(bench.lastFault == gp, "not canonical by 57 bits")
    #expect(bench.load(0x0100_0000_0000_0000 - 8) == nil)
    #expect(bench.lastFault == pageFault(0))
    #expect(bench.moveToCR(4, 0x20) == gp, "LA57 in IA-32e mode")
    // A target of 57 bits: JMP RCX.
    bench.put(0x40_0010, 0xF4)
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: high + 0x40_0010) == .halted)
    #expect(bench.processor.state.pointee.rip == high + 0x40_0011)
    #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: 1 << 56) == gp)
  }

  /// Bases are checked by what the processor supports, in 4-level paging too; targets by the paging mode.
  @Test func widthOfBases() throws {
    for (name, expected): (String, PagingBench.End) in [("max", .halted), ("corei7_icelake_u", gp)] {
      let bench = try PagingBench(name)
      for index: UInt32 in [0xC000_0100, 0xC000_0082, 0x175] {
        #expect(bench.writeMSR(index, 1 << 55) == expected, "\(name)")
        #expect(bench.writeMSR(index, 1 << 56) == gp)
      }
      #expect(bench.run([0xFF, 0xE1], rax: 0, rcx: 1 << 55) == gp)
      #expect(bench.load(1 << 55) == nil)
      #expect(bench.lastFault == gp)
      #expect(bench.run([0x0F, 0xA2], rax: 0x8000_0008) == .halted)
      #expect(bench[.rax] >> 8 & 0xFF == (name == "max" ? 57 : 48))
    }
  }
}
