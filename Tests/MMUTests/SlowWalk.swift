import EPTTLB
import MMU

/// Paging once more, slowly, entry by entry as the manual's tables have it (SDM Vol. 3, "32-Bit Paging", "PAE Paging",
/// "4-Level Paging and 5-Level Paging"), over a memory that is an array of words and all ones beyond it.
struct SlowWalk {
  /// A structure entry by the manual's bit numbers.
  struct Entry {
    var value: UInt64
    var address: UInt64

    func bit(_ number: UInt64) -> Bool { value >> number & 1 == 1 }
    /// Bits `high` down to `low`, in their place; none when they are in the wrong order.
    func bits(_ high: UInt64, _ low: UInt64) -> UInt64 { value & SlowWalk.ones(high, low) }
    var isPresent: Bool { bit(0) }
    var isWritable: Bool { bit(1) }
    var isUser: Bool { bit(2) }
    var isLarge: Bool { bit(7) }
    var isExecuteDisabled: Bool { bit(63) }
  }

  /// A translation.
  struct Page: Equatable {
    var frame: UInt64
    var bits: UInt8
    var isWritable: Bool
    var isUser: Bool
    var isExecutable: Bool
    var isDirty: Bool
    var isGlobal: Bool
    var key: UInt8
    /// PAT, PCD, PWT.
    var typeIndex: UInt8
  }

  /// What came of it: a page, or an error code.
  enum Outcome: Equatable {
    case page(Page)
    case fault(UInt32)
  }

  let access: Access
  let controls: PagingControls
  let sideEffects: Bool
  private(set) var outcome = Outcome.fault(0)
  /// Every entry that was read, with its flags after the walk.
  private(set) var read: [Entry] = []
  /// Of these, those that lead to another table and may be cached: their accessed flags are set (TLB rule C2).
  private(set) var tables = 0

  init(
    _ address: UInt64, _ access: Access, _ controls: PagingControls, _ words: inout [UInt32], sideEffects: Bool
  ) {
    self.access = access
    self.controls = controls
    self.sideEffects = sideEffects
    read.reserveCapacity(5)
    switch controls.mode {
    case .none: break
    case .twoLevel: walk32(address, &words)
    case .pae: walkPAE(address, &words)
    case .fourLevel: walkFromPML4(address, controls.root, &words)
    case .fiveLevel:
      // PML5E: bit 7 is reserved.
      let pml5e = fetch64(controls.root, address >> 48 & 511, words)
      guard check(pml5e, reserved: above | SlowWalk.ones(7, 7)) else { return }
      pass(&words)
      walkFromPML4(address, pml5e.bits(51, 12), &words)
    }
  }

  /// Ones from one bit down to another; none when they are in the wrong order.
  static func ones(_ high: UInt64, _ low: UInt64) -> UInt64 {
    guard high >= low else { return 0 }
    return ~0 >> (63 - high) & ~0 << low
  }

  /// MAXPHYADDR.
  private var width: UInt64 { UInt64(controls.physicalBits) }

  /// Bits 51:MAXPHYADDR, and bit 63 without NXE.
  private var above: UInt64 {
    SlowWalk.ones(51, width) | (controls.executeDisable ? 0 : SlowWalk.ones(63, 63))
  }

  // MARK: Modes

  /// "32-Bit Paging": PDE, PTE; with CR4.PSE a PDE with bit 7 maps 4 MBytes, and its bits 20:13 are 39:32 of the frame.
  private mutating func walk32(_ address: UInt64, _ words: inout [UInt32]) {
    let pde = fetch32(controls.root, address >> 22 & 1023, words)
    if pde.isLarge && controls.pageSizeExtensions {
      let width = min(self.width, 40)
      guard check(pde, reserved: SlowWalk.ones(21, width - 19)) else { return }
      finish(pde.bits(31, 22) | pde.bits(20, 13) << 19, 22, pat: 12, &words)
      return
    }
    guard check(pde, reserved: 0) else { return }
    pass(&words)
    let pte = fetch32(pde.bits(31, 12), address >> 12 & 1023, words)
    guard check(pte, reserved: 0) else { return }
    finish(pte.bits(31, 12), 12, pat: 7, &words)
  }

  /// "PAE Paging": a PDPTE register, PDE, PTE; their bits 62:MAXPHYADDR are reserved.
  private mutating func walkPAE(_ address: UInt64, _ words: inout [UInt32]) {
    let register = Entry(value: controls.pointers[Int(address >> 30 & 3)], address: 0)
    guard register.isPresent else {
      outcome = .fault(code(isPresent: false, isReserved: false))
      return
    }
    let above = self.above | SlowWalk.ones(62, width)
    let pde = fetch64(register.bits(51, 12), address >> 21 & 511, words)
    if pde.isLarge {
      guard check(pde, reserved: above | SlowWalk.ones(20, 13)) else { return }
      finish(pde.bits(51, 21), 21, pat: 12, &words)
      return
    }
    guard check(pde, reserved: above) else { return }
    pass(&words)
    let pte = fetch64(pde.bits(51, 12), address >> 12 & 511, words)
    guard check(pte, reserved: above) else { return }
    finish(pte.bits(51, 12), 12, pat: 7, &words)
  }

  /// "4-Level Paging and 5-Level Paging", from the PML4 on.
  private mutating func walkFromPML4(_ address: UInt64, _ pml4: UInt64, _ words: inout [UInt32]) {
    // PML4E: bit 7 is reserved.
    let pml4e = fetch64(pml4, address >> 39 & 511, words)
    guard check(pml4e, reserved: above | SlowWalk.ones(7, 7)) else { return }
    pass(&words)

    // PDPTE: with bit 7 it maps 1 GByte, and bits 29:13 are reserved; without such pages bit 7 is.
    let pdpte = fetch64(pml4e.bits(51, 12), address >> 30 & 511, words)
    if pdpte.isLarge && controls.gigabytePages {
      guard check(pdpte, reserved: above | SlowWalk.ones(29, 13)) else { return }
      finish(pdpte.bits(51, 30), 30, pat: 12, &words)
      return
    }
    guard check(pdpte, reserved: above | SlowWalk.ones(7, 7)) else { return }
    pass(&words)

    // PDE: with bit 7 it maps 2 MBytes, and bits 20:13 are reserved.
    let pde = fetch64(pdpte.bits(51, 12), address >> 21 & 511, words)
    if pde.isLarge {
      guard check(pde, reserved: above | SlowWalk.ones(20, 13)) else { return }
      finish(pde.bits(51, 21), 21, pat: 12, &words)
      return
    }
    guard check(pde, reserved: above) else { return }
    pass(&words)

    // PTE: it maps 4 KBytes.
    let pte = fetch64(pde.bits(51, 12), address >> 12 & 511, words)
    guard check(pte, reserved: above) else { return }
    finish(pte.bits(51, 12), 12, pat: 7, &words)
  }

  // MARK: Entries

  private func word(_ address: UInt64, _ words: [UInt32]) -> UInt64 {
    address / 4 < words.count ? UInt64(words[Int(address / 4)]) : 0xFFFF_FFFF
  }

  private mutating func fetch32(_ table: UInt64, _ index: UInt64, _ words: [UInt32]) -> Entry {
    let address = table + index * 4
    read.append(Entry(value: word(address, words), address: address))
    return read[read.count - 1]
  }

  private mutating func fetch64(_ table: UInt64, _ index: UInt64, _ words: [UInt32]) -> Entry {
    let address = table + index * 8
    read.append(Entry(value: word(address + 4, words) << 32 | word(address, words), address: address))
    return read[read.count - 1]
  }

  /// Whether an entry is present and sets no reserved bit; otherwise the outcome is the fault.
  private mutating func check(_ entry: Entry, reserved: UInt64) -> Bool {
    if !entry.isPresent {
      outcome = .fault(code(isPresent: false, isReserved: false))
    } else if entry.value & reserved != 0 {
      outcome = .fault(code(isPresent: true, isReserved: true))
    } else {
      return true
    }
    return false
  }

  /// The last entry leads on.
  private mutating func pass(_ words: inout [UInt32]) {
    if read[read.count - 1].bit(5), tables == read.count - 1 { tables += 1 }
  }

  /// Sets flags in an entry.
  private mutating func set(_ flags: UInt32, at index: Int, _ words: inout [UInt32]) {
    guard sideEffects else { return }
    read[index].value |= UInt64(flags)
    let address = read[index].address
    if address / 4 < words.count { words[Int(address / 4)] |= flags }
  }

  // MARK: Rights

  /// The last entry maps a page.
  private mutating func finish(_ frame: UInt64, _ bits: UInt8, pat: UInt64, _ words: inout [UInt32]) {
    let isUserAddress = read.allSatisfy(\.isUser)
    let isWritable = read.allSatisfy(\.isWritable)
    let isExecutable = !read.contains(where: \.isExecuteDisabled)
    var leaf = read[read.count - 1]
    let isLong = controls.mode == .fourLevel || controls.mode == .fiveLevel
    let key = isLong ? UInt8(leaf.bits(62, 59) >> 59) : 0
    guard isPermitted(isUserAddress, isWritable, isExecutable, key) else {
      let fault = code(isPresent: true, isReserved: false)
      outcome = .fault(isKeyViolated(isUserAddress, key) ? fault + 32 : fault)
      return
    }
    // "Accessed and Dirty Flags": accessed in all that was used, dirty in the entry that maps the page, by a write.
    for index in read.indices { set(1 << 5, at: index, &words) }
    if access.isWrite { set(1 << 6, at: read.count - 1, &words) }
    if sideEffects { tables = read.count - 1 }
    leaf = read[read.count - 1]
    let index = (leaf.bit(pat) ? 4 : 0) + (leaf.bit(4) ? 2 : 0) + (leaf.bit(3) ? 1 : 0)
    outcome = .page(
      Page(
        frame: frame, bits: bits, isWritable: isWritable, isUser: isUserAddress, isExecutable: isExecutable,
        isDirty: leaf.bit(6), isGlobal: controls.globalPages && leaf.bit(8), key: key, typeIndex: UInt8(index)))
  }

  /// "Determination of Access Rights", case by case.
  private func isPermitted(_ isUserAddress: Bool, _ isWritable: Bool, _ isExecutable: Bool, _ key: UInt8) -> Bool {
    let keyAllows = !isKeyViolated(isUserAddress, key)
    let passesSMAP = !controls.supervisorAccessPrevention || controls.alignmentCheck && !access.isImplicit
    switch (access.isUser, access.isFetch, access.isWrite) {
    case (false, false, false):
      return isUserAddress ? passesSMAP && keyAllows : keyAllows
    case (false, false, true):
      let mayWrite = !controls.writeProtect || isWritable
      return isUserAddress ? mayWrite && passesSMAP && keyAllows : mayWrite && keyAllows
    case (false, true, _):
      if isUserAddress && controls.supervisorExecutionPrevention { return false }
      return !controls.executeDisable || isExecutable
    case (true, false, false): return isUserAddress && keyAllows
    case (true, false, true): return isUserAddress && isWritable && keyAllows
    case (true, true, _): return isUserAddress && (!controls.executeDisable || isExecutable)
    }
  }

  /// "Protection Keys": bit 2i of the register is ADi, bit 2i + 1 WDi; instruction fetches are not looked at.
  private func isKeyViolated(_ isUserAddress: Bool, _ key: UInt8) -> Bool {
    let register = isUserAddress ? controls.userKeys : controls.supervisorKeys
    let accessDisable = register >> (UInt32(key) * 2) & 1 == 1
    let writeDisable = register >> (UInt32(key) * 2 + 1) & 1 == 1
    if access.isFetch { return false }
    if accessDisable { return true }
    return writeDisable && access.isWrite && (controls.writeProtect || access.isUser)
  }

  /// "Page-Fault Exceptions": P, W/R, U/S, RSVD and I/D, this one only with IA32_EFER.NXE or CR4.SMEP.
  private func code(isPresent: Bool, isReserved: Bool) -> UInt32 {
    var code: UInt32 = 0
    if isPresent { code += 1 }
    if access.isWrite { code += 2 }
    if access.isUser { code += 4 }
    if isReserved { code += 8 }
    if access.isFetch && (controls.executeDisable || controls.supervisorExecutionPrevention) { code += 16 }
    return code
  }
}
