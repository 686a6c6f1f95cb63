// RAM that a chipset hides behind ROM, or lets nobody write.
//
// What reads give lies where RAM's bytes lie, at all times: a page whose reads are the ROM's holds the ROM's bytes, and its
// own ones are kept aside (`hidden`). So walks, fetches, host pointers and bus masters read as ever, and only a store must
// ask: no host pointer writes a page that `isSpecial`.

extension PhysicalMemory {
  /// Says what becomes of accesses from C0000h to FFFFFh. What reads find there may change at once, for everybody: it is a
  /// store like another.
  public func setAttributes(_ new: AttributeMap) {
    guard new != attributes else { return }
    let old = attributes
    attributes = new
    for index in 0..<64 {
      let address = AttributeMap.start + UInt64(index) << 12
      guard isRAM(PhysicalAddress(address), bytes: 0x1000) else { continue }
      let bit: UInt64 = 1 << UInt64(index)
      let page = page(of: PhysicalAddress(address))
      page.pointee.isSpecial = new.special & bit != 0
      if page.pointee.isSpecial { dropWriters(page: address) }
      guard (new.readable ^ old.readable) & bit != 0 else { continue }
      let shown: [UInt8]
      if new.readable & bit != 0 {
        shown = hidden[index] ?? []
        hidden[index] = nil
      } else {
        hidden[index] = Array(UnsafeRawBufferPointer(start: base + Int(address), count: 0x1000))
        shown = alias(of: address)
      }
      show(shown, at: address)
    }
  }

  /// A page of the ROM as it is seen below 1 MiB, its last 128 KiB from E0000h on; all ones where there is none.
  private func alias(of address: UInt64) -> [UInt8] {
    guard address >= 0xE_0000, let host = host(PhysicalAddress(0xFFF0_0000 + address), bytes: 0x1000) else {
      return [UInt8](repeating: 0xFF, count: 0x1000)
    }
    return Array(UnsafeRawBufferPointer(start: host, count: 0x1000))
  }

  private func show(_ bytes: [UInt8], at address: UInt64) {
    bytes.withUnsafeBytes { source in
      guard let first = source.baseAddress else { return }
      let count = UInt64(source.count)
      if speculates { willStore(PhysicalAddress(address), bytes: count) }
      (base + Int(address)).copyMemory(from: first, byteCount: source.count)
      stored(PhysicalAddress(address), bytes: count)
    }
  }

  /// Pages as an image has them: their bytes are RAM's already.
  func restoreAttributes(_ map: AttributeMap, hidden pages: [Int: [UInt8]]) {
    attributes = map
    hidden = pages
    for index in 0..<64 {
      let address = PhysicalAddress(AttributeMap.start + UInt64(index) << 12)
      guard isRAM(address, bytes: 0x1000) else { continue }
      page(of: address).pointee.isSpecial = map.special >> UInt64(index) & 1 != 0
    }
  }

  /// Whether bytes of one page are RAM, to be written and read back.
  public func isPlainRAM(_ address: PhysicalAddress, bytes: UInt64) -> Bool {
    isRAM(address, bytes: bytes) && !page(of: address).pointee.isSpecial && !page(of: address).pointee.isDevice
  }

  /// Whether a device answers in place of RAM.
  public func isInWindow(_ address: PhysicalAddress) -> Bool { window?.range.contains(address.value) == true }

  /// Whether bytes may lie where a chipset or a window has a say.
  @inlinable @inline(__always) func mayBeSpecial(_ address: PhysicalAddress, bytes: UInt64) -> Bool {
    address.value < AttributeMap.end && address.value &+ bytes > PhysicalMemory.firstSpecial
  }

  /// Where a device answers in place of RAM.
  public var windowRange: Range<UInt64>? { window?.range }

  /// Where windows may begin: A0000h.
  @usableFromInline static var firstSpecial: UInt64 { 0xA_0000 }

  /// Lets a device answer loads and stores in place of RAM, somewhere from A0000h to BFFFFh, whole pages; nil: RAM does. What
  /// lies in RAM there stays; walks and fetches find it.
  public func setWindow(_ range: Range<UInt64>?, _ device: any MemoryMappedDevice) {
    func mark(_ range: Range<UInt64>, _ isDevice: Bool) {
      for place in stride(from: range.lowerBound, to: range.upperBound, by: 0x1000)
      where (PhysicalMemory.firstSpecial..<AttributeMap.start).contains(place)
        && isRAM(PhysicalAddress(place), bytes: 0x1000)
      {
        page(of: PhysicalAddress(place)).pointee.isDevice = isDevice
      }
    }
    if let window { mark(window.range, false) }
    window = range.map { ($0, device) }
    if let range { mark(range, true) }
    for translation in translations { translation?.takeUnretainedValue().purgeHostPointers() }
  }

  /// Copies bytes out where a window may have a say, page by page.
  func readSpecial(_ address: PhysicalAddress, into target: UnsafeMutableRawBufferPointer) {
    var done = 0
    while done < target.count {
      let place = PhysicalAddress(address.value + UInt64(done))
      let count = min(target.count - done, Int(0x1000 - place.value & 0xFFF))
      let part = UnsafeMutableRawBufferPointer(rebasing: target[done..<done + count])
      done += count
      if let window, window.range.contains(place.value) {
        read(window.device, place, into: part)
      } else {
        readPlain(place, into: part)
      }
    }
  }

  /// Copies bytes in where a chipset or a window has a say, page by page.
  func writeSpecial(_ address: PhysicalAddress, _ source: UnsafeRawBufferPointer) {
    var done = 0
    while done < source.count {
      let place = address.value + UInt64(done)
      let count = min(source.count - done, Int(0x1000 - place & 0xFFF))
      let part = UnsafeRawBufferPointer(rebasing: source[done..<done + count])
      done += count
      if let window, window.range.contains(place) {
        write(window.device, PhysicalAddress(place), part)
        continue
      }
      guard AttributeMap.range.contains(place) else {
        writeRAM(PhysicalAddress(place), part)
        continue
      }
      let index = Int((place - AttributeMap.start) >> 12)
      let bit: UInt64 = 1 << UInt64(index)
      if attributes.special & bit == 0 {
        writeRAM(PhysicalAddress(place), part)
      } else if attributes.writable & bit != 0 {
        let offset = Int(place & 0xFFF)
        hidden[index]?.replaceSubrange(offset..<offset + count, with: part)
      }
    }
  }

  /// Adds what is hidden, and which pages are not simply RAM.
  func hashAttributes(into hasher: inout StateHasher) {
    guard attributes != AttributeMap() else { return }
    hasher.add(attributes.readable)
    hasher.add(attributes.writable)
    for (number, bytes) in hidden.sorted(by: { $0.key < $1.key }) {
      hasher.add(UInt64(number))
      bytes.withUnsafeBytes { hasher.add($0) }
    }
  }
}
