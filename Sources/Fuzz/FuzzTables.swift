import Layout
import MMU

/// Where the machine's tables lie, and what is in them: sane for the most part, with one of each kind of thing that is not.
/// Nothing here changes; a case that writes into it has its pages put back.
enum FuzzTables {
  static let memory: UInt64 = 4 << 20
  static let gdt: UInt64 = 0x1000
  static let gdtLimit: UInt64 = 0xFF
  static let idt32: UInt64 = 0x2000
  static let idt64: UInt64 = 0x3000
  static let tss32: UInt64 = 0x4000
  static let tss64: UInt64 = 0x5000
  static let ldt: UInt64 = 0x6000
  static let otherTask: UInt64 = 0x7000
  static let otherTask16: UInt64 = 0x7800
  static let pml4: UInt64 = 0x8000
  static let pageDirectory: UInt64 = 0xC000
  static let pml5: UInt64 = 0xF000
  /// What PAE paging's CR3 points to.
  static let pointers: UInt64 = 0x800
  /// A HLT for each vector.
  static let handlers: UInt64 = 0xE000
  static let stack: UInt64 = 0x2_0000
  static let data: UInt64 = 0x3_0000
  static let code: UInt64 = 0x4_0000

  /// Selectors of the segments that cases begin with.
  enum Selector {
    static let code32: UInt16 = 0x08
    static let data32: UInt16 = 0x10
    static let code64: UInt16 = 0x18
    static let userCode32: UInt16 = 0x23
    static let userData32: UInt16 = 0x2B
    static let userCode64: UInt16 = 0x33
    static let code16: UInt16 = 0x38
    static let data16: UInt16 = 0x40
    static let userCode16: UInt16 = 0x4B
    static let userData16: UInt16 = 0x53
    static let task: UInt16 = 0x58
    static let ldt: UInt16 = 0x88
  }

  /// A code, data or system descriptor (SDM Vol. 3, "Segment Descriptors"); flags: G, D/B, L, AVL.
  static func descriptor(base: UInt64, limit: UInt64, access: UInt64, flags: UInt64) -> UInt64 {
    let low = limit & 0xFFFF | (base & 0xFF_FFFF) << 16 | access << 40
    return low | (limit >> 16 & 15) << 48 | flags << 52 | (base >> 24 & 0xFF) << 56
  }

  /// A gate (SDM Vol. 3, "Call Gates", "IDT Descriptors").
  static func gate(_ selector: UInt16, _ offset: UInt64, access: UInt64, count: UInt64 = 0) -> UInt64 {
    offset & 0xFFFF | UInt64(selector) << 16 | count << 32 | access << 40 | (offset >> 16 & 0xFFFF) << 48
  }

  static let descriptors: [UInt64] = [
    0,
    descriptor(base: 0, limit: 0xF_FFFF, access: 0x9B, flags: 0xC),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0x93, flags: 0xC),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0x9B, flags: 0xA),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0xFB, flags: 0xC),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0xF3, flags: 0xC),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0xFB, flags: 0xA),
    descriptor(base: code, limit: 0xFFFF, access: 0x9B, flags: 0),
    descriptor(base: data, limit: 0xFFFF, access: 0x93, flags: 0),
    descriptor(base: code, limit: 0xFFFF, access: 0xFB, flags: 0),
    descriptor(base: data, limit: 0xFFFF, access: 0xF3, flags: 0),
    descriptor(base: tss32, limit: 0x1FF, access: 0x8B, flags: 0), 0,
    // Conforming; expand-down; not present; read-only and small.
    descriptor(base: 0, limit: 0xF_FFFF, access: 0x9F, flags: 0xC),
    descriptor(base: 0, limit: 0x1FFF, access: 0xF7, flags: 0x4),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0x73, flags: 0xC),
    descriptor(base: data, limit: 0x7F, access: 0xF1, flags: 0),
    descriptor(base: ldt, limit: 0x3F, access: 0x82, flags: 0), 0,
    // Call gates of 32 and 64 bits, a task gate, two tasks.
    gate(Selector.code32, handlers + 0x80, access: 0xEC, count: 2), 0,
    gate(Selector.code64, handlers + 0x81, access: 0xEC), 0,
    gate(0xC0, 0, access: 0xE5),
    descriptor(base: otherTask, limit: 0x67, access: 0xE9, flags: 0),
    descriptor(base: otherTask16, limit: 0x2B, access: 0xE1, flags: 0),
    // Code that is only executed; data of DPL 1 and 2; what is no descriptor at all; a call gate of 16 bits.
    descriptor(base: 0, limit: 0xF_FFFF, access: 0xF9, flags: 0xC),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0xB3, flags: 0xC),
    descriptor(base: 0, limit: 0xF_FFFF, access: 0xD3, flags: 0xC),
    descriptor(base: 0, limit: 0, access: 0x88, flags: 0),
    gate(Selector.code16, 0x10, access: 0xE4, count: 1), 0,
  ]

  /// Fills a machine's memory.
  static func write(to memory: PhysicalMemory) {
    func put(_ value: UInt64, _ address: UInt64) { memory.write(PhysicalAddress(address), value) }
    func put32(_ value: UInt64, _ address: UInt64) {
      memory.write(PhysicalAddress(address), UInt32(truncatingIfNeeded: value))
    }
    // Something to read.
    var random = FuzzRandom(seed: 0xDA7A, case: 0)
    for address in stride(from: UInt64(0x1_0000), to: self.memory, by: 8) { put(random.next(), address) }
    for (index, descriptor) in descriptors.enumerated() { put(descriptor, gdt + UInt64(index) * 8) }
    for (index, descriptor) in [descriptors[1], descriptors[2], descriptors[4], descriptors[5], 0].enumerated() {
      put(descriptor, ldt + UInt64(index) * 8)
    }
    for vector in 0..<UInt64(256) {
      memory.write(PhysicalAddress(handlers + vector), UInt8(0xF4))
      put32(vector | handlers << 12, vector * 4)
      // INT n may reach odd vectors from CPL 3.
      let access: UInt64 = vector & 1 == 0 || vector < 32 && vector != 3 && vector != 4 ? 0x8E : 0xEF
      put(gate(Selector.code32, handlers + vector, access: access), idt32 + vector * 8)
      put(
        gate(Selector.code64, handlers + vector, access: access, count: vector & 15 == 8 ? 1 : 0), idt64 + vector * 16)
    }
    put(gate(0xC0, 0, access: 0xE5), idt32 + 0x41 * 8)
    put(gate(Selector.code16, 0x10, access: 0xE7), idt32 + 0x43 * 8)
    put(gate(Selector.code32, handlers, access: 0x6E), idt32 + 0x45 * 8)
    put(gate(Selector.code64, handlers, access: 0x6E), idt64 + 0x45 * 16)
    put(gate(Selector.userCode32, handlers, access: 0xEE), idt32 + 0x47 * 8)
    tasks(put, put32)
    pages(put, put32)
  }

  private static func tasks(_ put: (UInt64, UInt64) -> Void, _ put32: (UInt64, UInt64) -> Void) {
    let top = stack + 0xF000
    for (base, address) in [(tss32, code), (otherTask, handlers + 0x82)] {
      for (index, word) in [0, top, UInt64(Selector.data32), top, 0, top, 0, pageDirectory, address, 2].enumerated() {
        put32(word, base + UInt64(index) * 4)
      }
      put32(top, base + 0x38)
      let segments = [Selector.data32, Selector.code32, Selector.data32, Selector.data32, 0, 0, Selector.ldt]
      for (index, selector) in segments.enumerated() { put32(UInt64(selector), base + 0x48 + UInt64(index) * 4) }
      put32(0x68 << 16, base + 0x64)
    }
    // The ports that CPL 3 may use: every other eight.
    for port in stride(from: UInt64(0), to: 0x180, by: 2) { put32(0xFF00_FF00, tss32 + 0x68 + port) }
    for level in 0..<UInt64(10) { put(top - level * 0x100, tss64 + 4 + level * 8) }
    put32(0x68 << 16, tss64 + 0x64)
  }

  /// The first 2 MiB by pages of 4 KiB, of which a few have fewer rights; the rest by one large page.
  private static func pages(_ put: (UInt64, UInt64) -> Void, _ put32: (UInt64, UInt64) -> Void) {
    for entry: UInt64 in [0, 511] { put(pml4 | 7, pml5 + entry * 8) }
    for entry: UInt64 in [0, 3] { put(pml4 + 0x2000 | 1, pointers + entry * 8) }
    for entry: UInt64 in [0, 256, 511] { put(pml4 + 0x1000 | 7, pml4 + entry * 8) }
    put(pml4 + 0x2000 | 7, pml4 + 0x1000)
    put(0x87, pml4 + 0x1008)
    put(pml4 + 0x2000 | 7, pml4 + 0x1000 + 511 * 8)
    put(pml4 + 0x3000 | 7, pml4 + 0x2000)
    put(2 << 20 | 0x87, pml4 + 0x2008)
    put(pml4 + 0x3000 | 7, pml4 + 0x2000 + 511 * 8)
    put32(pageDirectory + 0x1000 | 7, pageDirectory)
    put32(0x87, pageDirectory + 4)
    put32(pageDirectory + 0x1000 | 7, pageDirectory + 1023 * 4)
    for page in 0..<UInt64(512) {
      // Accessed and dirty, but for every eighth.
      var entry = page << 12 | (page & 7 == 5 ? 7 : 0x67)
      switch page {
      case 0..<16: entry &= ~4
      case 0x3C: entry &= ~4
      case 0x3D: entry &= ~2
      case 0x3E: entry |= 1 << 51
      case 0x3F: entry &= ~1
      default: break
      }
      put(page == 0x3B ? entry | 1 << 63 : entry, pml4 + 0x3000 + page * 8)
      put32(entry, pageDirectory + 0x1000 + page * 4)
      put32((page + 512) << 12 | 7, pageDirectory + 0x1000 + (page + 512) * 4)
    }
  }
}
