import EPTTLB

// Granules that live mappings came from: marked, so that a store into one makes the mappings suspect, on every processor.

extension PhysicalMemory {
  /// Adds that a processor's mapping came from an entry, and marks the entry's granule. Entries outside RAM do not change.
  func mark(_ address: UInt64, _ meaning: EntryMeaning, processor: Int, slot: Slot, list: inout UInt32) {
    guard isRAM(PhysicalAddress(address), bytes: UInt64(meaning.bytes)) else { return }
    let isNew = structures.add(address, meaning, processor: processor, slot: slot, list: &list) { contents(of: $0) }
    guard isNew else { return }
    let page = page(of: PhysicalAddress(address))
    page.pointee.structureGranules |= 1 << (address >> 6 & 63)
    dropWriters(page: address & ~0xFFF)
  }

  /// Takes a mapping's references away, and the marks that no other mapping needs.
  func unmark(_ list: UInt32) {
    structures.remove(list) { number in
      page(of: PhysicalAddress(number << 6)).pointee.structureGranules &= ~(1 << (number & 63))
    }
  }

  /// Stores have hit marked granules of a page.
  func structuresWritten(page: UInt64, granules: UInt64) {
    var rest = granules
    while rest != 0 {
      let number = page >> 6 | UInt64(rest.trailingZeroBitCount)
      rest &= rest - 1
      let hits = structures.written(number, contents(of: number))
      guard !hits.isEmpty else { continue }
      let (cycle, rip) = storingMoment
      for hit in hits {
        let change = StructureChange(
          writer: writer, cycle: cycle, rip: rip, address: hit.address, old: hit.old, new: hit.new)
        withTranslation(hit.processor) { $0.suspect(hit.slot, change) }
      }
    }
  }

  /// Calls the translations of a processor; no reference is counted.
  private func withTranslation(_ processor: Int, _ body: (Translation) -> Void) {
    guard processor < translations.count else { return }
    translations[processor]?._withUnsafeGuaranteedRef(body)
  }

  /// The translations of a processor.
  func translation(_ processor: Int) -> Translation? {
    guard processor < translations.count else { return nil }
    return translations[processor]?.takeUnretainedValue()
  }

  /// The storing processor's clock and instruction pointer.
  private var storingMoment: (cycle: UInt64, rip: UInt64) {
    guard case .processor(let number) = writer, let translation = translation(number) else { return (0, 0) }
    return translation.storingMoment
  }

  private func contents(of granule: UInt64) -> InlineArray<8, UInt64> {
    let host = base + Int(truncatingIfNeeded: granule << 6)
    return InlineArray { host.load(fromByteOffset: $0 * 8, as: UInt64.self) }
  }

  // MARK: Speculation

  /// Bytes are about to be written: a processor whose policy speculates may just have used what they hold (TLB rule C4).
  /// Writers that store through a pointer of their own call this first.
  public func willStore(_ address: PhysicalAddress, bytes: UInt64) {
    guard speculates, !isSpeculating, isRAM(address, bytes: bytes), bytes > 0 else { return }
    isSpeculating = true
    defer { isSpeculating = false }
    var place = address.value & ~3
    while place < address.value + bytes {
      for reader in tableReaders[place >> 12] ?? [] {
        translation(reader.processor)?.speculate(reader.slot, entry: place & 0xFFF)
      }
      place += 4
    }
  }

  /// A processor has a paging-structure-cache entry that names a table: whole pages of tables are kept from writers, so
  /// that `willStore` sees entries that no mapping has come from.
  func addTable(_ table: UInt64, processor: Int, slot: Slot) {
    guard isRAM(PhysicalAddress(table), bytes: 1) else { return }
    tableReaders[table >> 12, default: []].append(TableReader(processor: processor, slot: slot))
    page(of: PhysicalAddress(table)).pointee.isTable = true
    dropWriters(page: table & ~0xFFF)
  }

  /// The entry has gone.
  func removeTable(_ table: UInt64, processor: Int, slot: Slot) {
    guard isRAM(PhysicalAddress(table), bytes: 1) else { return }
    tableReaders[table >> 12]?.removeAll { $0.processor == processor && $0.slot == slot }
    guard tableReaders[table >> 12]?.isEmpty == true else { return }
    tableReaders[table >> 12] = nil
    page(of: PhysicalAddress(table)).pointee.isTable = false
  }

  /// A processor that has a paging-structure-cache entry.
  struct TableReader {
    var processor: Int
    var slot: Slot
  }

  // MARK: Invariants

  /// What is wrong with the marks, or nil: they are exactly those of the live mappings' sources. For tests.
  public func checkStructureMarks() -> String? {
    var expected: [UInt64: UInt64] = [:]
    var wanted: [MarkOfMapping: Int] = [:]
    for (processor, reference) in translations.enumerated() {
      guard let translation = reference?.takeUnretainedValue() else { continue }
      translation.forEachSource { slot, address in
        guard isRAM(PhysicalAddress(address), bytes: 4) else { return }
        expected[address >> 12, default: 0] |= 1 << (address >> 6 & 63)
        wanted[MarkOfMapping(address: address, processor: processor, slot: slot), default: 0] += 1
      }
    }
    structures.forEach { address, processor, slot in
      wanted[MarkOfMapping(address: address, processor: processor, slot: slot), default: 0] -= 1
    }
    if let wrong = wanted.first(where: { $0.value != 0 }) {
      return "processor \(wrong.key.processor), slot \(wrong.key.slot): \(wrong.value) references too few"
    }
    for number in 0..<Int(highEnd >> 12) where pages[number].structureGranules != expected[UInt64(number), default: 0] {
      return "page \(number) has wrong marks"
    }
    return nil
  }

  private struct MarkOfMapping: Hashable {
    var address: UInt64
    var processor: Int
    var slot: Slot
  }
}
