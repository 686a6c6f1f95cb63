import EPTTLB
import MMU

/// 4-level paging once more, slowly, entry by entry as the manual's tables have it (SDM Vol. 3, "4-Level Paging and
/// 5-Level Paging"), over a memory that is an array of words and all ones beyond it.
struct SlowWalk {
  /// A structure entry by the manual's bit numbers.
  struct Entry {
    var value: UInt64
    var address: UInt64

    func bit(_ number: UInt64) -> Bool { value & 1 << number != 0 }
    /// Bits `high` down to `low`, in their place.
    func bits(_ high: UInt64, _ low: UInt64) -> UInt64 {
      var sum: UInt64 = 0
      for number in low...high where bit(number) { sum += 1 << number }
      return sum
    }
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
  }

  /// What came of it: a page, or an error code.
  enum Outcome: Equatable {
    case page(Page)
    case fault(UInt32)
  }

  let access: Access
  let controls: PagingControls
  private(set) var outcome = Outcome.fault(0)
  /// Every entry that was read, with its flags after the walk.
  private(set) var read: [Entry] = []
  /// Of these, those that lead to another table.
  private(set) var tables = 0

  init(
    _ address: UInt64, _ access: Access, _ controls: PagingControls, _ words: inout [UInt64], sideEffects: Bool
  ) {
    self.access = access
    self.controls = controls
    let index = (address >> 39 & 511, address >> 30 & 511, address >> 21 & 511, address >> 12 & 511)

    // PML4E: bit 7 is reserved.
    guard let pml4e = fetch(controls.root, index.0, reserved: [7], words) else { return }
    pass(pml4e, &words, sideEffects)

    // PDPTE: with bit 7 it maps 1 GByte, and bits 29:13 are reserved.
    guard let pdpte = fetch(pml4e.bits(51, 12), index.1, reservedIfLarge: Array(13...29), words) else { return }
    if pdpte.isLarge {
      finish([pml4e, pdpte], pdpte.bits(51, 30), 30, &words, sideEffects)
      return
    }
    pass(pdpte, &words, sideEffects)

    // PDE: with bit 7 it maps 2 MBytes, and bits 20:13 are reserved.
    guard let pde = fetch(pdpte.bits(51, 12), index.2, reservedIfLarge: Array(13...20), words) else { return }
    if pde.isLarge {
      finish([pml4e, pdpte, pde], pde.bits(51, 21), 21, &words, sideEffects)
      return
    }
    pass(pde, &words, sideEffects)

    // PTE: it maps 4 KBytes; bit 7 is PAT.
    guard let pte = fetch(pde.bits(51, 12), index.3, words) else { return }
    finish([pml4e, pdpte, pde, pte], pte.bits(51, 12), 12, &words, sideEffects)
  }

  /// Reads an entry; nil, with the outcome set, when it is not present or sets a reserved bit.
  private mutating func fetch(
    _ table: UInt64, _ index: UInt64, reserved: [UInt64] = [], reservedIfLarge: [UInt64] = [], _ words: [UInt64]
  ) -> Entry? {
    let address = table + index * 8
    let entry = Entry(value: address / 8 < words.count ? words[Int(address / 8)] : ~0, address: address)
    read.append(entry)
    guard entry.isPresent else {
      outcome = .fault(code(isPresent: false, isReserved: false))
      return nil
    }
    var mustBeZero = reserved + (entry.isLarge ? reservedIfLarge : [])
    mustBeZero += (0...51).filter { $0 >= UInt64(controls.physicalBits) }
    if !controls.executeDisable { mustBeZero.append(63) }
    guard !mustBeZero.contains(where: { entry.bit($0) }) else {
      outcome = .fault(code(isPresent: true, isReserved: true))
      return nil
    }
    return entry
  }

  /// An entry that leads on: its flag is set when the walk succeeds (`finish`). Until then only a run of entries whose flag
  /// is set already may be cached (TLB rule C2).
  private mutating func pass(_ entry: Entry, _ words: inout [UInt64], _ sideEffects: Bool) {
    if entry.bit(5), tables == read.count - 1 { tables += 1 }
  }

  private mutating func set(_ index: Int, _ flags: UInt64, _ words: inout [UInt64]) {
    read[index].value |= flags
    let address = read[index].address
    if address / 8 < words.count { words[Int(address / 8)] |= flags }
  }

  /// SDM Vol. 3, "Determination of Access Rights", without SMEP, SMAP and protection keys.
  private mutating func finish(
    _ path: [Entry], _ frame: UInt64, _ bits: UInt8, _ words: inout [UInt64], _ sideEffects: Bool
  ) {
    let isUserAddress = path.allSatisfy(\.isUser)
    let isWritable = path.allSatisfy(\.isWritable)
    let isExecutable = !path.contains(where: \.isExecuteDisabled)
    let isPermitted: Bool
    switch (access.isUser, access.isFetch, access.isWrite) {
    case (false, true, _): isPermitted = !controls.executeDisable || isExecutable
    case (false, false, true): isPermitted = !controls.writeProtect || isWritable
    case (false, false, false): isPermitted = true
    case (true, true, _): isPermitted = isUserAddress && (!controls.executeDisable || isExecutable)
    case (true, false, true): isPermitted = isUserAddress && isWritable
    case (true, false, false): isPermitted = isUserAddress
    }
    guard isPermitted, let leaf = path.last else {
      outcome = .fault(code(isPresent: true, isReserved: false))
      return
    }
    // SDM Vol. 3, "Accessed and Dirty Flags": accessed in every entry, dirty in the leaf by a write.
    tables = read.count - 1
    if sideEffects {
      for index in read.indices { set(index, 1 << 5, &words) }
      if access.isWrite { set(read.count - 1, 1 << 6, &words) }
    }
    outcome = .page(
      Page(
        frame: frame, bits: bits, isWritable: isWritable, isUser: isUserAddress, isExecutable: isExecutable,
        isDirty: leaf.bit(6) || sideEffects && access.isWrite, isGlobal: controls.globalPages && leaf.bit(8)))
  }

  /// SDM Vol. 3, "Page-Fault Exceptions": P, W/R, U/S, RSVD and I/D, this one only with IA32_EFER.NXE.
  private func code(isPresent: Bool, isReserved: Bool) -> UInt32 {
    var code: UInt32 = 0
    if isPresent { code += 1 }
    if access.isWrite { code += 2 }
    if access.isUser { code += 4 }
    if isReserved { code += 8 }
    if access.isFetch && controls.executeDisable { code += 16 }
    return code
  }
}
